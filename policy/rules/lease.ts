/** No lease, no signature. */

import { leftOfCeiling } from '../lease.ts';
import { latestOf } from '../ledger.ts';
import type { Violation } from '../types.ts';
import type { Facts } from './facts.ts';
import { nameOf, violate } from './facts.ts';

/** Holds for everything, approved or not. A lease of another policy is none. */
export function judgeLease({ policy, lease, ledger, now }: Facts): Violation[] {
  if (lease === null || lease.policyHash !== policy.hash) return [violate('lease-missing', {})];
  return latestOf(ledger, now) >= lease.until ? [violate('lease-ended', {})] : [];
}

/** What an approval allows is not charged, so the ceiling does not hold for it. */
export function judgeCeiling({ policy, lease, charges }: Facts): Violation[] {
  if (lease === null || lease.policyHash !== policy.hash) return [];
  return charges.flatMap(({ asset, amount }) => {
    const remaining = leftOfCeiling(lease, asset);
    // Without a budget the asset is refused already.
    if (amount <= remaining || !policy.assets.has(asset)) return [];
    const limit = lease.ceiling[asset] ?? 0n;
    return [violate('ceiling-exceeded', { asset: nameOf(policy, asset), limit, observed: amount, remaining })];
  });
}
