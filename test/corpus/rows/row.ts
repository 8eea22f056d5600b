/** The form of a row, and small things that many rows are made of. */
import { ASSOCIATED_TOKEN_PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../../policy/programs/addresses.ts';
import type { Pubkey } from '../../../policy/types.ts';
import type { Draft } from '../world.ts';
import { AGENT, ata, call, USDC } from '../world.ts';

/** `more` names owners, another time than noon, or what was spent before. */
export type Row = readonly [
  name: string,
  why: string,
  policy: string,
  what: Draft['what'],
  expect: string,
  more?: Partial<Draft>,
];

export const group = (title: string, rows: readonly Row[]): Draft[] =>
  rows.map(([name, why, policy, what, expect, more]) => ({
    name: `${title}: ${name}`,
    why,
    policy,
    what,
    expect,
    ...more,
  }));

export const token = (accounts: readonly Pubkey[], ...data: (number | bigint | Uint8Array)[]) =>
  call(TOKEN_PROGRAM, accounts, ...data);

/** A token account for somebody, at the derived address unless the row wants another. */
export const openFor = (owner: Pubkey, mint = USDC, account = ata(owner, mint), payer = AGENT) =>
  call(ASSOCIATED_TOKEN_PROGRAM, [payer, account, owner, mint, SYSTEM_PROGRAM, TOKEN_PROGRAM], 1);

export const spentBefore = (asset: string, amount: string, at = '2026-11-20T09:00:00Z') => ({
  spent: [{ asset, amount, at }],
});
