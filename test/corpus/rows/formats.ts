/** Bytes that are a transaction, nearly one, or none. */
import { concatBytes } from '../../../policy/bytes.ts';
import { pubkeyToBytes } from '../../../policy/keys.ts';
import { encodeMessage } from '../../../policy/message.ts';
import { MEMO_V3_PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../../policy/programs/addresses.ts';
import { buildMessage, bytesOf } from '../../policy/messages.ts';
import type { Draft } from '../world.ts';
import {
  AGENT,
  ata,
  both,
  call,
  OTHER,
  ours,
  pay,
  SHOP,
  STRANGER,
  system,
  USDC,
  units,
  VAULT,
  wireOf,
} from '../world.ts';
import type { Row } from './row.ts';
import { group } from './row.ts';

const crowd = (payments: number, memos: number) => [
  ...Array.from({ length: payments }, () => pay(SHOP, 5n)),
  ...Array.from({ length: memos }, () => call(MEMO_V3_PROGRAM, [], new Uint8Array(120).fill(0x1b))),
];
const good = wireOf(ours(pay(SHOP, 5n)));
const message = encodeMessage(ours(pay(SHOP, 5n)));
const patched = (at: number, value: number) => good.with(at, value);
const signed = (bytes: Uint8Array) => concatBytes(Uint8Array.of(1), new Uint8Array(64), bytes);
const legacy = buildMessage([AGENT], [pay(SHOP, 5n)], 'legacy');
const v1 = {
  ...ours(pay(SHOP, 5n)),
  version: 1,
  config: { computeUnitLimit: 450, priorityFee: 45_000n, loadedAccountsDataSizeLimit: 1_000 },
} as const;

const formats: readonly Row[] = [
  ['a legacy message', 'the old form', 'open', legacy, 'allow'],
  ['a version 1 message', 'its fee stands in its header', 'open', v1, 'allow'],
  [
    'a version 1 message over the fee',
    'one lamport of priority fee more',
    'open',
    { ...v1, config: { ...v1.config, priorityFee: 45_001n } },
    'deny fee-exceeded',
  ],
  [
    'ComputeBudget in version 1',
    'the chain ignores it there, so do we',
    'open',
    { ...ours(units(1), pay(SHOP, 5n)), version: 1, config: v1.config },
    'allow',
  ],
  ['version 2', 'not invented yet', 'open', patched(65, 0x82), 'deny message-version-unsupported'],
  [
    'a byte behind',
    'trailing bytes can be read as something else',
    'open',
    concatBytes(good, Uint8Array.of(0)),
    'deny trailing-bytes',
  ],
  ['a byte short', 'it cannot be read to its end', 'open', good.subarray(0, -1), 'deny undecodable'],
  ['nothing', 'no bytes at all', 'open', new Uint8Array(), 'deny undecodable'],
  [
    'a length in three bytes',
    'the same number written longer',
    'open',
    signed(concatBytes(message.subarray(0, 4), Uint8Array.of(0x80 | (message[4] ?? 0), 0), message.subarray(5))),
    'deny not-canonical',
  ],
  [
    'two signature slots',
    'one is asked for',
    'open',
    concatBytes(Uint8Array.of(2), new Uint8Array(128), message),
    'deny signature-count',
  ],
  ['too many signers', 'more than there are keys', 'open', signed(message.with(1, 9)), 'deny header-invalid'],
  [
    'a fee payer that cannot pay',
    'all signers are read only',
    'open',
    signed(message.with(2, 1)),
    'deny header-invalid',
  ],
  [
    'the same key twice',
    'the chain refuses it',
    'open',
    { ...ours(pay(SHOP, 5n)), keys: [AGENT, AGENT, SYSTEM_PROGRAM] },
    'deny duplicate-key',
  ],
  [
    'a program index of 0',
    'the fee payer is no program',
    'open',
    {
      ...ours(),
      keys: [AGENT, SHOP, SYSTEM_PROGRAM],
      readonlyUnsigned: 1,
      instructions: [{ program: 0, accounts: Uint8Array.of(), data: bytesOf() }],
    },
    'deny index-invalid',
  ],
  [
    'an account that does not exist',
    'index 9 of 3',
    'open',
    {
      ...ours(pay(SHOP, 5n)),
      instructions: [{ program: 2, accounts: Uint8Array.of(0, 9), data: bytesOf(2, 0, 0, 0, 5n) }],
    },
    'deny index-invalid',
  ],
  [
    '65 instructions',
    'the chain takes 64',
    'open',
    ours(...Array.from({ length: 65 }, () => call(MEMO_V3_PROGRAM, []))),
    'deny too-many-instructions',
  ],
  [
    '64 instructions',
    'as many as the chain takes',
    'open',
    ours(...Array.from({ length: 64 }, () => call(TOKEN_PROGRAM, [USDC], 23, 5n))),
    'allow',
  ],
  [
    '32 effects',
    'the fee and 31 memos: as many as can be shown',
    'open',
    ours(...Array.from({ length: 31 }, () => call(MEMO_V3_PROGRAM, []))),
    'allow',
  ],
  [
    '33 effects',
    'more than can be shown to whoever approves',
    'open',
    ours(...Array.from({ length: 32 }, () => call(MEMO_V3_PROGRAM, []))),
    'deny too-many-effects',
  ],
  [
    'effects of less than 9 KiB',
    'a control character is shown as seven: 15 payments and three memos full of them',
    'wordy',
    ours(...crowd(15, 3)),
    'allow',
  ],
  [
    'effects of more than 9 KiB',
    'each of them may be allowed, but all together cannot be shown to whoever approves',
    'wordy',
    ours(...crowd(20, 5)),
    'deny too-many-effects',
  ],
  [
    'more than a packet',
    '1,233 bytes',
    'open',
    ours(call(MEMO_V3_PROGRAM, [], new Uint8Array(1_100).fill(0x61))),
    'deny message-too-large',
  ],
  [
    'random bytes',
    'no transaction',
    'open',
    Uint8Array.from({ length: 300 }, (_, index) => (index * 73 + 41) & 0xff),
    'deny undecodable',
  ],
  ['an empty transaction', 'only the fee', 'open', ours(), 'allow'],
  [
    'the vault’s money without Squads',
    'nobody but Squads signs for it',
    'squads',
    both(pay(STRANGER, 5n, OTHER), system([VAULT, STRANGER], 2, 5n)),
    'deny recipient-not-allowed',
  ],
  [
    'an off-chain message as a transaction',
    'its first byte is none of a transaction',
    'open',
    concatBytes(
      Uint8Array.of(0xff),
      new TextEncoder().encode('solana offchain'),
      new Uint8Array(33),
      pubkeyToBytes(ata(SHOP)),
    ),
    'deny undecodable',
  ],
];

export const formatRows: readonly Draft[] = group('format', formats);
