/** The policies of the corpus: the published examples, and small ones that each show one thing. */
import { readFileSync } from 'node:fs';
import { callable } from '../../policy/callable.ts';
import { pubkeyToBase58 as address } from '../../policy/keys.ts';
import { EURO, FRIEND, LOADED, MULTISIG, NONCE, SHOP, STAFF, SWAP, TABLE, USDC, VOTE } from './world.ts';

type Document = Readonly<Record<string, unknown>>;

const day = (max: string) => [{ seconds: 86_400, max }];

/** Names no instruction but a plain transfer. */
const bare: Document = {
  format: 'reeve/policy/v1',
  assets: {
    SOL: { perTransaction: '5000000', windows: day('10000000') },
    USDC: { mint: address(USDC), tokenProgram: 'token', decimals: 6, perTransaction: '500', windows: day('1000') },
    EURO: { mint: address(EURO), tokenProgram: 'token-2022', decimals: 2, perTransaction: '500', windows: day('1000') },
    signatures: { windows: day('100') },
  },
  recipients: [{ name: 'shops', owners: [address(SHOP)] }],
  programs: { system: ['transfer'] },
  fees: { perTransaction: '50000', rentPerTransaction: '4200000', rentPerByte: '6960' },
  lease: { maxSeconds: 3600 },
};

/** Names every instruction that is decoded, and allows no effect that gives something away. */
const open: Document = { ...bare, programs: callable, memo: { maxBytes: 64 } };

/** As many bytes of memo as a policy can allow. */
const wordy: Document = { ...open, memo: { maxBytes: 1_024 } };

/** Allows the effects a policy can allow. */
const rights: Document = {
  ...open,
  effects: {
    close: 'self',
    revoke: true,
    syncNative: true,
    delegate: { USDC: [address(FRIEND)], EURO: [address(FRIEND)] },
    burn: ['USDC', 'EURO'],
    stake: { delegate: [address(VOTE)], deactivate: true, split: true, merge: true, move: true },
  },
};

/** One pinned nonce, one pinned table. */
const nonce: Document = {
  ...open,
  lookupTables: { [address(TABLE)]: [address(LOADED), address(SHOP)] },
  durableNonce: { account: address(NONCE), assets: { SOL: '1000000' } },
};

const vault = {
  multisig: address(MULTISIG),
  index: 0,
  members: 2,
  limits: [
    { createKey: address(STAFF), asset: 'SOL' },
    { createKey: address(FRIEND), asset: 'USDC' },
  ],
};
const rent = { fees: { perTransaction: '50000', rentPerTransaction: '8000000', rentPerByte: '6960' } };

/** A vault to draw on and to propose for, without a vote of its own. */
const squads: Document = {
  ...open,
  ...rent,
  vaults: [{ ...vault, propose: { assets: { SOL: '7000000', USDC: '900' }, recipients: ['shops'] } }],
};

/** The same with a vote. */
const voting: Document = {
  ...open,
  ...rent,
  vaults: [{ ...vault, propose: { assets: { SOL: '7000000', USDC: '900' }, recipients: ['shops'], approve: true } }],
};

/** A swap that takes USDC and gives EURO: amount and least return stand behind the discriminator. */
const swap: Document = {
  ...open,
  programs: {
    ...callable,
    [address(SWAP)]: {
      calls: [
        {
          name: 'swap',
          discriminator: '0badc0de',
          bytes: 20,
          fields: [
            { name: 'amount', offset: 4, type: 'u64', min: '1' },
            { name: 'slippage', offset: -2, type: 'u16', max: '50' },
          ],
          accounts: [
            { index: 0, is: 'agent' },
            { index: 1, is: 'ownToken(USDC)' },
            { index: 2, is: 'ownToken(EURO)' },
            { index: 3, is: 'notOurs' },
          ],
          others: 'notOurs',
          charges: [{ asset: 'USDC', field: 'amount' }],
        },
        {
          name: 'poke',
          discriminator: '01',
          bytes: 1,
          accounts: [],
          others: 'notOurs',
          charges: [{ asset: 'SOL', amount: '1000' }],
        },
      ],
    },
  },
};

/** The owner is asked about much. */
const asking: Document = {
  ...open,
  assets: {
    ...(open['assets'] as Document),
    SOL: { perTransaction: '5000000', windows: day('10000000'), approvalAbove: '1000000' },
  },
  recipients: [
    { name: 'shops', owners: [address(SHOP)] },
    { name: 'staff', owners: [address(STAFF)], approval: true },
  ],
  approvals: { lifts: ['approvalAbove', 'perTransaction', 'window', 'recipient', 'program'], programs: ['stake'] },
};

/** Only on weekdays in the morning, and never after the year's end. */
const hours: Document = {
  ...open,
  schedule: {
    hours: [8, 12],
    days: ['mon', 'tue', 'wed', 'thu', 'fri'],
    notBefore: '2026-06-01T00:00:00Z',
    notAfter: '2026-12-31T00:00:00Z',
  },
};

/** Anybody may be paid a little, each by himself. */
const anybody: Document = {
  ...open,
  recipients: [{ name: 'all', owners: 'any', assets: { USDC: { windows: day('50'), per: 'recipient' }, SOL: {} } }],
};

const example = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`../../policy/examples/${name}.json`, import.meta.url), 'utf8')) as Document;

export const policies: Readonly<Record<string, Document>> = {
  payments: example('payments'),
  trader: example('trader'),
  treasury: example('treasury'),
  bare,
  open,
  wordy,
  rights,
  nonce,
  squads,
  voting,
  swap,
  asking,
  hours,
  anybody,
};
