import t from 'tap';
import type { Request } from '../../policy/judge.ts';
import { emptyLedger, reserve } from '../../policy/ledger.ts';
import type { Millis } from '../../policy/types.ts';
import { ask, checkRows, compile, DAY, draft, HOUR, leaseOf, message, NOON, pay, SHOP, sol } from './policies.ts';

const plain = draft();
const one = message(pay(SHOP, 1n));
const hours = (start: number, end: number) => draft({ schedule: { hours: [start, end] } });
const days = (...names: string[]) => draft({ schedule: { days: names } });
const cool = draft({ schedule: { cooldownSeconds: 60 } });
const at = (hour: number): Partial<Request> => ({ now: Date.UTC(2026, 10, 20, hour) as Millis });
const last = (age: number): Partial<Request> => ({ lastSignedAt: (NOON - age) as Millis });
const until = (moment: number): Partial<Request> => ({ lease: leaseOf(compile(plain), { until: moment as Millis }) });
const starts = (notBefore: string) => draft({ schedule: { notBefore } });
const ends = (notAfter: string) => draft({ schedule: { notAfter } });

t.test('schedule', async (t) => {
  checkRows(t, [
    ['the first hour', hours(8, 20), one, 'allow', at(8)],
    ['the end', hours(8, 20), one, 'deny hours-closed', at(20)],
    ['over midnight, late', hours(22, 6), one, 'allow', at(23)],
    ['over midnight, early', hours(22, 6), one, 'allow', at(5)],
    ['over midnight, the end', hours(22, 6), one, 'deny hours-closed', at(6)],
    ['until the day’s end', hours(20, 24), one, 'allow', at(23)],
    ['a day that is named', days('fri'), one, 'allow', at(12)],
    ['a day that is not', days('sat', 'thu'), one, 'deny day-closed', at(12)],
    ['before the policy', starts('2026-11-20T12:00:01Z'), one, 'deny not-before', at(12)],
    ['the policy’s first moment', starts('2026-11-20T12:00:00Z'), one, 'allow', at(12)],
    ['the policy’s end', ends('2026-11-20T12:00:00Z'), one, 'deny not-after', at(12)],
    ['the policy’s last second', ends('2026-11-20T12:00:01Z'), one, 'allow', at(12)],
  ]);
});

t.test('cooldown', async (t) => {
  checkRows(t, [
    ['within', cool, one, 'deny cooldown', last(59_999)],
    ['after', cool, one, 'allow', last(60_000)],
    ['a last signature in the future', cool, one, 'deny cooldown', last(-1)],
    ['never signed', cool, one, 'allow'],
    ['two at once', cool, [one, message(pay(SHOP, 2n))], 'deny cooldown'],
  ]);
});

t.test('lease', async (t) => {
  checkRows(t, [
    ['none', plain, one, 'deny lease-missing', { lease: null }],
    ['its last moment', plain, one, 'allow', until(NOON + 1)],
    ['its end', plain, one, 'deny lease-ended', until(NOON)],
    ['of another policy', draft({ memo: 'deny' }), one, 'deny lease-missing', until(NOON + 1_000)],
    ['none, approved', sol({ approvalAbove: '0' }), one, 'deny approval-above lease-missing', { lease: null }],
  ]);
});

t.test('a clock that goes back does not prolong a lease', async (t) => {
  const policy = compile(plain);
  const ledger = emptyLedger();
  const lease = leaseOf(policy, { until: NOON });
  t.equal(ask(policy, [one], { lease, ledger, now: (NOON - 1) as Millis }).decision, 'allow');
  reserve(ledger, policy, [], NOON);
  t.equal(ask(policy, [one], { lease, ledger, now: (NOON - 1) as Millis }).decision, 'deny');
});

t.test('retryAfter says when a rule opens', async (t) => {
  const policy = compile(draft({ schedule: { hours: [14, 20], days: ['mon'], notBefore: '2026-11-20T12:00:10Z' } }));
  const waits = ask(policy, [one], { lease: leaseOf(policy) }).violations.map(({ retryAfter }) => retryAfter);
  t.same(waits, [10, 2.5 * DAY, 2 * HOUR]);
  const cooled = compile(cool);
  t.equal(ask(cooled, [one], { ...last(20_500), lease: leaseOf(cooled) }).violations[0]?.retryAfter, 40, 'rounded up');
});

t.test('a window says when enough has left it', async (t) => {
  const policy = compile(sol({ windows: [{ seconds: DAY, max: '20000' }] }));
  const ledger = emptyLedger();
  const lease = leaseOf(policy, { until: Number.MAX_SAFE_INTEGER as Millis });
  const spend = (amount: bigint, now: number) => {
    const judgement = ask(policy, [message(pay(SHOP, amount))], { lease, ledger, now: now as Millis });
    if (judgement.decision === 'allow') reserve(ledger, policy, judgement.entries, now as Millis);
    return judgement;
  };
  t.equal(spend(5_000n, NOON).decision, 'allow');
  t.equal(spend(4_000n, NOON + HOUR * 1_000).decision, 'allow');
  const [full] = spend(6_000n, NOON + 2 * HOUR * 1_000).violations;
  t.match(full, { limit: 20_000n, observed: 11_000n, remaining: 1_000n });
  const opens = NOON + 2 * HOUR * 1_000 + (full?.retryAfter ?? 0) * 1_000;
  t.equal(opens, NOON + DAY * 1_000 + 360_000, 'the first payment, one bucket late');
  t.equal(spend(6_000n, opens - 1_000).decision, 'deny');
  t.equal(spend(6_000n, opens).decision, 'allow');
  const never = spend(20_000n, opens).violations[0];
  t.equal(never?.retryAfter, undefined, 'more than the window itself never fits');
});
