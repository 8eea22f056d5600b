/** What people have slipped past other signers, what the owner is asked about, and when nothing is signed. */
import { NATIVE_MINT } from '../../../policy/programs/addresses.ts';
import type { Call } from '../../policy/messages.ts';
import { bytesOf } from '../../policy/messages.ts';
import type { Draft } from '../world.ts';
import {
  AGENT,
  ata,
  call,
  FRIEND,
  NOON,
  ours,
  pay,
  payToken,
  SHOP,
  STAFF,
  STRANGER,
  system,
  USDC,
  u32,
  us,
} from '../world.ts';
import type { Row } from './row.ts';
import { group, token } from './row.ts';

const close = (account: Call['accounts'][number], to: Call['accounts'][number]) => token([account, to, AGENT], 9);
const wrapped = ata(AGENT, NATIVE_MINT);

const theft: readonly Row[] = [
  [
    'close to the thief',
    'all its lamports go to whoever is named',
    'rights',
    ours(close(us.usdc, STRANGER)),
    'deny amount-unknown',
  ],
  [
    'close wrapped SOL to the thief',
    'that is the whole balance',
    'rights',
    ours(close(wrapped, STRANGER)),
    'deny amount-unknown',
  ],
  ['close wrapped SOL to ourselves', 'unwrapping', 'rights', ours(close(wrapped, AGENT)), 'allow'],
  [
    'unwrap all to the thief',
    'an amount that is not said',
    'rights',
    ours(token([wrapped, STRANGER, AGENT], 45, 0)),
    'deny amount-unknown',
  ],
  [
    'unwrap some to the thief',
    'a payment of SOL like any other',
    'rights',
    ours(token([wrapped, STRANGER, AGENT], 45, 1, 5n)),
    'deny recipient-not-allowed',
  ],
  [
    'unwrap some to the shop',
    'a payment of SOL like any other',
    'rights',
    ours(token([wrapped, SHOP, AGENT], 45, 1, 5n)),
    'allow',
  ],
  [
    'a delegate the policy does not name',
    'approve now, take later',
    'rights',
    ours(token([us.usdc, STRANGER, AGENT], 4, 5n)),
    'deny effect-not-allowed',
  ],
  [
    'a delegate for everything',
    'what he may take counts now',
    'rights',
    ours(token([us.usdc, FRIEND, AGENT], 4, 2n ** 64n - 1n)),
    'deny per-transaction-exceeded window-exceeded',
  ],
  [
    'approve, then pay',
    'both count',
    'rights',
    ours(token([us.usdc, FRIEND, AGENT], 4, 300n), payToken(SHOP, 201n)),
    'deny per-transaction-exceeded',
  ],
  [
    'burn over the limit',
    'destroyed is gone',
    'rights',
    ours(token([us.usdc, USDC, AGENT], 8, 501n)),
    'deny per-transaction-exceeded',
  ],
  [
    'stake for another validator',
    'only the one the policy names',
    'rights',
    ours(
      call(
        '06a1d8179137542a983437bdfe2a7ab2557f535c8a78722b68a49dc000000000' as typeof SHOP,
        [FRIEND, STRANGER, AGENT, AGENT, AGENT, AGENT],
        u32(2),
      ),
    ),
    'deny instruction-malformed',
  ],
  [
    'a thief inside a batch',
    'a batch is opened',
    'rights',
    ours(
      token(
        [us.usdc, USDC, ata(SHOP), AGENT, us.usdc, USDC, ata(STRANGER), AGENT],
        255,
        4,
        10,
        12,
        5n,
        6,
        4,
        10,
        12,
        5n,
        6,
      ),
    ),
    'deny recipient-not-allowed',
  ],
  [
    'a sum inside a batch',
    'its transfers are one sum',
    'rights',
    ours(
      token(
        [us.usdc, USDC, ata(SHOP), AGENT, us.usdc, USDC, ata(SHOP), AGENT],
        255,
        4,
        10,
        12,
        300n,
        6,
        4,
        10,
        12,
        201n,
        6,
      ),
    ),
    'deny per-transaction-exceeded',
  ],
  [
    'a batch in a batch',
    'the chain refuses it too',
    'rights',
    ours(token([us.usdc, AGENT], 255, 2, 4, 255, 2, 1, 5)),
    'deny instruction-unknown',
  ],
  ['an empty batch', 'the chain refuses it too', 'rights', ours(token([], 255)), 'deny instruction-malformed'],
  [
    'a new owner inside a batch',
    'authorities are not for batches either',
    'rights',
    ours(token([us.usdc, AGENT], 255, 2, 35, 6, 2, 1, bytesOf(...[...Uint8Array.fromHex(STRANGER)]))),
    'deny effect-not-allowed',
  ],
  [
    'the wallet handed to a program',
    'Assign takes all the rest with it',
    'rights',
    ours(pay(SHOP, 1n), system([AGENT], 1, Uint8Array.fromHex(STRANGER))),
    'deny effect-not-allowed',
  ],
];

const timing: readonly Row[] = [
  ['in the morning', 'within the hours', 'hours', ours(pay(SHOP, 1n)), 'allow', { at: '2026-11-20T08:00:00Z' }],
  ['at noon', 'the end is not within', 'hours', ours(pay(SHOP, 1n)), 'deny hours-closed', { at: NOON }],
  [
    'on Saturday',
    'not a day of the schedule',
    'hours',
    ours(pay(SHOP, 1n)),
    'deny day-closed',
    { at: '2026-11-21T09:00:00Z' },
  ],
  [
    'before it begins',
    'the policy is not in force yet',
    'hours',
    ours(pay(SHOP, 1n)),
    'deny not-before',
    { at: '2026-05-29T09:00:00Z' },
  ],
  [
    'after it ended',
    'nobody renewed it',
    'hours',
    ours(pay(SHOP, 1n)),
    'deny not-after',
    { at: '2026-12-31T09:00:00Z' },
  ],
  ['the owner is asked', 'over approvalAbove', 'asking', ours(pay(SHOP, 1_000_001n)), 'needs-approval approval-above'],
  [
    'staff is always asked about',
    'the group says so',
    'asking',
    ours(pay(STAFF, 1n)),
    'needs-approval approval-recipient',
  ],
  [
    'a stranger can be asked about',
    'the policy lifts the recipient',
    'asking',
    ours(pay(STRANGER, 1n)),
    'needs-approval recipient-not-allowed',
  ],
  [
    'a right cannot be asked about',
    'nothing lifts an effect',
    'asking',
    ours(pay(STRANGER, 1n), token([us.usdc, AGENT], 5)),
    'deny effect-not-allowed recipient-not-allowed',
  ],
  [
    'an unknown program cannot be asked about',
    'nothing lifts decoding',
    'asking',
    ours(call(FRIEND, [], 1)),
    'deny program-unknown',
  ],
];

export const theftRows: readonly Draft[] = [...group('theft', theft), ...group('time and questions', timing)];
