import { readFileSync } from 'node:fs';
import t from 'tap';
import { canonicalizePolicy, parsePolicy } from '../../policy/compile.ts';
import { formatPolicySchema } from '../../scripts/policy/schema.ts';
import type { Draft } from './policies.ts';
import {
  compile,
  DAY,
  draft,
  faultsOf,
  MINT,
  pubkeyToBase58,
  SHOP,
  SIGNATURES,
  SOL,
  STRANGER,
  SUPPLIER,
  sol,
  USDC,
} from './policies.ts';

const shop = pubkeyToBase58(SHOP);
const mint = pubkeyToBase58(MINT);
const windows = [{ seconds: DAY, max: '100' }];
const assets = (changes: Draft) => draft({ assets: { ...(draft()['assets'] as Draft), ...changes } });
const groups = (...recipients: Draft[]) => draft({ recipients });

t.test('a document that is refused names the place', async (t) => {
  const rows: readonly [name: string, document: Draft, paths: string[]][] = [
    ['the plain policy', draft(), []],
    ['comments anywhere', sol({ $comment: 'x', windows: [{ $comment: 'y', ...windows[0] }] }, { $comment: 'z' }), []],
    ['another format', draft({ format: 'reeve/policy/v2' }), ['/format']],
    ['an unknown field', draft({ fee: {} }), ['/fee']],
    ['an unknown field inside', sol({ max: '5' }), ['/assets/SOL/max']],
    ['a missing field', draft({ fees: undefined }), ['/fees']],
    ['a comment that is no text', draft({ $comment: 5 }), ['/$comment']],
    ['an amount as number', sol({ perTransaction: 5 }), ['/assets/SOL/perTransaction']],
    ['an amount with a sign', sol({ perTransaction: '-5' }), ['/assets/SOL/perTransaction']],
    ['an amount with a leading zero', sol({ perTransaction: '05' }), ['/assets/SOL/perTransaction']],
    ['the largest amount', sol({ perTransaction: '18446744073709551615' }), []],
    ['an amount over u64', sol({ perTransaction: '18446744073709551616' }), ['/assets/SOL/perTransaction']],
    [
      'a window over u64',
      sol({ windows: [{ seconds: DAY, max: '99999999999999999999' }] }),
      ['/assets/SOL/windows/0/max'],
    ],
    ['no window', sol({ windows: [] }), ['/assets/SOL/windows']],
    [
      'nine windows',
      sol({ windows: Array.from({ length: 9 }, (_, i) => ({ seconds: DAY + i, max: '1' })) }),
      ['/assets/SOL/windows'],
    ],
    ['two windows of one length', sol({ windows: [...windows, { seconds: DAY, max: '5' }] }), ['/assets/SOL/windows']],
    ['a window of no time', sol({ windows: [{ seconds: 0, max: '5' }] }), ['/assets/SOL/windows/0/seconds']],
    [
      'a mint that is no address',
      assets({ X: { mint: 'l'.repeat(40), tokenProgram: 'token', decimals: 0, windows } }),
      ['/assets/X/mint'],
    ],
    [
      'a mint of 33 bytes',
      assets({ X: { mint: 'z'.repeat(44), tokenProgram: 'token', decimals: 0, windows } }),
      ['/assets/X/mint'],
    ],
    ['one mint twice', assets({ X: { mint, tokenProgram: 'token', decimals: 0, windows } }), ['/assets/X/mint']],
    ['SOL with a mint', sol({ mint }), ['/assets/SOL/mint']],
    [
      'signatures per transaction',
      assets({ signatures: { windows, perTransaction: '1' } }),
      ['/assets/signatures/perTransaction'],
    ],
    ['a name with a bar', assets({ 'a|b': { windows } }), ['/assets/a|b']],
    [
      'extensions of a plain token',
      assets({ X: { mint: shop, tokenProgram: 'token', decimals: 0, extensions: ['transferHook'], windows } }),
      ['/assets/X/extensions'],
    ],
    [
      'an approval limit that is never reached',
      sol({ perTransaction: '5', approvalAbove: '5' }),
      ['/assets/SOL/approvalAbove'],
    ],
    [
      'the same, lifted',
      sol({ perTransaction: '5', approvalAbove: '5' }, { approvals: { lifts: ['perTransaction'] } }),
      [],
    ],
    ['an owner that is no address', groups({ name: 'a', owners: ['1'.repeat(33)] }), ['/recipients/0/owners/0']],
    ['an owner twice', groups({ name: 'a', owners: [shop, shop] }), ['/recipients/0/owners', '/recipients/0/owners']],
    [
      'two groups of one name',
      groups({ name: 'a', owners: [shop] }, { name: 'a', owners: 'any' }),
      ['/recipients/1/name'],
    ],
    [
      'a group’s unknown asset',
      groups({ name: 'a', owners: [shop], assets: { EUR: {} } }),
      ['/recipients/0/assets/EUR'],
    ],
    [
      'signatures for a group',
      groups({ name: 'a', owners: [shop], assets: { signatures: {} } }),
      ['/recipients/0/assets/signatures'],
    ],
    ['approval false', groups({ name: 'a', owners: 'any', approval: false }), ['/recipients/0/approval']],
    ['an unknown program', draft({ programs: { squads: [] } }), ['/programs/squads']],
    ['an unknown instruction', draft({ programs: { system: ['explode'] } }), ['/programs/system/0']],
    ['hours without length', draft({ schedule: { hours: [5, 5] } }), ['/schedule/hours']],
    ['hours from 24', draft({ schedule: { hours: [24, 5] } }), ['/schedule/hours']],
    ['a moment that is none', draft({ schedule: { notAfter: '2026-06-31T00:00:00Z' } }), ['/schedule/notAfter']],
    [
      'an end before the start',
      draft({ schedule: { notBefore: '2026-06-02T00:00:00Z', notAfter: '2026-06-01T00:00:00Z' } }),
      ['/schedule/notAfter'],
    ],
    ['an approval of an unknown asset', draft({ approvals: { assets: ['EUR'] } }), ['/approvals/assets/0']],
    [
      'an approval of a program not allowed',
      draft({ approvals: { programs: ['token-2022'] } }),
      ['/approvals/programs/0'],
    ],
    ['an unknown lift', draft({ approvals: { lifts: ['decode'] } }), ['/approvals/lifts/0']],
    ['a slice of an unknown asset', draft({ lease: { maxSeconds: 60, slice: { EUR: '1' } } }), ['/lease/slice/EUR']],
    ['a key that is no address', draft({ keys: { renew: ['1'.repeat(33)] } }), ['/keys/renew/0']],
    [
      'a prototype as field',
      JSON.parse(`{"__proto__": {}, ${JSON.stringify(draft()).slice(1)}`) as Draft,
      ['/__proto__'],
    ],
  ];
  for (const [name, document, paths] of rows) t.same([...new Set(faultsOf(document))], [...new Set(paths)], name);
});

t.test('names made of digits are names', async (t) => {
  t.same(faultsOf(groups({ name: '99999999999999999999999', owners: [shop] })), []);
});

t.test('names that every object knows are names', async (t) => {
  const { USDC: named, SOL: sol } = draft()['assets'] as Draft;
  const nonce = { account: shop, assets: { SOL: '5' } };
  for (const name of ['constructor', 'toString', 'valueOf', 'hasOwnProperty']) {
    const document = draft({ assets: { SOL: sol, [name]: named }, lease: { maxSeconds: 60, slice: { SOL: '9' } } });
    t.equal(compile(document).assets.get(USDC)?.slice, 10n, `${name} has no slice of its own`);
    const held = compile({ ...document, durableNonce: nonce }).assets.get(USDC);
    t.equal(held?.windows[0]?.max, 100n, `nothing of ${name} is held back`);
  }
});

t.test('at most 32 assets and 2,048 owners', async (t) => {
  const key = (index: number) => pubkeyToBase58(index.toString(16).padStart(64, '0') as typeof SHOP);
  const mints = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`m${i}`, { mint: key(i), tokenProgram: 'token', decimals: 0, windows }]),
    );
  t.same(faultsOf(draft({ assets: mints(32), lease: { maxSeconds: 60 } })), []);
  t.same(faultsOf(draft({ assets: mints(34), lease: { maxSeconds: 60 } })), ['/assets']);
  const owners = (count: number, from: number) => Array.from({ length: count }, (_, i) => key(i + from));
  t.same(faultsOf(groups({ name: 'a', owners: owners(1_024, 0) }, { name: 'b', owners: owners(1_024, 5_000) })), []);
  t.same(faultsOf(groups({ name: 'a', owners: owners(1_024, 0) }, { name: 'b', owners: owners(1_025, 5_000) })), [
    '/recipients',
  ]);
});

t.test('what a document means', async (t) => {
  const policy = compile(
    draft({
      recipients: [
        { name: 'shops', owners: [shop], assets: { USDC: { perTransaction: '5', per: 'recipient' } } },
        { name: 'rest', owners: 'any', approval: true },
        { name: 'late', owners: [pubkeyToBase58(SUPPLIER)] },
      ],
    }),
  );
  t.equal(policy.findGroup(SHOP)?.name, 'shops');
  t.equal(policy.findGroup(STRANGER)?.name, 'rest');
  t.equal(policy.findGroup(SUPPLIER)?.name, 'rest', 'a group after an open one is not reached');
  t.match(policy.groups[0]?.assets?.get(USDC), { perTransaction: 5n, perRecipient: true, windows: [] });
  t.same([...policy.approvals.lifts], ['approvalAbove']);
  t.match(policy.approvals, { ttlSeconds: 3_600, maxPending: 16 });
  t.equal(policy.memoBytes, 64);
});

t.test('slices', async (t) => {
  const slice = (document: Draft, asset = SOL) =>
    compile({ ...document, lease: { maxSeconds: 60 } }).assets.get(asset)?.slice;
  const free = { fees: { perTransaction: '0', rentPerTransaction: '0', rentPerByte: '0' } };
  t.equal(slice(sol({}, free)), 100_000n, 'a tenth of the window');
  t.equal(
    slice(
      sol(
        {
          windows: [
            { seconds: 60, max: '11' },
            { seconds: DAY, max: '1000' },
          ],
        },
        free,
      ),
    ),
    2n,
    'of the shortest, rounded up',
  );
  t.equal(
    slice(sol({ perTransaction: '300000', approvalAbove: '200000' }, free)),
    200_000n,
    'room for the largest payment',
  );
  t.equal(
    slice(sol({ perTransaction: '300000' }, { fees: { ...free.fees, perTransaction: '7' } })),
    300_007n,
    'and its fee',
  );
  t.equal(slice(sol({ perTransaction: '3000000' }, free)), 1_000_000n, 'never more than the window');
  t.equal(slice(sol({ windows: [{ seconds: 60, max: '0' }] }, free)), 1n, 'at least one');
  t.equal(slice(assets({ signatures: { windows } }), SIGNATURES), 10n);
  t.equal(compile(draft()).assets.get(USDC)?.slice, 100n, 'or what the policy says');
});

t.test('only the canonical bytes are the policy', async (t) => {
  const canonical = canonicalizePolicy(JSON.stringify(draft(), null, 2));
  if (!canonical.ok) return t.fail('not canonicalized');
  t.equal(parsePolicy(canonical.value).ok, true);
  t.match(parsePolicy(Buffer.concat([canonical.value, Buffer.from(' ')])), {
    ok: false,
    refusal: [{ code: 'policy-not-canonical' }],
  });
  t.match(parsePolicy(Buffer.from(JSON.stringify(draft(), null, 2))), {
    ok: false,
    refusal: [{ code: 'policy-not-canonical' }],
  });
  t.match(parsePolicy(Uint8Array.of(0xff)), { ok: false, refusal: [{ code: 'policy-not-json' }] });
});

t.test('the published schema is the one in force', async (t) => {
  const published = readFileSync(new URL('../../policy/policy.schema.json', import.meta.url), 'utf8');
  t.equal(published, formatPolicySchema());
});
