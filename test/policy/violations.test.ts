/** What a violation tells the agent besides its code: asset, numbers, place, when to try again. One rule a row. */
import t from 'tap';
import { deriveTokenAccount } from '../../policy/keys.ts';
import { TOKEN_PROGRAM } from '../../policy/programs/addresses.ts';
import type { Millis } from '../../policy/types.ts';
import {
  checkViolations,
  compile,
  DAY,
  draft,
  leaseOf,
  MINT,
  memo,
  message,
  NOON,
  openAccount,
  pay,
  payToken,
  price,
  pubkeyToBase58,
  SHOP,
  SOL,
  STRANGER,
  SUPPLIER,
  sol,
} from './policies.ts';

const at = (instruction: number) => `transactions[0].instructions[${instruction}]`;
const whole = 'transactions[0]';
const [shop, stranger] = [SHOP, STRANGER].map(pubkeyToBase58);
const strangersTokens = pubkeyToBase58(deriveTokenAccount(STRANGER, MINT, TOKEN_PROGRAM));
const plain = draft();
const window = (max: string, seconds = DAY) => ({ windows: [{ seconds, max }] });
const { USDC: usdc } = draft()['assets'] as Record<string, object>;

t.test('who is paid', async (t) => {
  const group = [{ name: 'g', owners: [shop], assets: { USDC: {} } }];
  checkViolations(t, [
    [
      plain,
      message(pay(SHOP, 1n), pay(STRANGER, 1n)),
      [
        {
          code: 'recipient-not-allowed',
          asset: 'SOL',
          path: at(1),
          detail: `nobody listed owns ${stranger}, nor anybody the request names`,
        },
      ],
    ],
    [
      plain,
      message(payToken(STRANGER, 1n)),
      [
        {
          code: 'recipient-not-allowed',
          asset: 'USDC',
          path: at(0),
          detail: `nobody listed owns ${strangersTokens}, nor anybody the request names`,
        },
      ],
    ],
    [
      plain,
      message(payToken(STRANGER, 1n)),
      [
        {
          code: 'recipient-not-allowed',
          asset: 'USDC',
          path: at(0),
          detail: `${stranger} is in no recipient group`,
        },
      ],
      { owners: [STRANGER] },
    ],
    [
      draft({ recipients: group }),
      message(pay(SHOP, 1n)),
      [
        {
          code: 'recipient-asset-not-allowed',
          asset: 'SOL',
          path: at(0),
          detail: 'group g may not receive SOL',
        },
      ],
    ],
    [
      sol(window('9000000')),
      message(memo('x'), openAccount(STRANGER)),
      [
        {
          code: 'recipient-not-allowed',
          path: at(1),
          detail: `an account for ${stranger}, who is in no recipient group`,
        },
      ],
    ],
    [
      draft({ approvals: { assets: ['USDC'] } }),
      message(pay(SHOP, 1n), payToken(SHOP, 1n)),
      [
        {
          code: 'approval-asset',
          asset: 'USDC',
          path: at(1),
          detail: 'every payment of USDC needs the owner’s approval',
        },
      ],
    ],
    [
      draft({ recipients: [{ name: 'g', owners: [shop], approval: true }] }),
      message(pay(SHOP, 1n)),
      [
        {
          code: 'approval-recipient',
          asset: 'SOL',
          path: at(0),
          detail: 'payments to group g need the owner’s approval',
        },
      ],
    ],
  ]);
});

t.test('what is called', async (t) => {
  checkViolations(t, [
    [
      draft({ programs: {} }),
      message(memo('x'), pay(SHOP, 1n)),
      [{ code: 'program-not-allowed', path: at(1), detail: 'system.transfer is not in the policy’s programs' }],
    ],
    [draft({ programs: { system: [] } }), message(pay(SHOP, 1n)), [{ code: 'instruction-not-allowed', path: at(0) }]],
    [draft({ memo: 'deny' }), message(pay(SHOP, 1n), memo('x')), [{ code: 'memo-denied', path: at(1) }]],
    [
      plain,
      [message(memo('m'.repeat(64))), message(memo('m'.repeat(60)), memo('12345'))],
      [{ code: 'memo-too-long', path: 'transactions[1]', limit: 64n, observed: 65n }],
    ],
    [
      draft({ approvals: { programs: ['token', 'memo'] } }),
      message(pay(SHOP, 1n), memo('x'), payToken(SHOP, 1n)),
      [
        { code: 'approval-program', path: at(1), detail: 'memo.memo needs the owner’s approval' },
        { code: 'approval-program', path: at(2), detail: 'token.transferChecked needs the owner’s approval' },
      ],
    ],
  ]);
});

t.test('what it costs', async (t) => {
  const limits = { limit: 2_100_000n, observed: 4_078_560n, remaining: 2_100_000n };
  const solless = draft({ assets: { USDC: usdc }, lease: { maxSeconds: 3_600 } });
  const detail = 'the policy has no budget for SOL: let another account pay fees and rent';
  checkViolations(t, [
    [
      plain,
      [message(pay(SHOP, 1n)), message(pay(SHOP, 1n), price(2_500_001n))],
      [
        {
          code: 'fee-exceeded',
          asset: SOL,
          path: 'transactions[1]',
          limit: 20_000n,
          observed: 20_001n,
          remaining: 20_000n,
        },
      ],
    ],
    [
      sol(window('9000000')),
      message(openAccount(SHOP), openAccount(SUPPLIER)),
      [{ code: 'rent-exceeded', asset: SOL, path: whole, ...limits }],
    ],
    [solless, message(payToken(SHOP, 5n)), [{ code: 'asset-not-allowed', asset: SOL, path: whole, detail }]],
    [
      solless,
      message(pay(SHOP, 5n)),
      [
        { code: 'asset-not-allowed', asset: SOL, path: at(0) },
        { code: 'asset-not-allowed', asset: SOL, path: whole, detail },
      ],
    ],
  ]);
});

t.test('when', async (t) => {
  const one = message(pay(SHOP, 1n));
  const now = Date.UTC(2026, 10, 20, 12, 30) as Millis;
  const schedule = (fields: object) => draft({ schedule: fields });
  const minutes = (count: number) => count * 60;
  checkViolations(t, [
    [schedule({ hours: [14, 20] }), one, [{ code: 'hours-closed', retryAfter: minutes(90) }], { now }],
    [schedule({ hours: [8, 10] }), one, [{ code: 'hours-closed', retryAfter: minutes(19.5 * 60) }], { now }],
    [schedule({ hours: [22, 6] }), one, [{ code: 'hours-closed', retryAfter: minutes(9.5 * 60) }], { now }],
    [schedule({ days: ['sat'] }), one, [{ code: 'day-closed', retryAfter: minutes(11.5 * 60) }], { now }],
    [schedule({ days: ['thu'] }), one, [{ code: 'day-closed', retryAfter: minutes(11.5 * 60) + 5 * DAY }], { now }],
    [schedule({ notBefore: '2026-11-20T12:30:10Z' }), one, [{ code: 'not-before', retryAfter: 10 }], { now }],
    [schedule({ notAfter: '2026-11-20T12:30:00Z' }), one, [{ code: 'not-after' }], { now }],
    [
      schedule({ cooldownSeconds: 60 }),
      one,
      [{ code: 'cooldown', retryAfter: 50 }],
      { now, lastSignedAt: (now - 10_000) as Millis },
    ],
    [
      schedule({ cooldownSeconds: 60 }),
      [one, message(pay(SHOP, 2n))],
      [{ code: 'cooldown', detail: 'under a cooldown one transaction is signed at a time' }],
      { now },
    ],
    [plain, one, [{ code: 'lease-missing' }], { lease: null }],
    [plain, one, [{ code: 'lease-ended' }], { lease: leaseOf(compile(plain), { until: NOON }) }],
  ]);
});
