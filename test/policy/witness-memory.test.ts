/** What the witness keeps and for how long: ceilings, ends, charges of many crashes, approvals. */
import t from 'tap';
import { CLOCK_MARGIN_MS, LEASE_CHARGES_MAX } from '../../policy/limits.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Hash, Millis } from '../../policy/types.ts';
import type { LeasedBoot, StatementFacts, Witness } from '../../policy/witness.ts';
import { decideApproval, decideLease, emptyWitness, noteApproval } from '../../policy/witness.ts';
import type { Draft } from './policies.ts';
import { compile, DAY, draft, NOON, pubkeyToBase58, SHOP, SOL, sol, USDC } from './policies.ts';

const HOUR_MS = 3_600_000;
const bootOf = (index: number) => index.toString(16).padStart(64, '0') as Hash;
const at = (ms: number) => (NOON + ms) as Millis;
const windows = (...list: readonly (readonly [seconds: number, max: string])[]) =>
  list.map(([seconds, max]) => ({ seconds, max }));

function statementOf(policy: Policy, boot: number, changes: Partial<StatementFacts> = {}): StatementFacts {
  const past = { m: 0, mBoot: null, mSpent: {}, mClosed: false };
  const fresh = { lastLease: 0, spentInBoot: {}, closed: false };
  return { wallet: 'w', boot: bootOf(boot), policyHash: policy.hash, ...fresh, ...past, ...changes };
}

function lease(policy: Policy, witness: Witness, statement: StatementFacts, ms = 0, options = {}) {
  const decision = decideLease(witness, statement, policy, at(ms), options);
  if (decision.kind !== 'lease') throw new Error(decision.alarm);
  return decision;
}

const policy = compile(draft());
const fresh = emptyWitness('w', policy.hash);

t.test('an empty witness remembers nothing', async (t) => {
  t.strictSame(fresh, {
    wallet: 'w',
    policyHash: policy.hash,
    paused: false,
    lastNumber: 0,
    reach: 0,
    boots: [],
    lastStatement: null,
    approvals: [],
  });
});

/** So many boots that took a lease each and were never seen again; the first lease ends last. */
function crashed(count: number): Witness {
  const boots = Array.from({ length: count }, (_, index): LeasedBoot => {
    const number = index + 1;
    const until = at(HOUR_MS - index);
    const maxCeiling = { [SOL]: 10n, [USDC]: 5n };
    return { boot: bootOf(100 + index), firstNumber: number, lastNumber: number, maxCeiling, until, charges: [] };
  });
  return { ...fresh, boots, lastNumber: count };
}

t.test('charges are merged when there are too many, and dated at the latest end', async (t) => {
  const most = LEASE_CHARGES_MAX / 2;
  const { charges } = lease(policy, crashed(most), statementOf(policy, 1)).lease;
  t.equal(charges.length, LEASE_CHARGES_MAX, 'just few enough');
  const merged = lease(policy, crashed(most + 1), statementOf(policy, 1)).lease.charges;
  const until = at(HOUR_MS + CLOCK_MARGIN_MS);
  t.strictSame(merged, [
    { asset: SOL, amount: 10n * BigInt(most + 1), until },
    { asset: USDC, amount: 5n * BigInt(most + 1), until },
  ]);
});

t.test('a smaller slice does not make the boot’s highest ceiling smaller', async (t) => {
  const first = lease(policy, fresh, statementOf(policy, 1)).witness;
  const smaller = compile(draft({ lease: { maxSeconds: 3_600, slice: { SOL: '10', USDC: '200' } } }));
  const moved = { ...first, policyHash: smaller.hash };
  const { witness, lease: next } = lease(smaller, moved, statementOf(smaller, 1, { lastLease: 1 }), 60_000);
  t.match(next.ceiling, { [SOL]: 10n, [USDC]: 200n });
  t.strictSame(witness.boots[0]?.maxCeiling, { [SOL]: 1_000_000n, [USDC]: 200n });
  const short = lease(policy, first, statementOf(policy, 1, { lastLease: 1 }), 0, { durationMs: 60_000 });
  t.equal(short.lease.until, at(60_000));
  t.equal(short.witness.boots[0]?.until, at(HOUR_MS), 'nor a shorter lease its latest end');
});

t.test(
  'what was lost is charged with the largest window, until the longest lease there may be has ended',
  async (t) => {
    const document = sol({
      windows: windows([3_600, '70'], [DAY, '90'], [2 * DAY, '80']),
      perTransaction: '5',
    });
    const several = compile(document);
    const lost = statementOf(several, 8, { m: 40, mBoot: bootOf(7) });
    const { charges } = lease(several, emptyWitness('w', several.hash), lost, 0, { recoverLost: true }).lease;
    t.strictSame(charges[0], { asset: SOL, amount: 90n, until: at(HOUR_MS + CLOCK_MARGIN_MS) });
    const assets = { SOL: { windows: windows([7 * DAY, '500']) } };
    const group = compile({ ...document, recipients: [{ name: 'g', owners: [pubkeyToBase58(SHOP)], assets }] });
    const inGroup = lease(group, emptyWitness('w', group.hash), statementOf(group, 8, { m: 40, mBoot: bootOf(7) }), 0, {
      recoverLost: true,
    });
    t.equal(inGroup.lease.charges[0]?.amount, 500n, 'a group’s window too');
  },
);

t.test('a boot is remembered until its spending has left the longest window of any line', async (t) => {
  const days = (count: number) => windows([count * DAY, '1000000']);
  const group = (count: number): Draft => ({
    recipients: [{ name: 'g', owners: [pubkeyToBase58(SHOP)], assets: { SOL: { windows: days(count) } } }],
  });
  const rows: readonly [name: string, document: Draft, days: number][] = [
    ['the longest window of most policies', draft(), 31],
    ['an asset’s window', sol({ windows: days(60) }), 60],
    ['a group’s window', draft(group(90)), 90],
    ['a group without limits', draft(), 31],
  ];
  for (const [name, document, count] of rows) {
    const compiled = compile(document);
    const first = lease(compiled, emptyWitness('w', compiled.hash), statementOf(compiled, 1)).witness;
    // The lease’s end, the window and a hundredth for its buckets, two clocks.
    const end = HOUR_MS + count * DAY * 1_010 + 2 * CLOCK_MARGIN_MS;
    const later = (ms: number) =>
      lease(compiled, first, statementOf(compiled, 2, { m: 1, mBoot: bootOf(1) }), ms).witness.boots.length;
    t.strictSame([later(end - 1), later(end)], [2, 1], name);
  }
});

t.test('approvals: who may not approve, and what receipts show', async (t) => {
  const approval = { effectsHash: bootOf(5), boot: bootOf(1), until: at(1_000) };
  const decision = decideApproval(fresh, approval, at(0));
  if (decision.kind !== 'approve') return t.fail(decision.alarm);
  t.strictSame(decision.witness.approvals, [{ ...approval, seen: 'no' }]);
  t.strictSame(decideApproval(decision.witness, approval, at(0)), { kind: 'refuse', alarm: 'approval-outstanding' });
  t.strictSame(decideApproval({ ...fresh, paused: true }, approval, at(0)), { kind: 'refuse', alarm: 'wallet-paused' });
  const noted = (boot: number, effects: number) =>
    noteApproval(decision.witness, bootOf(boot), bootOf(effects), 'used').approvals;
  t.strictSame(noted(1, 5), [{ ...approval, seen: 'used' }]);
  t.strictSame(noted(1, 6), [{ ...approval, seen: 'no' }], 'other effects');
  t.strictSame(noted(2, 5), [{ ...approval, seen: 'no' }], 'another boot');
});
