/** What every rule looks at: the request's effects, sums made once, and what the wallet knows. */

import type { PolicyCodeName } from '../codes.ts';
import { policyCodes } from '../codes.ts';
import type { CalledInstruction } from '../effects.ts';
import type { EffectJson } from '../json.ts';
import type { LeaseState } from '../lease.ts';
import type { Entry, Ledger } from '../ledger.ts';
import type { Asset, Group, Policy } from '../policy.ts';
import type { AssetId, Charge, Effect, Millis, Pubkey, Violation } from '../types.ts';
import type { JudgedCall } from './calls.ts';

export type Transfer = Extract<Effect, { kind: 'transfer' }>;
export type Rent = Extract<Effect, { kind: 'rent' }>;
export type Fee = Extract<Effect, { kind: 'fee' }>;

/** What is paid to somebody: out of our accounts, or out of a vault on the strength of a spending limit. */
export type Payment = Pick<Transfer, 'transaction' | 'instruction' | 'asset' | 'amount' | 'destination' | 'recipient'>;

/** A payment with the group that decides for its recipient, null when none does. */
export interface GroupedTransfer {
  readonly transfer: Payment;
  readonly group: Group | null;
}

/** What is given away without a recipient: burned, delegated, or at the disposal of a program that is not decoded. */
export type Spending = Pick<Payment, 'transaction' | 'instruction' | 'asset' | 'amount'>;

export interface Facts {
  readonly policy: Policy;
  readonly agent: Pubkey;
  readonly transactions: number;
  readonly effects: readonly Effect[];
  /** The same as they are shown, null when they are more than can be. */
  readonly shown: readonly EffectJson[] | null;
  readonly refusals: readonly Violation[];
  readonly programs: readonly CalledInstruction[];
  readonly transfers: readonly GroupedTransfer[];
  readonly spendings: readonly Spending[];
  /** Calls of programs that are not decoded, held against the policy's descriptions. */
  readonly calls: readonly JudgedCall[];
  readonly rents: readonly Rent[];
  readonly fees: readonly Fee[];
  /** What each transaction costs in all, fees and rent included. */
  readonly costs: ReadonlyMap<number, ReadonlyMap<AssetId, bigint>>;
  /** Sums per asset over all transactions: payments, spendings, fees, rent, signatures. */
  readonly charges: readonly Charge[];
  /** The same on every budget line. */
  readonly entries: readonly Entry[];
  readonly ledger: Ledger;
  readonly lease: LeaseState | null;
  readonly now: Millis;
  readonly lastSignedAt: Millis | null;
}

/** A rule says what it finds wrong; it never decides. */
export type Rule = (facts: Facts) => Violation[];

export function violate(
  code: PolicyCodeName,
  fields: Omit<Violation, 'code' | 'detail'> & { readonly detail?: string },
): Violation {
  return { code, ...fields, detail: fields.detail ?? policyCodes[code].text };
}

export function pathOf({
  transaction,
  instruction,
}: {
  readonly transaction: number;
  readonly instruction: number;
}): string {
  return instruction < 0 ? `transactions[${transaction}]` : `transactions[${transaction}].instructions[${instruction}]`;
}

/** The name people know an asset by. */
export function nameOf(policy: Policy, asset: AssetId): string {
  return (policy.assets.get(asset) as Asset | undefined)?.name ?? asset;
}

/** Sums by a key, in order of first appearance. */
export function sumBy<Item>(
  items: readonly Item[],
  key: (item: Item) => string,
  amount: (item: Item) => bigint,
): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const item of items) sums.set(key(item), (sums.get(key(item)) ?? 0n) + amount(item));
  return sums;
}
