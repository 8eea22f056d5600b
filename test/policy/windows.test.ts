import fc from 'fast-check';
import t from 'tap';
import { U64_MAX } from '../../policy/limits.ts';
import { addAmount, convertSeries, emptySeries, findRoom, pruneSeries, sumSeries } from '../../policy/windows.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const runs = (full: number) => ({ numRuns: Math.ceil(full * SCALE), seed: 240 });
/** 240 buckets of one second. */
const WINDOW = 240;
const BUCKET_MS = 1_000;
const WINDOW_MS = 240_000;

t.test('an amount counts until its bucket’s end plus the window', async (t) => {
  const series = emptySeries(WINDOW);
  addAmount(series, 5_300, 7n);
  const rows: readonly [at: number, sum: bigint][] = [
    [0, 7n],
    [5_300, 7n],
    [WINDOW_MS + 5_300, 7n],
    [WINDOW_MS + 5_999, 7n],
    [WINDOW_MS + 6_000, 0n],
  ];
  for (const [at, sum] of rows) t.equal(sumSeries(series, at), sum, `at ${at}`);
});

t.test('amounts of one bucket are one, in whatever order they come', async (t) => {
  const series = emptySeries(WINDOW);
  for (const [at, amount] of [
    [9_000, 1n],
    [2_000, 2n],
    [2_999, 3n],
    [5_000, 4n],
    [9_999, 5n],
  ] as const)
    addAmount(series, at, amount);
  t.same(series.buckets, [2, 5, 9]);
  t.same(series.amounts, [5n, 4n, 6n]);
  t.equal(series.total, 15n);
  addAmount(series, 0, 0n);
  t.same(series.buckets, [2, 5, 9], 'nothing is not kept');
});

t.test('a bucket is at most u64', async (t) => {
  const series = emptySeries(WINDOW);
  addAmount(series, 0, U64_MAX);
  addAmount(series, 0, U64_MAX);
  t.same([series.amounts, series.total], [[U64_MAX], U64_MAX]);
});

t.test('pruning forgets nothing that counts', async (t) => {
  const series = emptySeries(WINDOW);
  addAmount(series, 0, 1n);
  addAmount(series, 1_000, 2n);
  pruneSeries(series, WINDOW_MS + 1_000);
  t.same([series.buckets, series.total], [[1], 2n]);
});

const entries = fc.array(fc.tuple(fc.nat(1_000_000), fc.bigInt(1n, 100n)), { maxLength: 40 });

t.test('never less than the true sum, never more than a bucket more', async (t) => {
  const property = fc.property(entries, fc.nat(1_500_000), fc.nat(1_500_000), (list, now, pruneAt) => {
    const series = emptySeries(WINDOW);
    for (const [at, amount] of list) addAmount(series, at, amount);
    pruneSeries(series, Math.min(pruneAt, now));
    const sum = (since: number) => list.reduce((total, [at, amount]) => (at > since ? total + amount : total), 0n);
    const counted = sumSeries(series, now);
    return counted >= sum(now - WINDOW_MS) && counted <= sum(now - WINDOW_MS - BUCKET_MS);
  });
  fc.assert(property, runs(50_000));
  t.pass();
});

t.test('seen through another length, spending never counts shorter', async (t) => {
  const property = fc.property(
    entries,
    fc.integer({ min: 60, max: 2_000 }),
    fc.nat(3_000_000),
    (list, seconds, now) => {
      const [source, direct] = [emptySeries(WINDOW), emptySeries(seconds)];
      for (const [at, amount] of list) {
        addAmount(source, at, amount);
        addAmount(direct, at, amount);
      }
      return sumSeries(convertSeries(source, seconds), now) >= sumSeries(direct, now);
    },
  );
  fc.assert(property, runs(20_000));
  t.pass();
});

t.test('through its own length a series is seen as it is', async (t) => {
  const series = emptySeries(WINDOW);
  for (const at of [0, 1_999, 7_000]) addAmount(series, at, 1n);
  t.same(convertSeries(series, WINDOW), series);
});

t.test('the moment at which an amount ends is not later than itself', async (t) => {
  const series = emptySeries(WINDOW);
  addAmount(series, 0, 1n);
  const end = BUCKET_MS + WINDOW_MS;
  t.same(
    [end - 1, end].map((now) => findRoom([series], 0n, now)),
    [end, null],
  );
});

t.test('findRoom finds the first moment', async (t) => {
  const property = fc.property(entries, entries, fc.bigInt(0n, 500n), fc.nat(1_500_000), (first, second, room, now) => {
    const pair = [emptySeries(WINDOW), emptySeries(WINDOW)] as const;
    for (const [at, amount] of first) addAmount(pair[0], at, amount);
    for (const [at, amount] of second) addAmount(pair[1], at, amount);
    const sumAt = (moment: number) => sumSeries(pair[0], moment) + sumSeries(pair[1], moment);
    const moment = findRoom(pair, room, now);
    if (moment === null) return sumAt(now) <= room;
    return moment > now && sumAt(now) > room && sumAt(moment) <= room && sumAt(moment - 1) > room;
  });
  fc.assert(property, runs(20_000));
  t.pass();
});
