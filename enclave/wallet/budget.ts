/** A wallet's budgets in the wire's form, cut to what fits a frame. */

import { readBudget } from '../../policy/budget.ts';
import { budgetToJson } from '../../policy/json.ts';
import type { Millis } from '../../policy/types.ts';
import { ASSET_BUDGET_BYTES, BUDGET_BYTES } from '../limits.ts';
import type { Cbor } from '../link/cbor.ts';
import { measureCbor } from '../link/cbor.ts';
import type { Budget } from '../link/schema/results.ts';
import type { Wallet } from './state.ts';

/** Budgets of the assets `wanted` names, in the policy's order, as many as fit; `more` when some did not. */
export function describeBudget(
  wallet: Wallet,
  now: Millis,
  wanted: (asset: string) => boolean,
): { budget: Budget; more: boolean } {
  const { policy, ledger, lease } = wallet;
  const { assets: named, leaseEndsAt } = budgetToJson(readBudget(policy, ledger, lease, now, wanted)) as Budget;
  const assets = takeFitting(named, BUDGET_BYTES, ASSET_BUDGET_BYTES);
  return { budget: { assets, leaseEndsAt }, more: assets.length < named.length };
}

/** The first items of a list whose CBOR fits `room` bytes together; `most` is the length none exceeds, where it is known. */
export function takeFitting<Item>(items: readonly Item[], room: number, most = Number.POSITIVE_INFINITY): Item[] {
  if (items.length * most <= room) return [...items];
  const taken: Item[] = [];
  let left = room;
  for (const item of items) {
    left -= measureCbor(item as Cbor);
    if (left < 0) break;
    taken.push(item);
  }
  return taken;
}
