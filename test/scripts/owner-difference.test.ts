import t from 'tap';
import type { PolicyDocument } from '../../policy/document.ts';
import { comparePolicies, describeDifference } from '../../scripts/owner/policy-difference.ts';

const ONE = '9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM';
const TWO = '2q7pyhPwAwZ3QMfZrnAbDhnh9mDUqycszcpf86VgQxhF';

const BASE = {
  format: 'reeve/policy/v1',
  assets: { SOL: { perTransaction: '10', windows: [{ seconds: 60, max: '100' }], approvalAbove: '5' } },
  recipients: [
    { name: 'a', owners: [ONE], approval: true },
    { name: 'b', owners: [TWO] },
  ],
  programs: { system: ['transfer'] },
  memo: { maxBytes: 10 },
  fees: { perTransaction: '5', rentPerTransaction: '5', rentPerByte: '1' },
  schedule: { hours: [8, 20], days: ['mon'], cooldownSeconds: 10 },
  approvals: { lifts: ['approvalAbove'], programs: ['memo'] },
  keys: { pause: [ONE] },
  lease: { maxSeconds: 600, slice: { SOL: '10' } },
} as unknown as PolicyDocument;

type Edit = (policy: Record<string, never>) => void;

/** One edit, and whether it loosens. */
const ROWS: readonly (readonly [what: string, loosens: boolean, edit: Edit])[] = [
  ['a cap up', true, (p) => set(p, 'assets.SOL.perTransaction', '11')],
  ['a cap down', false, (p) => set(p, 'assets.SOL.perTransaction', '9')],
  ['a longer number that is smaller', false, (p) => set(p, 'assets.SOL.windows.0.max', '99')],
  ['a cap removed', true, (p) => set(p, 'assets.SOL.approvalAbove', undefined)],
  ['a window more', false, (p) => set(p, 'assets.SOL.windows.1', { seconds: 3600, max: '500' })],
  ['fees up', true, (p) => set(p, 'fees.perTransaction', '6')],
  ['the rate of rent, either way', true, (p) => set(p, 'fees.rentPerByte', '0')],
  ['a recipient more', true, (p) => set(p, 'recipients.1.owners', [TWO, ONE])],
  ['a recipient less', false, (p) => set(p, 'recipients.1.owners', [])],
  ['anybody', true, (p) => set(p, 'recipients.1.owners', 'any')],
  ['no approval of a group any more', true, (p) => set(p, 'recipients.0.approval', undefined)],
  ['an instruction more', true, (p) => set(p, 'programs.system', ['transfer', 'assign'])],
  ['a program less', false, (p) => set(p, 'programs.system', ['x'], 'transfer')],
  ['no memo', false, (p) => set(p, 'memo', 'deny')],
  ['a longer memo', true, (p) => set(p, 'memo.maxBytes', 11)],
  ['a day more', true, (p) => set(p, 'schedule.days', ['mon', 'tue'])],
  ['other hours', true, (p) => set(p, 'schedule.hours', [8, 19])],
  ['a shorter cooldown', true, (p) => set(p, 'schedule.cooldownSeconds', 9)],
  ['a longer cooldown', false, (p) => set(p, 'schedule.cooldownSeconds', 11)],
  ['no cooldown', true, (p) => set(p, 'schedule.cooldownSeconds', undefined)],
  ['another lift', true, (p) => set(p, 'approvals.lifts', ['approvalAbove', 'window'])],
  ['a program that needs no owner any more', true, (p) => set(p, 'approvals.programs', [])],
  ['a program more that needs the owner', false, (p) => set(p, 'approvals.programs', ['memo', 'token'])],
  ['a key more', true, (p) => set(p, 'keys.pause', [ONE, TWO])],
  ['a longer lease', true, (p) => set(p, 'lease.maxSeconds', 601)],
  ['a smaller slice', false, (p) => set(p, 'lease.slice.SOL', '9')],
  ['a cap that an approval lifts', true, (p) => set(p, 'approvals.lifts', ['approvalAbove', 'perTransaction'])],
  ['an asset called max that needs the owner', false, (p) => set(p, 'approvals.assets', ['max'])],
  ['every day', true, (p) => set(p, 'schedule.days', undefined)],
  ['a day less', false, (p) => set(p, 'schedule.days', [])],
  ['a first slice of its own', true, (p) => set(p, 'lease.slice.USDC', '1')],
  ['a first limit of waiting approvals', true, (p) => set(p, 'approvals.maxPending', 99)],
  ['lifts back to the default', false, (p) => set(p, 'approvals.lifts', undefined)],
  ['no lifts', false, (p) => set(p, 'approvals.lifts', [])],
  ['a group for one asset only', false, (p) => set(p, 'recipients.1.assets', { SOL: {} })],
  ['no owner key for a role', false, (p) => set(p, 'keys.pause', [])],
  ['memo to deny by default', false, (p) => set(p, 'memo', undefined)],
  ['groups in another order', true, (p) => (p['recipients'] as unknown as unknown[]).reverse()],
];

function set(policy: object, path: string, value: unknown, drop?: string): void {
  const keys = path.split('.');
  const last = keys.pop() as string;
  let at = policy as Record<string, Record<string, never>>;
  for (const key of keys) at = at[key] as never;
  const next = drop === undefined ? value : (at[last] as unknown as string[]).filter((item) => item !== drop);
  if (value === undefined) delete at[last];
  else at[last] = next as never;
}

for (const [what, loosens, edit] of ROWS) {
  t.test(what, async (t) => {
    const after = structuredClone(BASE);
    edit(after as never);
    const differences = comparePolicies(BASE, after);
    t.ok(differences.length > 0 || what.startsWith('lifts back'));
    t.equal(
      differences.some((difference) => difference.loosens),
      loosens,
      differences.map(describeDifference).join('; '),
    );
  });
}

t.test('an owner who leaves a group for an open one', async (t) => {
  const before = structuredClone(BASE);
  set(before, 'recipients.1.owners', 'any');
  const after = structuredClone(before);
  set(after, 'recipients.0.owners', []);
  t.match(comparePolicies(before, after), [{ path: `/recipients/a/owners/${ONE}`, after: null, loosens: true }]);
});

t.test('a group that may pay in one asset more', async (t) => {
  const before = structuredClone(BASE);
  set(before, 'recipients.1.assets', { SOL: { perTransaction: '1' } });
  const after = structuredClone(before);
  set(after, 'recipients.1.assets.USDC', { perTransaction: '1' });
  t.ok(comparePolicies(before, after).some(({ path, loosens }) => loosens && path === '/recipients/b/assets (names)'));
});

t.test('SOL as a new asset with nothing but limits', async (t) => {
  const before = structuredClone(BASE);
  set(before, 'assets.SOL', undefined);
  t.ok(comparePolicies(before, BASE).some(({ path, loosens }) => loosens && path === '/assets (names)'));
});

t.test('a new asset, a comment', async (t) => {
  const after = structuredClone(BASE) as unknown as { assets: object };
  after.assets = { ...after.assets, USDC: { mint: ONE, tokenProgram: 'token', decimals: 6, windows: [] } };
  t.ok(comparePolicies(BASE, after as never).some(({ path, loosens }) => path === '/assets/USDC/mint' && loosens));
  t.same(comparePolicies(BASE, { ...BASE, $comment: 'new' }), []);
});
