/** What stands behind a call of a program that is not decoded, and what a message carries besides its instructions. */
import type { Call } from '../../policy/messages.ts';
import { buildMessage, bytesOf } from '../../policy/messages.ts';
import { payFrom, propose } from '../squads-calls.ts';
import type { Draft } from '../world.ts';
import {
  AGENT,
  call,
  hex,
  LOADED,
  MULTISIG,
  ours,
  pay,
  payToken,
  SHOP,
  STRANGER,
  SWAP,
  TABLE,
  units,
  us,
  VAULT,
} from '../world.ts';
import type { Row } from './row.ts';
import { group } from './row.ts';

const dataOf = (amount: bigint) => bytesOf(hex('0badc0de'), amount, 0n);
const swap = (amount: bigint) => call(SWAP, [AGENT, us.usdc, us.euro, STRANGER], dataOf(amount));
const swapOf = (...accounts: Call['accounts']) => ours(call(SWAP, accounts, dataOf(5n)));
const opaque: readonly Row[] = [
  [
    'our account for the output as the pool',
    'index 3 must not be ours',
    'swap',
    swapOf(AGENT, us.usdc, us.euro, us.euro),
    'deny call-not-allowed',
  ],
  [
    'the agent as the pool',
    'index 3 must not be ours',
    'swap',
    swapOf(AGENT, us.usdc, us.euro, AGENT),
    'deny call-not-allowed',
  ],
  [
    'the input emptied before the swap',
    'a payment and a swap are one sum',
    'swap',
    ours(payToken(SHOP, 496n), swap(5n)),
    'deny per-transaction-exceeded',
  ],
  ['twice the same call', 'each is charged', 'swap', ours(swap(250n), swap(250n)), 'allow'],
  [
    'the same call until it is too much',
    'their sum counts',
    'swap',
    ours(swap(251n), swap(250n)),
    'deny per-transaction-exceeded',
  ],
  [
    'inside a proposal',
    'the vault may not call it',
    'squads',
    ours(...propose({ multisig: MULTISIG }, [payFrom(VAULT, SHOP, 5n), call(SWAP, [VAULT], 1)])),
    'deny program-unknown',
  ],
];

/** `keys` with what a table adds: the shop stands at its place 1. */
const paying = buildMessage([AGENT], [pay(SHOP, 5n)], 0);
const adding = (...places: readonly number[]): Draft['what'] => ({
  ...paying,
  lookups: [{ table: TABLE, writable: Uint8Array.from(places), readonly: new Uint8Array(0) }],
});
const carried: readonly Row[] = [
  ['a table adds a key that is there', 'an account in two roles', 'nonce', adding(1), 'deny duplicate-key'],
  ['a table adds one key twice', 'an account in two roles', 'nonce', adding(0, 0), 'deny duplicate-key'],
  ['a table adds a key nobody uses', 'it is loaded, and that is all', 'nonce', adding(0), 'allow'],
  [
    'the key itself instead of the table’s',
    'a pinned address is no recipient',
    'nonce',
    ours(pay(LOADED, 5n)),
    'deny recipient-not-allowed',
  ],
  [
    'a small limit in version 1',
    'the header’s fee counts, not what the instructions say',
    'open',
    { ...ours(units(1), pay(SHOP, 5n)), version: 1, config: { priorityFee: 45_001n } },
    'deny fee-exceeded',
  ],
];

export const carriedRows: readonly Draft[] = [...group('behind a call', opaque), ...group('carried', carried)];
