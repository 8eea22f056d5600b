/**
 * One rolling window's spending, in 240 buckets. An amount counts from the moment it is entered (also when its date lies ahead of
 * now) until its bucket's end plus the whole window: never shorter than the window, at most 1/240 of it longer.
 */
import { U64_MAX } from './limits.ts';

/** Buckets that one window length is divided into. */
export const BUCKETS_PER_WINDOW = 240;
const SECOND_MS = 1_000;

/** Parallel lists, oldest bucket first; empty buckets are not kept. `total` is the sum of `amounts`. Changed in place by `addAmount`. */
export interface Series {
  readonly seconds: number;
  total: bigint;
  readonly buckets: number[];
  readonly amounts: bigint[];
}

export function emptySeries(seconds: number): Series {
  return { seconds, total: 0n, buckets: [], amounts: [] };
}

/** Milliseconds one bucket spans; rounded up, so that 240 of them are never less than the window. */
function bucketWidth(seconds: number): number {
  return Math.ceil((seconds * SECOND_MS) / BUCKETS_PER_WINDOW);
}

/** The first millisecond at which a bucket no longer counts. */
function bucketEnd(seconds: number, bucket: number): number {
  return (bucket + 1) * bucketWidth(seconds) + seconds * SECOND_MS;
}

/** Enters an amount at a moment, before, at or after now. */
export function addAmount(series: Series, at: number, amount: bigint): void {
  if (amount === 0n) return;
  const bucket = Math.floor(at / bucketWidth(series.seconds));
  const { buckets, amounts } = series;
  let index = buckets.length;
  while (index > 0 && (buckets[index - 1] as number) > bucket) index -= 1;
  if (buckets[index - 1] === bucket) {
    const before = amounts[index - 1] as bigint;
    // A bucket over u64 is over every limit there can be; saturated it still fits the wire.
    const after = before + amount > U64_MAX ? U64_MAX : before + amount;
    amounts[index - 1] = after;
    series.total += after - before;
  } else {
    buckets.splice(index, 0, bucket);
    amounts.splice(index, 0, amount);
    series.total += amount;
  }
}

/** What counts at `now`. */
export function sumSeries(series: Series, now: number): bigint {
  const ended = countEnded(series, now);
  let sum = series.total;
  for (let index = 0; index < ended; index++) sum -= series.amounts[index] as bigint;
  return sum;
}

/** Forgets buckets that no longer count at `now`. */
export function pruneSeries(series: Series, now: number): void {
  const ended = countEnded(series, now);
  if (ended === 0) return;
  series.total = sumSeries(series, now);
  series.buckets.splice(0, ended);
  series.amounts.splice(0, ended);
}

function countEnded({ seconds, buckets }: Series, now: number): number {
  let ended = 0;
  while (ended < buckets.length && bucketEnd(seconds, buckets[ended] as number) <= now) ended += 1;
  return ended;
}

/**
 * The same spending seen through another window length. An amount is dated at the last millisecond of the bucket it is known in:
 * late, so that it counts longer, never shorter. What the source has forgotten stays forgotten.
 */
export function convertSeries(source: Series, seconds: number): Series {
  const converted = emptySeries(seconds);
  const width = bucketWidth(source.seconds);
  for (const [index, bucket] of source.buckets.entries()) {
    addAmount(converted, (bucket + 1) * width - 1, source.amounts[index] as bigint);
  }
  return converted;
}

/** The first moment at which at most `room` of these series together counts, or null when `now` is one. All have one length. */
export function findRoom(series: readonly Series[], room: bigint, now: number): number | null {
  const ends = series.flatMap(({ seconds, buckets, amounts }) =>
    buckets.map((bucket, index) => ({ end: bucketEnd(seconds, bucket), amount: amounts[index] as bigint })),
  );
  ends.sort((first, second) => first.end - second.end);
  let counted = series.reduce((sum, each) => sum + each.total, 0n);
  let moment: number | null = null;
  for (const { end, amount } of ends) {
    if (counted <= room) return moment;
    counted -= amount;
    if (end > now) moment = end;
  }
  return moment;
}
