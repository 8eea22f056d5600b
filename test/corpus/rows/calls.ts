import { SYSTEM_PROGRAM } from '../../../policy/programs/addresses.ts';
import { buildMessage, bytesOf, littleEndian } from '../../policy/messages.ts';
import type { Draft } from '../world.ts';
import {
  AGENT,
  both,
  call,
  FRIEND,
  HASHES,
  hex,
  NONCE,
  OTHER,
  ours,
  pay,
  payToken,
  SHOP,
  SWAP,
  system,
  TABLE,
  them,
  us,
} from '../world.ts';
import type { Row } from './row.ts';
import { group } from './row.ts';

const swapData = (amount: bigint, slippage = 50, rest = bytesOf(0, 0, 0, 0, 0, 0)) =>
  bytesOf(hex('0badc0de'), amount, rest, littleEndian(BigInt(slippage), 2));
const swapAccounts = [AGENT, us.usdc, us.euro, FRIEND];
const swap = (amount: bigint, slippage?: number, accounts = swapAccounts) =>
  call(SWAP, accounts, swapData(amount, slippage));
const NO_CALL = 'deny call-not-allowed';

const calls: readonly Row[] = [
  ['a swap', 'its amount is charged', 'swap', ours(swap(500n)), 'allow'],
  ['a swap over the limit', 'charged like a payment', 'swap', ours(swap(501n)), 'deny per-transaction-exceeded'],
  [
    'a swap and a payment',
    'their sum counts',
    'swap',
    ours(swap(300n), payToken(SHOP, 201n)),
    'deny per-transaction-exceeded',
  ],
  [
    'the window',
    'swaps fill it too',
    'swap',
    ours(swap(500n)),
    'deny window-exceeded',
    { spent: [{ asset: 'USDC', amount: '501', at: '2026-11-20T11:00:00Z' }] },
  ],
  ['a swap of nothing', 'under the field’s minimum', 'swap', ours(swap(0n)), NO_CALL],
  ['more slippage', 'over the field’s maximum', 'swap', ours(swap(5n, 51)), NO_CALL],
  ['ten thousand basis points', 'everything may be lost', 'swap', ours(swap(5n, 10_000)), NO_CALL],
  [
    'bytes behind the data',
    'a program that ignores them would read other numbers than we',
    'swap',
    ours(call(SWAP, swapAccounts, swapData(400n), swapData(1n))),
    NO_CALL,
  ],
  [
    'data cut short',
    'the fields are not there',
    'swap',
    ours(call(SWAP, swapAccounts, hex('0badc0de'))),
    `${NO_CALL} call-not-allowed call-not-allowed`,
  ],
  [
    'another discriminator',
    'an instruction the policy does not describe',
    'swap',
    ours(call(SWAP, swapAccounts, hex('deadbeef'), 5n)),
    NO_CALL,
  ],
  [
    'the output to somebody else',
    'index 2 is not our account',
    'swap',
    ours(swap(5n, 50, [AGENT, us.usdc, them.euro, FRIEND])),
    NO_CALL,
  ],
  [
    'the input from the wrong account',
    'index 1 is our account for another mint',
    'swap',
    ours(swap(5n, 50, [AGENT, us.euro, us.euro, FRIEND])),
    NO_CALL,
  ],
  [
    'one of ours where none may be',
    'index 3 must not be ours',
    'swap',
    ours(swap(5n, 50, [AGENT, us.usdc, us.euro, us.wrapped])),
    NO_CALL,
  ],
  ['one of ours behind', 'others: notOurs', 'swap', ours(swap(5n, 50, [...swapAccounts, us.wrapped])), NO_CALL],
  [
    'one of ours again behind',
    'it has that account already',
    'swap',
    ours(swap(5n, 50, [...swapAccounts, us.usdc, AGENT])),
    'allow',
  ],
  ['too few accounts', 'index 3 is missing', 'swap', ours(swap(5n, 50, [AGENT, us.usdc, us.euro])), NO_CALL],
  [
    'another signer’s swap',
    'not the agent at index 0',
    'swap',
    both(swap(5n, 50, [OTHER, them.usdc, them.euro, FRIEND])),
    `${NO_CALL} call-not-allowed call-not-allowed`,
  ],
  ['a constant charge', 'a thousand lamports each time', 'swap', ours(call(SWAP, [], 1)), 'allow'],
  ['a constant charge, with the agent', 'it may not have our signature', 'swap', ours(call(SWAP, [AGENT], 1)), NO_CALL],
  ['the same call without the policy', 'nobody describes it', 'open', ours(swap(5n)), 'deny program-unknown'],
];

const advance = system([NONCE, HASHES, AGENT], 4);
const durable: readonly Row[] = [
  ['the pinned nonce', 'within its budget', 'nonce', ours(advance, pay(SHOP, 995_000n)), 'allow'],
  [
    'the pinned nonce, over its budget',
    'fee included, one lamport more',
    'nonce',
    ours(advance, pay(SHOP, 995_001n)),
    'deny nonce-budget-exceeded',
  ],
  [
    'tokens by the pinned nonce',
    'USDC has no budget there',
    'nonce',
    ours(advance, payToken(SHOP, 1n)),
    'deny nonce-budget-exceeded',
  ],
  [
    'another nonce',
    'not the one the owner keeps',
    'nonce',
    ours(system([FRIEND, HASHES, AGENT], 4), pay(SHOP, 1n)),
    'deny nonce-not-allowed',
  ],
  [
    'another authority',
    'somebody else decides when it lands',
    'nonce',
    both(system([NONCE, HASHES, OTHER], 4), pay(SHOP, 1n)),
    'deny nonce-not-allowed',
  ],
  [
    'the budget is held back',
    'a window keeps room for a transaction that is still out',
    'nonce',
    ours(pay(SHOP, 1n)),
    'deny window-exceeded',
    { spent: [{ asset: 'SOL', amount: '8995000', at: '2026-11-20T11:00:00Z' }] },
  ],
  [
    'nonces are denied',
    'the policy does not say otherwise',
    'open',
    ours(advance, pay(SHOP, 1n)),
    'deny nonce-not-allowed',
  ],
  [
    'an advance at the end',
    'it makes nothing durable, and is held to the same',
    'open',
    ours(pay(SHOP, 1n), advance),
    'deny nonce-not-allowed',
  ],
];

const keys = buildMessage([AGENT], [{ program: SYSTEM_PROGRAM, accounts: [AGENT], data: bytesOf(2, 0, 0, 0, 5n) }], 0);
/** A transfer whose recipient stands at a place of a lookup table. */
const looked = (place: number, table = TABLE): Draft['what'] => ({
  ...keys,
  instructions: [{ program: 1, accounts: Uint8Array.of(0, 2), data: bytesOf(2, 0, 0, 0, 5n) }],
  lookups: [{ table, writable: Uint8Array.of(place), readonly: Uint8Array.of() }],
});
const tables: readonly Row[] = [
  ['a pinned table', 'place 1 is the shop', 'nonce', looked(1), 'allow'],
  [
    'a pinned table, another place',
    'place 0 is nobody the policy knows',
    'nonce',
    looked(0),
    'deny recipient-not-allowed',
  ],
  [
    'beyond what is pinned',
    'the table may be longer on chain; nobody can say what is there',
    'nonce',
    looked(2),
    'deny lookup-table-unpinned',
  ],
  ['a table nobody pinned', 'the host’s word is not enough', 'nonce', looked(1, FRIEND), 'deny lookup-table-unpinned'],
  ['tables are denied', 'the policy pins none', 'open', looked(1), 'deny lookup-table-unpinned'],
];

export const callRows: readonly Draft[] = [
  ...group('calls', calls),
  ...group('nonce', durable),
  ...group('tables', tables),
];
