import t from 'tap';
import type { Lease, LeaseContext, LeaseState } from '../../policy/lease.ts';
import { chargeLease, endLease, leftOfCeiling, takeLease } from '../../policy/lease.ts';
import { CLOCK_MARGIN_MS, LEASE_SECONDS_MAX } from '../../policy/limits.ts';
import type { Hash, Millis } from '../../policy/types.ts';
import { ask, compile, draft, message, NOON, pay, SHOP, SOL, USDC } from './policies.ts';

const policy = compile(draft());
const boot = 'b0'.repeat(32) as Hash;
const at = (ms: number) => (NOON + ms) as Millis;
const lease: Lease = {
  wallet: 'w',
  number: 5,
  boot,
  policyHash: policy.hash,
  ceiling: { [SOL]: 1_000n },
  charges: [{ asset: SOL, amount: 7n, until: at(50) }],
  until: at(1_000),
};
const context: LeaseContext = { wallet: 'w', boot, policy, closed: false, now: NOON };
const held: LeaseState = {
  number: 4,
  policyHash: policy.hash,
  ceiling: {},
  until: at(500),
  spentInBoot: { [SOL]: 400n },
};

const LATEST_CHARGE_MS = LEASE_SECONDS_MAX * 1_000 + 2 * CLOCK_MARGIN_MS;
const charged = (...ends: number[]): Partial<Lease> => ({
  charges: ends.map((ms) => ({ asset: SOL, amount: 1n, until: at(ms) })),
});

t.test('what is taken and what not', async (t) => {
  const rows: readonly [name: string, state: LeaseState | null, Partial<Lease>, Partial<LeaseContext>, string][] = [
    ['a first lease', null, {}, {}, 'taken'],
    ['a later lease', held, {}, {}, 'taken'],
    ['for another wallet', null, { wallet: 'x' }, {}, 'lease-other-wallet'],
    ['for another boot', null, { boot: 'b1'.repeat(32) as Hash }, {}, 'lease-other-boot'],
    ['for another policy', null, { policyHash: boot }, {}, 'lease-other-policy'],
    ['when closed', null, {}, { closed: true }, 'lease-closed'],
    ['the same again', held, { number: 4 }, {}, 'lease-number-old'],
    ['an older one', held, { number: 3 }, {}, 'lease-number-old'],
    ['number 0', null, { number: 0 }, {}, 'lease-number-old'],
    ['at its end', null, {}, { now: at(1_000) }, 'lease-ended'],
    ['just before its end', null, {}, { now: at(999) }, 'taken'],
    ['as long as allowed, and the margin', null, { until: at(3_630_000) }, {}, 'taken'],
    ['longer', null, { until: at(3_630_001) }, {}, 'lease-too-long'],
    ['a charge as late as any lease may end, and two clocks', null, charged(LATEST_CHARGE_MS), {}, 'taken'],
    ['a charge that would never leave a window', null, charged(LATEST_CHARGE_MS + 1), {}, 'lease-too-long'],
    ['one such among others', null, charged(1, LATEST_CHARGE_MS + 1), {}, 'lease-too-long'],
    ['a ceiling of the slice', null, { ceiling: { [SOL]: 1_000_000n } }, {}, 'taken'],
    ['a ceiling over the slice', null, { ceiling: { [SOL]: 1_000_001n } }, {}, 'lease-ceiling-too-high'],
    ['of the slice and what was spent', held, { ceiling: { [SOL]: 1_000_400n } }, {}, 'taken'],
    ['over both', held, { ceiling: { [SOL]: 1_000_401n } }, {}, 'lease-ceiling-too-high'],
    ['of one asset of two', null, { ceiling: { [SOL]: 1n, [USDC]: 101n } }, {}, 'lease-ceiling-too-high'],
    ['for an unknown asset', null, { ceiling: { signatures: 1n } as Lease['ceiling'] }, {}, 'lease-ceiling-too-high'],
  ];
  for (const [name, state, leaseChanges, contextChanges, expected] of rows) {
    const result = takeLease(state, { ...lease, ...leaseChanges }, { ...context, ...contextChanges });
    t.equal(result.ok ? 'taken' : result.refusal.code, expected, name);
  }
});

t.test('charges come with a boot’s first lease only', async (t) => {
  const first = takeLease(null, lease, context);
  t.match(first, { ok: true, value: { charges: lease.charges, state: { number: 5, spentInBoot: {} } } });
  const later = takeLease(held, lease, context);
  t.match(later, { ok: true, value: { state: { number: 5, ceiling: { SOL: 1_000n }, spentInBoot: { SOL: 400n } } } });
  t.same(later.ok && later.value.charges, []);
});

t.test('a ceiling counts over the whole boot', async (t) => {
  const first = takeLease(null, lease, context);
  if (!first.ok) return t.fail('not taken');
  const spent = chargeLease(first.value.state, [{ asset: SOL, amount: 600n }]);
  t.equal(leftOfCeiling(spent, SOL), 400n);
  t.equal(leftOfCeiling(spent, USDC), 0n, 'an asset the lease does not name');
  const again = takeLease(spent, { ...lease, number: 6 }, context);
  t.equal(again.ok && leftOfCeiling(again.value.state, SOL), 400n, 'a late lease of the same ceiling adds nothing');
  t.equal(leftOfCeiling(chargeLease(spent, [{ asset: SOL, amount: 900n }]), SOL), 0n, 'never negative');
  t.equal(leftOfCeiling(first.value.state, SOL), 1_000n, 'states are values');
});

t.test('an ended lease does not come back with its policy', async (t) => {
  const taken = takeLease(null, { ...lease, ceiling: { [SOL]: 1_000_000n } }, context);
  if (!taken.ok) return t.fail('not taken');
  const payment = [message(pay(SHOP, 1n))];
  t.equal(ask(policy, payment, { lease: taken.value.state }).decision, 'allow');
  t.equal(ask(policy, payment, { lease: endLease(taken.value.state) }).violations[0]?.code, 'lease-ended');
});
