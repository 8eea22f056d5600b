/** What violations of amounts tell the agent besides their code: asset, numbers, place, when there is room again. */
import t from 'tap';
import { emptyLedger, reserve } from '../../policy/ledger.ts';
import type { Millis } from '../../policy/types.ts';
import type { Draft } from './policies.ts';
import {
  AGENT,
  checkRows,
  checkViolations,
  compile,
  DAY,
  draft,
  HOUR,
  leaseOf,
  message,
  NOON,
  pay,
  payToken,
  pubkeyToBase58,
  SHOP,
  SOL,
  SUPPLIER,
  sol,
  sponsored,
  USDC,
} from './policies.ts';

const whole = 'transactions[0]';
const [shop, supplier] = [SHOP, SUPPLIER].map(pubkeyToBase58);
const plain = draft();
const grouped = (limits: object, more: Draft = {}) =>
  draft({ recipients: [{ name: 'g', owners: [shop, supplier], assets: { SOL: limits } }], ...more });
const window = (max: string, seconds = DAY) => ({ windows: [{ seconds, max }] });

t.test('how much', async (t) => {
  const capped = (max: string) => ({ code: 'per-transaction-exceeded' as const, limit: BigInt(max), path: whole });
  const each = { ...window('10'), per: 'recipient' };
  const full = { code: 'window-exceeded' as const, asset: 'SOL', limit: 10n };
  const [six, five] = [pay(SHOP, 6n), pay(SUPPLIER, 5n)];
  checkViolations(t, [
    [
      sol({ perTransaction: '10' }),
      message(six, five),
      [{ ...capped('10'), asset: 'SOL', observed: 11n, remaining: 10n, detail: 'more than one transaction may move' }],
    ],
    [
      grouped({ perTransaction: '10' }),
      message(six, five),
      [
        {
          ...capped('10'),
          asset: 'SOL',
          observed: 11n,
          remaining: 10n,
          detail: 'more than one transaction may move to group g',
        },
      ],
    ],
    [
      grouped({ perTransaction: '10', per: 'recipient' }),
      message(six, six, five),
      [
        {
          ...capped('10'),
          asset: 'SOL',
          observed: 12n,
          remaining: 10n,
          detail: 'more than one transaction may move to one recipient of group g',
        },
      ],
    ],
    [
      grouped(window('10')),
      message(six, five),
      [{ ...full, observed: 11n, remaining: 10n, detail: 'more than is left in 86400 s for group g' }],
    ],
    [
      grouped(each),
      message(six, six),
      [
        {
          ...full,
          observed: 12n,
          remaining: 10n,
          detail: 'more than is left in 86400 s for this recipient of group g',
        },
      ],
    ],
    [
      sol({ approvalAbove: '10' }),
      [message(five), message(six, five)],
      [{ code: 'approval-above', asset: 'SOL', limit: 10n, observed: 11n, path: 'transactions[1]' }],
    ],
    [
      sol({ ...window('10000'), approvalAbove: '2000' }),
      message(pay(SHOP, 5_001n)),
      [
        {
          ...full,
          limit: 10_000n,
          observed: 10_001n,
          remaining: 10_000n,
          detail: 'more than is left in 86400 s',
        },
        { code: 'approval-above', asset: 'SOL', limit: 2_000n, observed: 5_001n, path: whole },
      ],
    ],
    [
      plain,
      message(payToken(SHOP, 2n)),
      [{ code: 'ceiling-exceeded', asset: 'USDC', limit: 1n, observed: 2n, remaining: 1n }],
      { lease: leaseOf(compile(plain), { ceiling: { [SOL]: 5_000n, [USDC]: 1n } }) },
    ],
    [
      plain,
      message(payToken(SHOP, 2n)),
      [
        { code: 'ceiling-exceeded', asset: 'SOL', limit: 0n, observed: 5_000n, remaining: 0n },
        { code: 'ceiling-exceeded', asset: 'USDC', limit: 0n, observed: 2n, remaining: 0n },
      ],
      { lease: leaseOf(compile(plain), { ceiling: {} }) },
    ],
  ]);
});

t.test('a full window leaves nothing, and says when it has room again', async (t) => {
  const document = sol(window('10000', HOUR));
  const policy = compile(document);
  const ledger = emptyLedger();
  reserve(ledger, policy, [{ line: 'SOL', asset: SOL, amount: 12_000n }], NOON);
  const full = { code: 'window-exceeded' as const, asset: 'SOL', limit: 10_000n, remaining: 0n };
  // An hour, and the bucket of 15 seconds.
  const retryAfter = HOUR + 15;
  const later = { ledger, now: (NOON + 1_999) as Millis };
  checkViolations(t, [
    [document, message(pay(SHOP, 1n)), [{ ...full, observed: 5_001n, retryAfter }], { ledger }],
    [document, message(pay(SHOP, 5_001n)), [{ ...full, observed: 10_001n }], { ledger }],
    [document, message(pay(SHOP, 5_000n)), [{ ...full, observed: 10_000n, retryAfter: HOUR + 14 }], later],
  ]);
});

t.test('two assets and two recipients are never one', async (t) => {
  const each = { perTransaction: '10', per: 'recipient' };
  const both = { assets: { SOL: { perTransaction: '10' }, USDC: { perTransaction: '10' } } };
  checkRows(t, [
    ['of two assets', sol({ approvalAbove: '10' }), message(pay(SHOP, 6n), payToken(SHOP, 6n)), 'allow'],
    [
      'of a group, of two assets',
      draft({ recipients: [{ name: 'g', owners: [shop], ...both }] }),
      message(pay(SHOP, 6n), payToken(SHOP, 6n)),
      'allow',
    ],
    [
      'in two transactions',
      grouped({ perTransaction: '10' }),
      [message(pay(SHOP, 6n)), message(pay(SHOP, 6n))],
      'allow',
    ],
    ['of two recipients', grouped(each), message(pay(SHOP, 6n), pay(SUPPLIER, 6n)), 'allow'],
    ['to ourselves', plain, sponsored(payToken(AGENT, 500n)), 'allow'],
  ]);
});
