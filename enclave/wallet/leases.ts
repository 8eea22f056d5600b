/** Leases between the wire and the engine, and taking one. */

import type { Lease, UnseenCharge } from '../../policy/lease.ts';
import { endLease, takeLease } from '../../policy/lease.ts';
import { enterUnseen } from '../../policy/ledger.ts';
import type { Policy } from '../../policy/policy.ts';
import type { AssetId, Hash, Millis } from '../../policy/types.ts';
import { ReeveError } from '../link/errors.ts';
import type { WireLease } from '../link/schema/lease.ts';
import { mapAmounts } from './amounts.ts';
import { isEnded } from './phases.ts';
import type { Wallet } from './state.ts';

/** Times over this are not times: milliseconds, the largest JavaScript date. */
const LATEST_MS = 8_640_000_000_000_000n;

export function readCharges(lease: WireLease): UnseenCharge[] {
  return lease.charges.map(({ asset, amount, until }) => ({ asset: asset as AssetId, amount, until: toMillis(until) }));
}

/** Milliseconds as a number; what lies beyond all dates becomes the last one. */
export function toMillis(time: bigint): Millis {
  return Number(time < LATEST_MS ? time : LATEST_MS) as Millis;
}

/**
 * Checks a lease for this wallet under `policy` (which may be about to be set) and returns the step that takes it. Throws `lease-refused`
 * with the engine's code; nothing is changed before the step is called.
 */
export function prepareLease(wallet: Wallet, boot: Hash, wire: WireLease, policy: Policy, now: Millis): () => void {
  const lease: Lease = {
    wallet: wallet.name,
    number: wire.number,
    boot,
    policyHash: Buffer.from(wire.policyHash).toString('hex') as Hash,
    ceiling: mapAmounts(wire.ceiling),
    charges: readCharges(wire),
    until: toMillis(wire.until),
  };
  const taken = takeLease(wallet.lease, lease, { wallet: wallet.name, boot, policy, closed: isEnded(wallet), now });
  if (!taken.ok) throw new ReeveError('lease-refused', { reason: taken.refusal.code });
  const { state, charges } = taken.value;
  return () => {
    // A cooldown starts anew with a boot's first lease.
    if (wallet.lease === null) wallet.lastSignedAt = now;
    enterUnseen(wallet.ledger, policy, charges, now);
    wallet.lease = state;
  };
}

/** The present lease ends with the policy it was given for. What the boot spent stays. */
export function withdrawLease(wallet: Wallet): void {
  if (wallet.lease !== null) wallet.lease = endLease(wallet.lease);
}
