/** What both games hold signatures and leases against, from plain records: budgets in every window, and what a new boot has to be charged. */

import type { Amounts } from '../../../policy/lease.ts';
import { amountOf } from '../../../policy/lease.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { AssetId, Hash } from '../../../policy/types.ts';

export interface Spending {
  readonly at: number;
  readonly asset: AssetId;
  readonly amount: bigint;
  /** Which of the policies, in the order in which the owner set them, it was signed under. */
  readonly era: number;
}

/**
 * An overspent window that ends with the last of `spendings`, in words, or null. Of the policies' windows those count in which the policy was the
 * newest that anything was signed under: where a later one signed, that one's windows do, and it is not its doing what earlier ones allowed.
 */
export function findOverspent(policies: readonly Policy[], spendings: readonly Spending[]): string | null {
  const last = spendings.at(-1);
  if (last === undefined) return null;
  for (const [era, { assets }] of policies.entries()) {
    for (const { seconds, max } of assets.get(last.asset)?.windows ?? []) {
      const { sum, newest } = sumWindow(spendings, last, seconds);
      if (newest === era && sum > max)
        return `${sum} of ${last.asset.slice(0, 10)} within ${seconds} s, ${max} at most`;
    }
  }
  return null;
}

function sumWindow(spendings: readonly Spending[], last: Spending, seconds: number): { sum: bigint; newest: number } {
  let sum = 0n;
  let newest = -1;
  for (const { at, asset, amount, era } of spendings) {
    if (asset !== last.asset || at <= last.at - seconds * 1_000) continue;
    sum += amount;
    if (era > newest) newest = era;
  }
  return { sum, newest };
}

/** A receipt as far as leases go. */
export interface Shown {
  readonly boot: Hash;
  readonly kind: 'lease' | 'spend' | 'close' | 'other';
  /** What a `spend` charged. */
  readonly charges: Amounts;
}

/** All leases issued so far, in their order; `ceiling` counts over the boot. */
export type Issues = readonly { readonly boot: Hash; readonly ceiling: Amounts }[];

/** What earlier boots may have spent of an asset that a chain does not show: all they were allowed, but for what it shows, and nothing after a close. */
export function sumUnseen(issues: Issues, chain: readonly Shown[], asset: AssetId): bigint {
  const last = chain.findLast(({ kind }) => kind === 'lease')?.boot;
  const boots = [...new Set(issues.map(({ boot }) => boot))];
  let sum = 0n;
  // Of boots leased before the chain's last one it carries the charges.
  for (const boot of boots.slice(Math.max(0, boots.indexOf(last as Hash)))) {
    const own = chain.filter((receipt) => boot === last && receipt.boot === boot);
    if (own.some(({ kind }) => kind === 'close')) continue;
    sum += issues.reduce(
      (most, issue) => (issue.boot === boot ? maximum(most, amountOf(issue.ceiling, asset)) : most),
      0n,
    );
    sum -= own.reduce((shown, { charges }) => shown + amountOf(charges, asset), 0n);
  }
  return sum;
}

function maximum(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
