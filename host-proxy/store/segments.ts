/** A wallet's receipts on disk: append-only segment files named by the seq of their first receipt. */

import type { FileHandle } from 'node:fs/promises';
import { open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ReeveError } from '../../enclave/link/errors.ts';
import { hashReceipt } from '../../enclave/link/receipts.ts';
import { syncDirectory, writeInPlace } from './files.ts';
import { encodeRecord, RECORD_HEADER_BYTES, readRecords } from './records.ts';

/** Bytes after which a new segment begins. */
const SEGMENT_BYTES = 2 * 1024 * 1024;
const NAME = /^([0-9]{10})\.seg$/;

/** The last receipt of a chain: its seq and hash. Seq 0 stands before the first. */
export interface ChainEnd {
  readonly seq: number;
  readonly hash: Uint8Array;
}

export interface Segments {
  readonly directory: string;
  /** The file that is written to; null before the first receipt. */
  current: { readonly handle: FileHandle; size: number } | null;
}

/**
 * Opens the segments so that they end exactly at `end`, the newest receipt a stored head covers. What lies after it was never released and is cut, if
 * `mayCut`. When receipts under `end` are missing or changed, or a cut is needed and not allowed, it throws `store-damaged` and leaves everything as it is.
 */
export async function openSegments(directory: string, end: ChainEnd, mayCut: boolean): Promise<Segments> {
  const firsts = (await listSegments(directory)).reverse();
  const unreleased = firsts.filter((first) => first > end.seq);
  const last = firsts.find((first) => first <= end.seq);
  if (last === undefined && end.seq > 0) throw damaged('receipts', end.seq);
  if (unreleased.length > 0 && !mayCut) throw damaged('head', end.seq);
  const current = last === undefined ? null : await openLast(directory, last, end, mayCut);
  for (const first of unreleased) await unlink(join(directory, nameSegment(first)));
  if (unreleased.length > 0) await syncDirectory(directory);
  return { directory, current };
}

async function openLast(
  directory: string,
  first: number,
  end: ChainEnd,
  mayCut: boolean,
): Promise<Segments['current']> {
  const path = join(directory, nameSegment(first));
  const file = await readFile(path);
  const records = readRecords(file);
  const count = end.seq - first + 1;
  const newest = records[count - 1];
  if (newest === undefined || !Buffer.from(hashReceipt(newest)).equals(end.hash)) throw damaged('receipt', end.seq);
  const size = records.slice(0, count).reduce((sum, record) => sum + RECORD_HEADER_BYTES + record.length, 0);
  if (file.length > size && !mayCut) throw damaged('head', end.seq);
  if (file.length > size) await cutFile(path, size);
  return { handle: await open(path, 'r+'), size };
}

async function cutFile(path: string, size: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(size);
    await handle.sync();
  } finally {
    await handle.close();
  }
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
  if (segments.current === null || segments.current.size >= SEGMENT_BYTES) await beginSegment(segments, first);
  const current = segments.current as NonNullable<Segments['current']>;
  const bytes = Buffer.concat(receipts.map(encodeRecord));
  await writeInPlace(current.handle, bytes, current.size);
  current.size += bytes.length;
}

async function beginSegment(segments: Segments, first: number): Promise<void> {
  const handle = await open(join(segments.directory, nameSegment(first)), 'w+', 0o600);
  try {
    await syncDirectory(segments.directory);
  } catch (cause) {
    await handle.close();
    throw cause;
  }
  await segments.current?.handle.close();
  segments.current = { handle, size: 0 };
}

/** First seqs of all segments, ascending. */
export async function listSegments(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** The receipts of one segment in order, the first with seq `first`. */
export async function readSegment(directory: string, first: number): Promise<Uint8Array[]> {
  return readRecords(await readFile(join(directory, nameSegment(first))));
}

function nameSegment(first: number): string {
  return `${String(first).padStart(10, '0')}.seg`;
}
