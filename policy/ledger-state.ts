/** A ledger as plain data for checkpoints: strings, numbers below 2^32, bigint, lists. */

import type { Ledger, LineId } from './ledger.ts';
import { emptyLedger } from './ledger.ts';
import { LEDGER_LINES_MAX, U64_MAX, WINDOW_SECONDS_MAX } from './limits.ts';
import type { Millis, Result } from './types.ts';
import type { Series } from './windows.ts';

/** `gaps` are the distances from bucket to bucket, the first from `first`. */
export interface SeriesState {
  readonly seconds: number;
  readonly first: bigint;
  readonly gaps: readonly number[];
  readonly amounts: readonly bigint[];
}

export interface LedgerState {
  readonly v: 1;
  readonly latest: bigint;
  readonly lines: readonly { readonly line: string; readonly windows: readonly SeriesState[] }[];
}

/** The ledger's whole state. Lines are in order of their names, so that equal ledgers give equal bytes. */
export function exportLedger(ledger: Ledger): LedgerState {
  const lines = [...ledger.lines]
    .filter(([, line]) => line.some(({ buckets }) => buckets.length > 0))
    .sort(([first], [second]) => (first < second ? -1 : 1))
    .map(([line, series]) => ({ line, windows: series.map(exportSeries) }));
  return { v: 1, latest: BigInt(ledger.latest), lines };
}

function exportSeries({ seconds, buckets, amounts }: Series): SeriesState {
  const gaps = buckets.map((bucket, index) => bucket - (buckets[index - 1] ?? bucket));
  return { seconds, first: BigInt(buckets[0] ?? 0), gaps, amounts: [...amounts] };
}

/** Reads what `exportLedger` wrote. The bytes were signed by our own receipt key, and are checked all the same. */
export function importLedger(state: unknown): Result<Ledger, string> {
  if (!isRecord(state) || state['v'] !== 1) return refuse('version');
  const { latest, lines } = state;
  if (!isTime(latest)) return refuse('latest');
  if (!Array.isArray(lines) || lines.length > LEDGER_LINES_MAX * 2) return refuse('lines');
  const ledger = emptyLedger();
  ledger.latest = Number(latest) as Millis;
  for (const fields of lines as unknown[]) {
    if (!isRecord(fields)) return refuse('line');
    const { line, windows } = fields;
    if (typeof line !== 'string' || line.length > 200 || ledger.lines.has(line)) return refuse('line');
    const series = Array.isArray(windows) ? windows.map(importSeries) : [];
    if (series.length === 0 || series.includes(null) || !isAscending(series as Series[]))
      return refuse(`windows of ${line}`);
    ledger.lines.set(line as LineId, series as Series[]);
  }
  return { ok: true, value: ledger };
}

function importSeries(state: unknown): Series | null {
  if (!isRecord(state)) return null;
  const { seconds, first, gaps, amounts } = state;
  if (!isCount(seconds) || seconds < 1 || seconds > WINDOW_SECONDS_MAX || !isTime(first)) return null;
  if (!Array.isArray(gaps) || !Array.isArray(amounts) || gaps.length !== amounts.length) return null;
  const series: Series = { seconds, total: 0n, buckets: [], amounts: [] };
  let bucket = Number(first);
  for (const [index, gap] of (gaps as unknown[]).entries()) {
    const amount: unknown = amounts[index];
    if (!isCount(gap) || (gap === 0) !== (index === 0)) return null;
    if (typeof amount !== 'bigint' || amount <= 0n || amount > U64_MAX) return null;
    bucket += gap;
    series.buckets.push(bucket);
    series.amounts.push(amount);
    series.total += amount;
  }
  return series;
}

function isAscending(line: readonly Series[]): boolean {
  return line.every(({ seconds }, index) => index === 0 || seconds > (line[index - 1] as Series).seconds);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}

function isTime(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER);
}

function refuse(what: string): { ok: false; refusal: string } {
  return { ok: false, refusal: `ledger state: ${what}` };
}
