import t from 'tap';
import { CLOCK_MARGIN_MS, LEASE_CHARGES_MAX } from '../../policy/limits.ts';
import type { AssetId, Hash, Millis } from '../../policy/types.ts';
import type { LeaseDecision, StatementFacts, Witness } from '../../policy/witness.ts';
import { decideApproval, decideLease, emptyWitness, noteApproval } from '../../policy/witness.ts';
import { compile, draft, NOON, SOL, USDC } from './policies.ts';

/** Slices: 1,000,000 lamports, 100 base units. Leases of an hour. */
const policy = compile(draft());
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const bootOf = (index: number) => index.toString(16).padStart(64, '0') as Hash;
const at = (ms: number) => (NOON + ms) as Millis;
const fresh = emptyWitness('w', policy.hash);

function statement(changes: Partial<StatementFacts> = {}): StatementFacts {
  const past = { m: 0, mBoot: null, mSpent: {}, mClosed: false };
  return {
    wallet: 'w',
    boot: bootOf(1),
    policyHash: policy.hash,
    lastLease: 0,
    spentInBoot: {},
    closed: false,
    ...past,
    ...changes,
  };
}

function lease(
  witness: Witness,
  changes: Partial<StatementFacts> = {},
  ms = 0,
): Extract<LeaseDecision, { kind: 'lease' }> {
  const decision = decideLease(witness, statement(changes), policy, at(ms));
  if (decision.kind !== 'lease') throw new Error(decision.alarm);
  return decision;
}

function alarm(witness: Witness, changes: Partial<StatementFacts>): string {
  const decision = decideLease(witness, statement(changes), policy, at(0));
  return decision.kind === 'lease' ? 'lease' : decision.alarm;
}

/** Boot 1 with lease 1 at noon. */
const first = lease(fresh);

t.test('a first lease', async (t) => {
  t.match(first.lease, { wallet: 'w', number: 1, boot: bootOf(1), policyHash: policy.hash, charges: [] });
  t.same(first.lease.ceiling, { [SOL]: 1_000_000n, [USDC]: 100n });
  t.equal(first.lease.until, at(HOUR_MS));
  t.match(first.witness, { lastNumber: 1, boots: [{ firstNumber: 1, lastNumber: 1 }] });
});

t.test('the next lease of a boot covers what it has spent and one slice', async (t) => {
  const second = lease(first.witness, { lastLease: 1, spentInBoot: { [SOL]: 300n } }, 60_000);
  t.equal(second.lease.number, 2);
  t.equal(second.lease.ceiling[SOL], 1_000_300n);
  t.match(second.witness.boots, [{ firstNumber: 1, lastNumber: 2, maxCeiling: { [SOL]: 1_000_300n, [USDC]: 100n } }]);
  t.equal(lease(first.witness, { lastLease: 0 }, 1).lease.number, 2, 'a lease that never arrived is normal');
});

t.test('the duration is at most the policy’s', async (t) => {
  const until = (durationMs: number) => {
    const decision = decideLease(fresh, statement(), policy, at(0), { durationMs });
    return decision.kind === 'lease' ? decision.lease.until - NOON : 0;
  };
  t.same([until(60_000), until(2 * HOUR_MS)], [60_000, HOUR_MS]);
});

t.test('alarms', async (t) => {
  const spent = lease(first.witness, { lastLease: 1, spentInBoot: { [SOL]: 300n } }).witness;
  const superseded = lease(first.witness, { boot: bootOf(2), m: 1, mBoot: bootOf(1) }).witness;
  const rows: readonly [name: string, Witness, Partial<StatementFacts>, string][] = [
    ['another wallet', fresh, { wallet: 'x' }, 'lease-other-wallet'],
    ['paused', { ...fresh, paused: true }, {}, 'wallet-paused'],
    ['another policy in the enclave', fresh, { policyHash: bootOf(9) }, 'policy-not-current'],
    [
      'another policy in the witness',
      { ...fresh, policyHash: bootOf(9) },
      { policyHash: bootOf(9) },
      'policy-not-current',
    ],
    ['closed', first.witness, { closed: true }, 'boot-closed'],
    ['superseded', superseded, { lastLease: 1 }, 'boot-superseded'],
    ['spending went back', spent, { lastLease: 1, spentInBoot: { [SOL]: 299n } }, 'statement-went-back'],
    ['spending of one asset vanished', spent, { lastLease: 1 }, 'statement-went-back'],
    ['the last lease went back', spent, { lastLease: 0, spentInBoot: { [SOL]: 300n } }, 'statement-went-back'],
    ['nothing changed', spent, { lastLease: 1, spentInBoot: { [SOL]: 300n } }, 'lease'],
    ['a lease nobody issued', first.witness, { lastLease: 2 }, 'history-lost'],
    ['a new boot with a lease', fresh, { lastLease: 1 }, 'history-lost'],
    ['a chain with a later lease', first.witness, { boot: bootOf(2), m: 2, mBoot: bootOf(1) }, 'history-lost'],
    ['a chain that names another boot', first.witness, { boot: bootOf(2), m: 1, mBoot: bootOf(7) }, 'history-lost'],
    ['an empty witness and a chain', fresh, { m: 1, mBoot: bootOf(7) }, 'history-lost'],
  ];
  for (const [name, witness, changes, expected] of rows) t.equal(alarm(witness, changes), expected, name);
});

t.test('a new boot is charged what the chain does not show', async (t) => {
  const two = lease(first.witness, { boot: bootOf(2), m: 1, mBoot: bootOf(1), mClosed: true }).witness;
  const until = at(HOUR_MS + CLOCK_MARGIN_MS);
  const charge = (asset: AssetId, amount: bigint) => ({ asset, amount, until });
  const full = [charge(SOL, 1_000_000n), charge(USDC, 100n)];
  const rows: readonly [name: string, Witness, Partial<StatementFacts>, object[]][] = [
    ['closed in order', first.witness, { m: 1, mBoot: bootOf(1), mClosed: true }, []],
    [
      'crashed, something seen',
      first.witness,
      { m: 1, mBoot: bootOf(1), mSpent: { [SOL]: 400n } },
      [charge(SOL, 999_600n), charge(USDC, 100n)],
    ],
    [
      'crashed, all of one asset seen',
      first.witness,
      { m: 1, mBoot: bootOf(1), mSpent: { [USDC]: 100n } },
      [charge(SOL, 1_000_000n)],
    ],
    ['the chain ends before the lease', first.witness, { m: 0 }, full],
    ['two boots, the chain ends with the second', two, { m: 2, mBoot: bootOf(2) }, full],
    ['two boots, the chain ends with the first', two, { m: 1, mBoot: bootOf(1), mClosed: true }, full],
    ['two boots, neither in the chain', two, { m: 0 }, [...full, ...full]],
  ];
  for (const [name, witness, changes, charges] of rows) {
    t.same(lease(witness, { boot: bootOf(3), ...changes }).lease.charges, charges, name);
  }
  const third = lease(two, { boot: bootOf(3), m: 0 });
  const again = lease(third.witness, { boot: bootOf(3), m: 0 }, 60_000);
  t.same(again.lease.charges, third.lease.charges, 'every lease of a boot carries the same');
});

t.test('so many crashes that charges are merged', async (t) => {
  let { witness } = first;
  for (let index = 2; index < LEASE_CHARGES_MAX; index++)
    witness = lease(witness, { boot: bootOf(index) }, index).witness;
  const { charges } = lease(witness, { boot: bootOf(9_999) }, 1_000).lease;
  t.equal(charges.length, 2);
  t.equal(charges[0]?.amount, 1_000_000n * BigInt(LEASE_CHARGES_MAX - 1));
  t.equal(charges[0]?.until, at(LEASE_CHARGES_MAX - 1 + HOUR_MS + CLOCK_MARGIN_MS));
});

t.test('boots are forgotten when their spending has left every window', async (t) => {
  const later = (days: number) =>
    lease(first.witness, { boot: bootOf(2), m: 1, mBoot: bootOf(1) }, days * DAY_MS).witness;
  t.equal(later(30).boots.length, 2);
  t.match(later(40), { boots: [{ boot: bootOf(2) }], reach: 1 });
  t.equal(alarm(later(40), { boot: bootOf(3), m: 0 }), 'history-lost', 'a chain from before then');
  t.equal(alarm(later(40), { boot: bootOf(1), m: 0 }), 'history-lost', 'or the forgotten boot itself');
  t.equal(alarm(later(40), { boot: bootOf(3), m: 2, mBoot: bootOf(2) }), 'lease');
  const ended = lease(later(40), { boot: bootOf(3), m: 1, mBoot: bootOf(1) }).lease;
  t.equal(ended.charges[0]?.amount, 1_000_000n, 'a chain that ends with it shows nothing of what came after');
});

t.test('what was lost is charged full, on the owner’s word', async (t) => {
  const lost = statement({ boot: bootOf(8), m: 40, mBoot: bootOf(7) });
  const decision = decideLease(first.witness, lost, policy, at(0), { recoverLost: true });
  if (decision.kind !== 'lease') return t.fail(decision.alarm);
  t.equal(decision.lease.number, 41);
  const until = at(HOUR_MS + CLOCK_MARGIN_MS);
  t.same(decision.lease.charges, [
    { asset: SOL, amount: 1_000_000n, until },
    { asset: USDC, amount: 100n, until },
  ]);
  t.equal(
    alarm(decision.witness, { boot: bootOf(9), m: 40, mBoot: bootOf(7) }),
    'history-lost',
    'a chain without that lease',
  );
  t.equal(alarm(decision.witness, { boot: bootOf(9), m: 41, mBoot: bootOf(8), mClosed: true }), 'lease');
  const known = decideLease(first.witness, statement({ boot: bootOf(2), m: 1, mBoot: bootOf(1) }), policy, at(0), {
    recoverLost: true,
  });
  t.equal(
    known.kind === 'lease' && known.lease.charges[0]?.amount,
    1_000_000n,
    'the word changes nothing where nothing is lost',
  );
});

t.test('a boot that holds a lease nobody here knows of would not take what was lost: no word helps it', async (t) => {
  const rows: readonly [name: string, witness: Witness][] = [
    ['no witness', fresh],
    ['the witness of another boot', first.witness],
  ];
  for (const [name, witness] of rows) {
    const holding = statement({ boot: bootOf(8), lastLease: 3, spentInBoot: { [SOL]: 5n } });
    t.same(
      decideLease(witness, holding, policy, at(0), { recoverLost: true }),
      { kind: 'refuse', alarm: 'history-lost' },
      name,
    );
  }
  const restarted = statement({ boot: bootOf(9), m: 3, mBoot: bootOf(8), mSpent: { [SOL]: 5n } });
  t.equal(decideLease(fresh, restarted, policy, at(0), { recoverLost: true }).kind, 'lease', 'after a restart it does');
});

t.test('one approval of the same effects at a time', async (t) => {
  const approval = { effectsHash: bootOf(5), boot: bootOf(1), until: at(1_000) };
  const decision = decideApproval(fresh, approval, at(0));
  if (decision.kind !== 'approve') return t.fail(decision.alarm);
  const { witness } = decision;
  const kind = (changed: Witness, ms = 0) => decideApproval(changed, { ...approval, boot: bootOf(2) }, at(ms)).kind;
  t.equal(kind(witness), 'refuse', 'also for another boot');
  t.equal(kind(noteApproval(witness, bootOf(2), bootOf(5), 'used')), 'refuse', 'another boot’s use says nothing');
  t.equal(kind(noteApproval(witness, bootOf(1), bootOf(5), 'used')), 'approve');
  t.equal(kind(noteApproval(witness, bootOf(1), bootOf(5), 'closed')), 'approve');
  t.equal(kind(witness, 1_000), 'refuse', 'ended, but clocks differ');
  t.equal(kind(witness, 1_000 + CLOCK_MARGIN_MS), 'approve');
  t.equal(decideApproval(witness, { ...approval, effectsHash: bootOf(6) }, at(0)).kind, 'approve', 'other effects');
  t.equal(kind({ ...fresh, paused: true }), 'refuse');
});
