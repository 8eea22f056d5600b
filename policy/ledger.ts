/**
 * What was spent, on which budget line, when. A ledger is keyed by assets and group names, not by a policy: a new policy finds the
 * spending of the old one. It is changed in place and only here. The caller gives the time; a clock that goes backwards opens
 * nothing, because the latest time ever seen counts as now.
 */
import { WINDOW_SECONDS_MAX } from './limits.ts';
import type { Policy, Window } from './policy.ts';
import type { AssetId, Millis, Pubkey } from './types.ts';
import type { Series } from './windows.ts';
import { addAmount, convertSeries, emptySeries, findRoom, pruneSeries, sumSeries } from './windows.ts';

/**
 * `ASSET` the wallet's own line, `ASSET|GROUP` a group's, `ASSET|GROUP|RECIPIENT` one recipient's, and `ASSET!` what the owner cannot see:
 * it may have gone anywhere, so it counts on every line of its asset.
 */
export type LineId = string & { readonly line?: never };

export interface Entry {
  readonly line: LineId;
  readonly asset: AssetId;
  readonly amount: bigint;
}

/** One series per window length, shortest first. */
type Line = Series[];

export interface Ledger {
  /** The latest time at which something was entered. */
  latest: Millis;
  readonly lines: Map<LineId, Line>;
  /** Number of lines at which lines without spending are looked for and dropped. */
  sweepAt: number;
}

/** Lines from which on a sweep pays. */
const FIRST_SWEEP = 256;

export function emptyLedger(): Ledger {
  return { latest: 0 as Millis, lines: new Map(), sweepAt: FIRST_SWEEP };
}

export function walletLine(asset: AssetId): LineId {
  return asset;
}

export function unseenLine(asset: AssetId): LineId {
  return `${asset}!`;
}

export function groupLine(asset: AssetId, group: string): LineId {
  return `${asset}|${group}`;
}

export function recipientLine(asset: AssetId, group: string, recipient: Pubkey): LineId {
  return `${asset}|${group}|${recipient}`;
}

/** Enters what one decision charges. `judge` has checked the limits in the same step of the event loop: nothing is checked here. */
export function reserve(ledger: Ledger, policy: Policy, entries: readonly Entry[], now: Millis): void {
  ledger.latest = latestOf(ledger, now);
  for (const { line, asset, amount } of entries) enter(ledger, policy, line, asset, amount, ledger.latest);
}

/** The same from a receipt, at the receipt's time. Later receipts move the ledger's time on. */
export const replayEntries = reserve;

/** A lease's charges: spending nobody saw, dated at the end of the lease it may still use, or now when that has passed. */
export function enterUnseen(
  ledger: Ledger,
  policy: Policy,
  charges: readonly { readonly asset: AssetId; readonly amount: bigint; readonly until: Millis }[],
  now: Millis,
): void {
  ledger.latest = latestOf(ledger, now);
  for (const { asset, amount, until } of charges) {
    enter(ledger, policy, unseenLine(asset), asset, amount, Math.max(ledger.latest, until));
  }
}

/** What counts in a window: known spending of the line, and unseen spending of its asset. */
export function spent(
  ledger: Ledger,
  line: LineId,
  asset: AssetId,
  seconds: number,
  now: Millis,
): { readonly seen: bigint; readonly unseen: bigint } {
  const at = latestOf(ledger, now);
  const [seen, unseen] = seriesOf(ledger, line, asset, seconds);
  return { seen: sumSeries(seen, at), unseen: sumSeries(unseen, at) };
}

/** The first moment at which at most `room` counts in a window, or null when it is so now. */
export function findLedgerRoom(
  ledger: Ledger,
  line: LineId,
  asset: AssetId,
  seconds: number,
  room: bigint,
  now: Millis,
): Millis | null {
  return findRoom(seriesOf(ledger, line, asset, seconds), room, latestOf(ledger, now)) as Millis | null;
}

/** The later of `now` and every time the ledger has seen. */
export function latestOf(ledger: Ledger, now: Millis): Millis {
  return now > ledger.latest ? now : ledger.latest;
}

function seriesOf(ledger: Ledger, line: LineId, asset: AssetId, seconds: number): readonly [Series, Series] {
  return [viewSeries(ledger.lines.get(line), seconds), viewSeries(ledger.lines.get(unseenLine(asset)), seconds)];
}

/** A line's spending through a window, also one it does not track (yet). */
function viewSeries(line: Line | undefined, seconds: number): Series {
  if (line === undefined) return emptySeries(seconds);
  const tracked = line.find((series) => series.seconds === seconds);
  return tracked ?? convertSeries(bestSource(line, seconds), seconds);
}

/** The shortest tracked window that forgets nothing the new one needs, else the longest there is. */
function bestSource(line: Line, seconds: number): Series {
  return line.find((series) => series.seconds >= seconds) ?? (line.at(-1) as Series);
}

function enter(ledger: Ledger, policy: Policy, id: LineId, asset: AssetId, amount: bigint, at: number): void {
  if (amount === 0n) return;
  if (!ledger.lines.has(id)) sweep(ledger);
  const line = trackWindows(ledger.lines.get(id), windowLengths(policy, id, asset));
  for (const series of line) {
    pruneSeries(series, ledger.latest);
    addAmount(series, at, amount);
  }
  ledger.lines.set(id, line);
}

/** The series of every length asked for; of the others only the longest stays, from which later lengths can be made. */
function trackWindows(line: Line | undefined, lengths: readonly number[]): Line {
  if (line === undefined) return lengths.map(emptySeries);
  const longest = (line.at(-1) as Series).seconds;
  const wanted = [...new Set([...lengths, longest])].sort((first, second) => first - second);
  return wanted.map((seconds) => viewSeries(line, seconds));
}

/**
 * Window lengths a line keeps. Wallet, group and unseen lines also keep the longest window any policy may have, so that a later policy's
 * longer window is seeded in full; recipients' lines do not, because an open group can have any number of them.
 */
function windowLengths(policy: Policy, id: LineId, asset: AssetId): number[] {
  const [, groupName, recipient] = id.split('|');
  const lengths = new Set<number>();
  const add = (windows: readonly Window[] | undefined) => {
    for (const { seconds } of windows ?? []) lengths.add(seconds);
  };
  if (groupName === undefined) add(policy.assets.get(asset)?.windows);
  const everywhere = id === unseenLine(asset);
  for (const group of policy.groups) if (everywhere || group.name === groupName) add(group.assets?.get(asset)?.windows);
  if (recipient === undefined || lengths.size === 0) lengths.add(WINDOW_SECONDS_MAX);
  return [...lengths].sort((first, second) => first - second);
}

/** Drops lines without spending when there are many lines, each time twice as many: constant cost per entry. */
function sweep(ledger: Ledger): void {
  if (ledger.lines.size < ledger.sweepAt) return;
  for (const [id, line] of ledger.lines) {
    for (const series of line) pruneSeries(series, ledger.latest);
    if (line.every((series) => series.buckets.length === 0)) ledger.lines.delete(id);
  }
  ledger.sweepAt = Math.max(FIRST_SWEEP, ledger.lines.size * 2);
}
