/** Which limit on chain a policy's windows make. Pure: no chain. */

import fc from 'fast-check';
import t from 'tap';
import type { Asset } from '../../policy/policy.ts';
import { choosePeriod } from '../../scripts/squads/limits.ts';

const DAY = 86_400;
const asset = (...windows: [number, bigint][]) =>
  ({ name: 'SOL', windows: windows.map(([seconds, max]) => ({ seconds, max })) }) as unknown as Asset;

const rows: readonly [string, Asset, bigint, string][] = [
  ['a day', asset([DAY, 5n]), 5n, 'day'],
  ['a day and a week: the day is tighter', asset([DAY, 5n], [7 * DAY, 20n]), 5n, 'day'],
  ['a week alone holds for the whole week', asset([7 * DAY, 20n]), 20n, 'week'],
  ['a month alone', asset([30 * DAY, 9n]), 9n, 'month'],
  ['a week that is no looser than the day', asset([DAY, 20n], [7 * DAY, 20n]), 20n, 'week'],
  ['an hour beside a day', asset([3600, 1n], [DAY, 5n]), 5n, 'day'],
  ['two days: no period is as long, the day is covered', asset([2 * DAY, 7n]), 7n, 'day'],
  ['a month tighter than the day', asset([DAY, 9n], [30 * DAY, 4n]), 4n, 'month'],
];
for (const [name, given, amount, period] of rows) t.strictSame(choosePeriod(given), { amount, period }, name);
t.throws(() => choosePeriod(asset([3600, 5n])), { code: 'limits-unfit' }, 'an hour alone');
t.throws(() => choosePeriod(asset([DAY, 0n])), { code: 'limits-unfit' }, 'nothing');

const SECONDS = { day: DAY, week: 7 * DAY, month: 30 * DAY } as Record<string, number>;

t.test(
  'what the enclave lets pass, the chain lets pass: whatever the spends, no period holds more than the limit',
  async (t) => {
    const windows = fc.uniqueArray(
      fc.tuple(fc.constantFrom(3600, DAY, 2 * DAY, 7 * DAY, 30 * DAY), fc.bigInt(1n, 50n)),
      {
        minLength: 1,
        maxLength: 4,
        selector: ([seconds]) => seconds,
      },
    );
    const spends = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 * DAY }), fc.bigInt(1n, 20n)), { maxLength: 40 });
    const property = fc.property(windows, spends, fc.integer({ min: 0, max: 30 * DAY }), (given, tries, anchor) => {
      if (!given.some(([seconds]) => seconds >= DAY)) return;
      const { amount, period } = choosePeriod(asset(...given));
      const length = SECONDS[period] as number;
      const done: [number, bigint][] = [];
      let now = anchor;
      for (const [pause, value] of tries) {
        now += pause;
        const fits = given.every(([seconds, max]) => {
          const inside = done.filter(([at]) => at > now - seconds).reduce((sum, [, spent]) => sum + spent, value);
          return inside <= max;
        });
        if (fits) done.push([now, value]);
      }
      const periods = new Map<number, bigint>();
      for (const [at, value] of done) {
        const nth = Math.floor((at - anchor) / length);
        periods.set(nth, (periods.get(nth) ?? 0n) + value);
      }
      for (const sum of periods.values()) t.ok(sum <= amount);
    });
    fc.assert(property, { seed: 7, numRuns: Math.max(100, 10_000 * Number(process.env['REEVE_SCALE'] ?? 0.01)) });
  },
);
