/** Transactions that do not expire: only with the pinned nonce, and each within the budget that every window keeps free for it. */
import { pubkeyToBase58 } from '../keys.ts';
import type { Violation } from '../types.ts';
import type { Facts } from './facts.ts';
import { nameOf, pathOf, violate } from './facts.ts';

/** An advance that is not the first instruction makes nothing durable, but is held to the same. */
export function judgeNonce(facts: Facts): Violation[] {
  const { effects, policy, agent } = facts;
  const durable = new Set<number>();
  const violations: Violation[] = [];
  for (const effect of effects) {
    if (effect.kind !== 'nonce' || effect.action !== 'advance') continue;
    durable.add(effect.transaction);
    const { nonce } = policy;
    if (nonce?.account === effect.account && (nonce.authority ?? agent) === effect.authority) continue;
    const detail =
      nonce === null ? 'the policy allows no durable nonce' : `nonce account ${pubkeyToBase58(effect.account)}`;
    violations.push(violate('nonce-not-allowed', { path: pathOf(effect), detail }));
  }
  return [...violations, ...[...durable].flatMap((transaction) => judgeBudget(facts, transaction))];
}

function judgeBudget({ policy, costs }: Facts, transaction: number): Violation[] {
  const { nonce } = policy;
  if (nonce === null) return [];
  return [...(costs.get(transaction) ?? [])].flatMap(([asset, observed]) => {
    const limit = nonce.budgets.get(asset) ?? 0n;
    if (observed <= limit) return [];
    const path = `transactions[${transaction}]`;
    return [
      violate('nonce-budget-exceeded', { asset: nameOf(policy, asset), limit, observed, remaining: limit, path }),
    ];
  });
}
