/** Statements and effects in plain words. */

import type { Statement } from '../../enclave/link/schema/statement.ts';
import { showAmount } from '../../policy/approvals.ts';
import { assetName } from '../../policy/json.ts';
import { pubkeyFromBytes, pubkeyToBase58 } from '../../policy/keys.ts';
import type { Policy } from '../../policy/policy.ts';
import type { AssetId } from '../../policy/types.ts';
import { formatTime } from '../cli/text.ts';
import { readAmounts } from '../renewer/facts.ts';

export function toAddress(key: Uint8Array): string {
  return pubkeyToBase58(pubkeyFromBytes(key));
}

/** `1.5 SOL (1500000000), 3 USDC (3000000)`; `nothing` for none. Names and decimals are the policy's. */
export function showAmounts(policy: Policy, amounts: Readonly<Record<string, bigint>>): string {
  const shown = Object.entries(amounts)
    .filter(([, amount]) => amount > 0n)
    .map(([asset, amount]) => showAmount(policy, assetName(policy, asset as AssetId), String(amount)));
  return shown.length === 0 ? 'nothing' : shown.join(', ');
}

/** What the lease in force still lets the wallet spend. Nothing once it has ended. */
export function leftOfLease(statement: Statement, now: number): Record<string, bigint> {
  if (Number(statement.until) <= now || statement.closed) return {};
  const spent = readAmounts(statement.spentInBoot);
  const left = Object.entries(readAmounts(statement.ceiling)).map(([asset, ceiling]) => [
    asset,
    ceiling - (spent[asset as AssetId] ?? 0n),
  ]);
  return Object.fromEntries(left.filter(([, amount]) => (amount as bigint) > 0n)) as Record<string, bigint>;
}

/** "At most X until T": what a pause that could not be confirmed leaves open. */
export function showExposure(policy: Policy | null, amounts: Readonly<Record<string, bigint>>, until: number): string {
  const all = Object.entries(amounts).filter(([, amount]) => amount > 0n);
  if (all.length === 0) return 'nothing can be spent: no lease is running';
  const shown =
    policy === null ? all.map(([asset, amount]) => `${amount} of ${asset}`).join(', ') : showAmounts(policy, amounts);
  return `at most ${shown} until ${formatTime(until)}`;
}
