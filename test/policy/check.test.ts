import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { checkPolicy } from '../../policy/check.ts';
import { policyCodes } from '../../policy/codes.ts';
import { canonicalizePolicy, parsePolicy } from '../../policy/compile.ts';
import { explainJudgement } from '../../policy/explain.ts';
import type { Draft } from './policies.ts';
import {
  ask,
  compile,
  DAY,
  draft,
  HOUR,
  leaseOf,
  MINT,
  message,
  pay,
  pubkeyToBase58,
  SHOP,
  STRANGER,
  sol,
} from './policies.ts';

const shop = pubkeyToBase58(SHOP);
const windows = [{ seconds: DAY, max: '1000000' }];
const token = {
  mint: pubkeyToBase58(MINT),
  tokenProgram: 'token',
  decimals: 6,
  perTransaction: '10',
  windows: [{ seconds: DAY, max: '100' }],
};
const key = (byte: number) => pubkeyToBase58(byte.toString(16).padStart(2, '0').repeat(32) as typeof SHOP);

/** A policy without a warning. */
const calm: Draft = {
  ...draft(),
  assets: {
    SOL: { perTransaction: '1000', windows },
    USDC: token,
    signatures: { windows: [{ seconds: HOUR, max: '100' }] },
  },
  keys: { renew: [key(1)], pause: [key(2)], approve: [key(3)] },
  lease: { maxSeconds: 3600 },
};
const assets = (changes: Draft): Draft => ({ ...calm, assets: { ...(calm['assets'] as Draft), ...changes } });

t.test('each warning, and nothing else', async (t) => {
  const rows: readonly [name: string, policy: Draft, numbers: number[]][] = [
    ['nothing to say', calm, []],
    ['no perTransaction', assets({ SOL: { windows } }), [1]],
    ['anybody', { ...calm, recipients: [{ name: 'a', owners: 'any' }] }, [2]],
    [
      'anybody, one asset without limits',
      { ...calm, recipients: [{ name: 'a', owners: 'any', assets: { USDC: { windows }, SOL: {} } }] },
      [2],
    ],
    ['anybody, limited', { ...calm, recipients: [{ name: 'a', owners: 'any', assets: { USDC: { windows } } }] }, []],
    ['anybody, approved', { ...calm, recipients: [{ name: 'a', owners: 'any', approval: true }] }, []],
    [
      'after an open group',
      {
        ...calm,
        recipients: [
          { name: 'a', owners: 'any', approval: true },
          { name: 'b', owners: [shop] },
        ],
      },
      [3],
    ],
    [
      'an owner in two groups',
      {
        ...calm,
        recipients: [
          { name: 'a', owners: [shop] },
          { name: 'b', owners: [shop] },
        ],
      },
      [3],
    ],
    ['perTransaction over the window', assets({ SOL: { perTransaction: '1000001', windows } }), [4, 5]],
    ['approvalAbove over the window', assets({ SOL: { approvalAbove: '1000000', windows } }), [1, 4]],
    [
      'a longer window that is not wider',
      assets({ SOL: { perTransaction: '10', windows: [...windows, { seconds: 7 * DAY, max: '1000000' }] } }),
      [4],
    ],
    ['a slice under a payment', { ...calm, lease: { maxSeconds: 3600, slice: { SOL: '999' } } }, [5]],
    ['high fees', { ...calm, fees: { perTransaction: '10000001', rentPerTransaction: '0', rentPerByte: '6960' } }, [6]],
    ['another rent', { ...calm, fees: { perTransaction: '5000', rentPerTransaction: '0', rentPerByte: '6961' } }, [7]],
    ['a long lease', { ...calm, lease: { maxSeconds: 86_401 } }, [8]],
    ['signatures not counted', draftWithout('signatures'), [9]],
    ['a cooldown as long as a window', { ...calm, schedule: { cooldownSeconds: HOUR } }, [10]],
    ['wide lifts', { ...calm, approvals: { lifts: ['recipient', 'program', 'window'] } }, [11, 11, 11]],
    ['no roles', { ...calm, keys: {} }, [12, 12]],
    ['one key renews and approves', { ...calm, keys: { renew: [key(1)], pause: [key(1)], approve: [key(1)] } }, [12]],
    ['a mint that cannot be sent', { ...calm, programs: { system: ['transfer'] } }, [13]],
    [
      'a program nobody uses',
      { ...calm, programs: { ...(calm['programs'] as Draft), 'token-2022': ['transferChecked'] } },
      [13],
    ],
    ['SOL without budget', draftWithout('SOL'), [13]],
    [
      'a mint that somebody else rules',
      assets({
        X: { ...token, mint: shop, tokenProgram: 'token-2022', extensions: ['permanentDelegate', 'metadataPointer'] },
      }),
      [13, 14],
    ],
    ['an approval nobody can give', { ...calm, approvals: { lifts: [], assets: ['SOL'] } }, [16]],
    ['no approvals at all', { ...calm, approvals: { lifts: [] } }, []],
    ['nobody to pay', { ...calm, recipients: [] }, [15]],
  ];
  for (const [name, document, numbers] of rows) {
    t.same(
      checkPolicy(compile(document)).map(({ number }) => number),
      numbers,
      name,
    );
  }
});

function draftWithout(asset: string): Draft {
  const rest = Object.entries(calm['assets'] as Draft).filter(([name]) => name !== asset);
  return { ...calm, assets: Object.fromEntries(rest) };
}

t.test('a warning says where and why', async (t) => {
  const [warning] = checkPolicy(compile(assets({ SOL: { windows } })));
  t.same(warning, {
    number: 1,
    path: '/assets/SOL',
    detail: 'no perTransaction',
    why: 'one signature may empty the window',
  });
});

t.test('the examples pass, without a warning', async (t) => {
  const folder = new URL('../../policy/examples/', import.meta.url);
  const files = readdirSync(folder);
  t.ok(files.includes('payments.json'));
  for (const file of files) {
    const canonical = canonicalizePolicy(readFileSync(new URL(file, folder), 'utf8'));
    const policy = canonical.ok ? parsePolicy(canonical.value) : canonical;
    t.same(policy.ok ? checkPolicy(policy.value) : policy.refusal, [], file);
  }
});

t.test('a judgement in plain words', async (t) => {
  const asks = compile(sol({ approvalAbove: '5' }));
  const to = pubkeyToBase58(SHOP);
  const waiting = ask(asks, [message(pay(SHOP, 6n))]);
  t.same(explainJudgement(asks, waiting), [
    'It would:',
    '  - pay a fee of 0.000005 SOL (5000)',
    `  - send 0.000000006 SOL (6) to ${to}`,
    'Charged to the budgets:',
    '  - 0.000005006 SOL (5006)',
    'Needs the owner’s approval:',
    '  - approval-above 1500: the amount is one that the owner approves (asset SOL, limit 5, asked 6, at transactions[0])',
  ]);
  const last = (lines: string[]) => lines.at(-1);
  t.equal(last(explainJudgement(asks, ask(asks, [message(pay(SHOP, 5n))]))), 'Allowed: no rule speaks against it.');
  const approved = explainJudgement(asks, ask(asks, [message(pay(SHOP, 6n))], { approved: () => true }));
  t.match(approved.at(-2), 'Allowed by the owner’s approval');
  t.match(
    last(explainJudgement(asks, ask(asks, [message(pay(STRANGER, 5n))], { lease: leaseOf(asks) }))),
    'recipient-not-allowed 1202',
  );
});

t.test('codes have numbers of their own in the range of this folder', async (t) => {
  const numbers = Object.values(policyCodes).map(({ number }) => number);
  t.equal(new Set(numbers).size, numbers.length);
  t.ok(numbers.every((number) => number >= 1_000 && number < 2_000));
});
