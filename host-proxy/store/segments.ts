/** A wallet's receipts on disk: append-only segment files named by the seq of their first receipt. */

import { join } from 'node:path';
import { ReeveError } from '../../enclave/link/errors.ts';
import { hashReceipt } from '../../enclave/link/receipts.ts';
import { writeInPlace } from './durable.ts';
import type { Files, OpenFile } from './files.ts';
import { encodeRecord, RECORD_HEADER_BYTES, readRecords } from './records.ts';

/** Bytes after which a new segment begins. */
const SEGMENT_BYTES = 2 * 1024 * 1024;
/** A segment's room grows before its receipts do, by what it holds and at most by this: to write where room is costs less than to make a file longer. Bytes. */
const GROWTH_BYTES = 256 * 1024;
const BLOCK_BYTES = 4096;
const NAME = /^([0-9]{10})\.seg$/;

/** The last receipt of a chain: its seq and hash. Seq 0 stands before the first. */
export interface ChainEnd {
  readonly seq: number;
  readonly hash: Uint8Array;
}

export interface Segments {
  readonly files: Files;
  readonly directory: string;
  /** The file that is written to; null before the first receipt. After `size` there are zeros up to `room`, or if `torn` what a failed append left. */
  current: { readonly file: OpenFile; size: number; room: number; torn: boolean } | null;
}

/** The receipts one segment must hold: `count` of them, the first with seq `first`. */
export interface Run {
  readonly first: number;
  readonly count: number;
}

/**
 * Opens the segments so that they end exactly at `end`, the newest receipt a stored head covers. What lies after it was never released and is cut, if
 * `mayCut`. When receipts under `end` are missing or changed, or a cut is needed and not allowed, it throws `store-damaged` and leaves everything as it is.
 */
export async function openSegments(files: Files, directory: string, end: ChainEnd, mayCut: boolean): Promise<Segments> {
  const firsts = (await listSegments(files, directory)).reverse();
  const unreleased = firsts.filter((first) => first > end.seq);
  const last = firsts.find((first) => first <= end.seq);
  if (last === undefined && end.seq > 0) throw damaged('receipts', end.seq);
  if (unreleased.length > 0 && !mayCut) throw damaged('head', end.seq);
  const path = last === undefined ? null : segmentPath(directory, last);
  const sizes = path === null ? null : measureLast(await files.read(path), end.seq - (last ?? 0) + 1, end);
  if (sizes !== null && sizes.found > sizes.wanted && !mayCut) throw damaged('head', end.seq);
  for (const first of unreleased) await files.remove(segmentPath(directory, first));
  if (unreleased.length > 0) await files.syncFolder(directory);
  const current = path === null || sizes === null ? null : await openLast(files, path, sizes);
  return { files, directory, current };
}

interface Sizes {
  readonly wanted: number;
  readonly found: number;
  readonly room: number;
}

/** Bytes up to the end of the receipt that must be the last of `count`, bytes that are there, and those with the zeros after them. */
function measureLast(content: Uint8Array, count: number, end: ChainEnd): Sizes {
  const records = readRecords(content);
  const newest = records[count - 1];
  if (newest === undefined || !Buffer.from(hashReceipt(newest)).equals(end.hash)) throw damaged('receipt', end.seq);
  const wanted = records.slice(0, count).reduce((sum, record) => sum + RECORD_HEADER_BYTES + record.length, 0);
  const found = Math.max(wanted, content.findLastIndex((byte) => byte !== 0) + 1);
  return { wanted, found, room: content.length };
}

async function openLast(files: Files, path: string, { wanted, found, room }: Sizes): Promise<Segments['current']> {
  const file = await files.open(path, 'update');
  try {
    if (found > wanted) await file.truncate(wanted);
    if (found > wanted) await file.sync();
  } catch (cause) {
    await file.close();
    throw cause;
  }
  return { file, size: wanted, room: found > wanted ? wanted : room, torn: false };
}

function damaged(what: string, seq: number): ReeveError {
  return new ReeveError('store-damaged', { what, seq });
}

/** Appends receipts that follow each other, the first with seq `first`; durable when it resolves. After a failure the same call may be repeated. */
export async function appendReceipts(
  segments: Segments,
  first: number,
  receipts: readonly Uint8Array[],
): Promise<void> {
  if (segments.current?.torn === true) await cutTorn(segments.current);
  if (segments.current === null || segments.current.size >= SEGMENT_BYTES) await beginSegment(segments, first);
  const current = segments.current as NonNullable<Segments['current']>;
  const bytes = Buffer.concat(receipts.map(encodeRecord));
  current.torn = true;
  if (current.size + bytes.length > current.room) await makeRoom(current, bytes.length);
  await writeInPlace(current.file, bytes, current.size);
  current.torn = false;
  current.size += bytes.length;
}

async function cutTorn(current: NonNullable<Segments['current']>): Promise<void> {
  await current.file.truncate(current.size);
  current.room = current.size;
}

/** Zeros up to where the next receipts end and some more. They reach the disk with the receipts' own sync. */
async function makeRoom(current: NonNullable<Segments['current']>, bytes: number): Promise<void> {
  const end = current.size + bytes + Math.min(current.size, GROWTH_BYTES);
  const room = Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES;
  await current.file.write(new Uint8Array(room - current.room), current.room);
  current.room = room;
}

async function beginSegment(segments: Segments, first: number): Promise<void> {
  const { files, directory } = segments;
  const file = await files.open(segmentPath(directory, first), 'replace');
  try {
    await files.syncFolder(directory);
  } catch (cause) {
    await file.close();
    throw cause;
  }
  const before = segments.current;
  segments.current = { file, size: 0, room: 0, torn: false };
  if (before !== null) await closeFile(before);
}

/** Ends writing. */
export async function closeSegments({ current }: Segments): Promise<void> {
  if (current !== null) await closeFile(current);
}

/** Room that was not needed is given back. Where that fails it stays: zeros are no receipts. */
async function closeFile({ file, size, room }: NonNullable<Segments['current']>): Promise<void> {
  if (room > size) await file.truncate(size).catch(() => undefined);
  await file.close();
}

/** First seqs of all segments, ascending. */
export async function listSegments(files: Files, directory: string): Promise<number[]> {
  const names = await files.list(directory);
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** What each segment must hold of a chain that is stored up to `end`, oldest first. */
export async function listRuns(files: Files, directory: string, end: number): Promise<Run[]> {
  const firsts = (await listSegments(files, directory)).filter((first) => first <= end);
  return firsts.map((first, index) => ({ first, count: (firsts[index + 1] ?? end + 1) - first }));
}

/** The receipts of one segment in order. `store-damaged` when one of them cannot be read: a shorter list would hide it. */
export async function readRun(files: Files, directory: string, { first, count }: Run): Promise<Uint8Array[]> {
  const records = readRecords(await files.read(segmentPath(directory, first)));
  if (records.length < count) throw damaged('receipt', first + records.length);
  return records.slice(0, count);
}

/** Where the segment lies whose first receipt has seq `first`. */
export function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(10, '0')}.seg`);
}
