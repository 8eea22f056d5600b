/** Policies that allow as much as a policy can, for the accounts of the hostile world. */

import { callable } from '../../policy/callable.ts';
import { pubkeyToBase58 } from '../../policy/keys.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Pubkey } from '../../policy/types.ts';
import { agent, other, stranger } from './chain.ts';
import { TABLE, tableContents } from './hostile-rest.ts';
import { euro, MULTISIG, nonce, usdc, vault } from './hostile-world.ts';
import type { Draft } from './policies.ts';
import { compile } from './policies.ts';

const PLENTY = '1000000000000000';
const windows = [{ seconds: 86_400, max: PLENTY }];
const text = (key: Pubkey) => pubkeyToBase58(key);

const assets = {
  SOL: { windows },
  USDC: { mint: text(usdc), tokenProgram: 'token', decimals: 6, windows },
  EURO: { mint: text(euro), tokenProgram: 'token-2022', decimals: 2, extensions: ['transferFeeConfig'], windows },
};

/** Everything by name, to anybody, with every effect that a policy can allow. */
const everything: Draft = {
  format: 'reeve/policy/v1',
  assets,
  // Listed owners' token accounts are derived once, those of named ones for each request.
  recipients: [
    { name: 'known', owners: [agent, other, stranger, vault].map(text) },
    { name: 'anybody', owners: 'any' },
  ],
  programs: Object.fromEntries(Object.entries(callable).map(([program, names]) => [program, [...names]])),
  memo: { maxBytes: 1_000 },
  fees: { perTransaction: '100000000', rentPerTransaction: '10000000000', rentPerByte: '6960' },
  effects: {
    close: 'self',
    revoke: true,
    syncNative: true,
    burn: Object.keys(assets),
    delegate: Object.fromEntries(Object.keys(assets).map((name) => [name, [text(other)]])),
    stake: { delegate: [text(other)], deactivate: true, split: true, merge: true, move: true },
  },
  lookupTables: { [text(TABLE)]: tableContents.map(text) },
  durableNonce: {
    account: text(nonce),
    assets: Object.fromEntries(Object.keys(assets).map((name) => [name, '2000000000'])),
  },
  vaults: [{ multisig: text(MULTISIG), index: 0, members: 2 }],
  lease: { maxSeconds: 3_600, slice: Object.fromEntries(Object.keys(assets).map((name) => [name, '900000000000000'])) },
};
/** The same without any effect that no budget bounds. */
const { effects: _, ...payments } = everything;

export const policies = { broad: compile(everything), plain: compile(payments) } satisfies Record<string, Policy>;
