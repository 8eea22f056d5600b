/** Mints that are not what they seem, and what a transaction costs besides what it pays. */
import {
  COMPUTE_BUDGET_PROGRAM,
  ED25519_PROGRAM,
  NATIVE_MINT,
  TOKEN_2022_PROGRAM,
} from '../../../policy/programs/addresses.ts';
import type { Call } from '../../policy/messages.ts';
import type { Draft } from '../world.ts';
import {
  AGENT,
  ata,
  both,
  call,
  FAKE_USDC,
  FRIEND,
  OTHER,
  ours,
  pay,
  payToken,
  price,
  SHOP,
  STRANGER,
  sponsored,
  USDC,
  u32,
  units,
  us,
} from '../world.ts';
import type { Row } from './row.ts';
import { group, openFor, token } from './row.ts';

const many = (count: number, one: Call) => Array.from({ length: count }, () => one);
const wrapped = ata(AGENT, NATIVE_MINT);

const mints: readonly Row[] = [
  [
    'a mint nobody pinned',
    'named like USDC is not USDC',
    'open',
    ours(payToken(SHOP, 5n, 6, FAKE_USDC)),
    'deny asset-not-allowed',
  ],
  [
    'other decimals than pinned',
    'the chain would refuse it, we do first',
    'open',
    ours(payToken(SHOP, 5n, 9)),
    'deny mint-mismatch',
  ],
  [
    'the mint under the other program',
    'USDC is no Token-2022 mint',
    'open',
    ours(call(TOKEN_2022_PROGRAM, [us.usdc, USDC, ata(SHOP), AGENT], 12, 5n, 6)),
    'deny mint-mismatch',
  ],
  [
    'a plain transfer from our derived account',
    'the mint is known by derivation',
    'open',
    ours(token([us.usdc, ata(SHOP), AGENT], 3, 5n)),
    'allow',
  ],
  [
    'a plain transfer from an account of ours that is not derived',
    'nobody can say which mint it moves',
    'open',
    ours(token([FRIEND, ata(SHOP), AGENT], 3, 5n)),
    'deny mint-unknown',
  ],
  [
    'more accounts than a transfer takes',
    'an SPL multisig’s signers, or a hook’s accounts',
    'open',
    ours(token([us.usdc, USDC, ata(SHOP), AGENT, OTHER], 12, 5n, 6)),
    'deny instruction-malformed',
  ],
  [
    'as a delegate of somebody',
    'our authority moves what is not ours: it counts all the same',
    'open',
    ours(token([ata(STRANGER), USDC, ata(SHOP), AGENT], 12, 501n, 6)),
    'deny per-transaction-exceeded',
  ],
  [
    'wrapped SOL is SOL',
    'a transfer of it counts lamports',
    'open',
    ours(token([wrapped, NATIVE_MINT, ata(SHOP, NATIVE_MINT), AGENT], 12, 5_000_001n, 9)),
    'deny per-transaction-exceeded',
  ],
  [
    'wrapped SOL to a stranger',
    'and has a recipient',
    'open',
    ours(token([wrapped, NATIVE_MINT, ata(STRANGER, NATIVE_MINT), AGENT], 12, 5n, 9)),
    'deny recipient-not-allowed',
  ],
  [
    'wrapped SOL to a listed owner',
    'an honest payment',
    'open',
    ours(token([wrapped, NATIVE_MINT, ata(SHOP, NATIVE_MINT), AGENT], 12, 5n, 9)),
    'allow',
  ],
];

const costs: readonly Row[] = [
  [
    'fees at the limit',
    '45,000 lamports of priority fee and 5,000 for the signature',
    'open',
    ours(units(200_000), price(225_000n), pay(SHOP, 1n)),
    'allow',
  ],
  [
    'fees over the limit',
    'a micro-lamport more is rounded up',
    'open',
    ours(units(200_000), price(225_001n), pay(SHOP, 1n)),
    'deny fee-exceeded',
  ],
  [
    'a price without a limit',
    'the default limit counts',
    'open',
    ours(price(100_000_000n), pay(SHOP, 1n)),
    'deny fee-exceeded',
  ],
  [
    'the fee payer emptied',
    'the price is a u64',
    'open',
    ours(price(2n ** 64n - 1n)),
    'deny fee-exceeded window-exceeded',
  ],
  ['somebody else pays the fee', 'then it is his', 'open', sponsored(price(2n ** 64n - 1n), pay(SHOP, 1n)), 'allow'],
  ['two limits', 'the chain rejects a kind twice', 'open', ours(units(1), units(2)), 'deny compute-budget-invalid'],
  [
    'a deprecated request',
    'the runtime rejects it',
    'open',
    ours(call(COMPUTE_BUDGET_PROGRAM, [], 0, u32(1), u32(1))),
    'deny instruction-unknown',
  ],
  [
    'a heap that is none',
    'not a whole number of KiB',
    'open',
    ours(call(COMPUTE_BUDGET_PROGRAM, [], 1, u32(33_000))),
    'deny compute-budget-invalid',
  ],
  [
    'a heap',
    'allowed: it costs nothing',
    'open',
    ours(call(COMPUTE_BUDGET_PROGRAM, [], 1, u32(65_536)), pay(SHOP, 1n)),
    'allow',
  ],
  [
    'a data size limit',
    'allowed: it costs nothing',
    'open',
    ours(call(COMPUTE_BUDGET_PROGRAM, [], 4, u32(65_536)), pay(SHOP, 1n)),
    'allow',
  ],
  [
    'signatures nobody needs',
    'each one a precompile checks costs 5,000',
    'open',
    ours(call(ED25519_PROGRAM, [], 11, 0, new Uint8Array(154))),
    'deny fee-exceeded',
  ],
  ['an account for a listed owner', 'rent is a payment to him', 'open', ours(openFor(SHOP)), 'allow'],
  [
    'an account for a stranger',
    'he may close it and keep the rent',
    'open',
    ours(openFor(STRANGER)),
    'deny recipient-not-allowed',
  ],
  [
    'an account at another address',
    'not the derived one',
    'open',
    ours(openFor(SHOP, USDC, FRIEND)),
    'deny token-account-not-derived',
  ],
  [
    'three accounts',
    'more rent than one transaction may pay',
    'open',
    ours(...many(3, openFor(SHOP))),
    'deny rent-exceeded',
  ],
  [
    'an account somebody else pays for',
    'costs us nothing',
    'open',
    both(openFor(STRANGER, USDC, ata(STRANGER), OTHER)),
    'allow',
  ],
  [
    'an account of a mint nobody pinned',
    'its size and so its rent is unknown',
    'open',
    ours(openFor(SHOP, FAKE_USDC)),
    'deny asset-not-allowed',
  ],
];

export const costRows: readonly Draft[] = [...group('mints', mints), ...group('costs', costs)];
