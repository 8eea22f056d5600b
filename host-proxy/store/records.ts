/** Records on disk: u32 big-endian length, u32 big-endian CRC-32 of the bytes, the bytes. */

import { crc32 } from 'node:zlib';

export const RECORD_HEADER_BYTES = 8;
/** Longest record, bytes: a receipt fits one frame of the owner plane. */
const RECORD_BYTES_MAX = 64 * 1024;

export function encodeRecord(bytes: Uint8Array): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_BYTES + bytes.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(4, crc32(bytes));
  record.set(bytes, RECORD_HEADER_BYTES);
  return record;
}

/** The record that starts at `at`, or null where none is whole and unharmed. */
export function readRecord(file: Uint8Array, at: number): Uint8Array | null {
  if (at + RECORD_HEADER_BYTES > file.length) return null;
  const view = new DataView(file.buffer, file.byteOffset);
  const length = view.getUint32(at);
  const start = at + RECORD_HEADER_BYTES;
  if (length === 0 || length > RECORD_BYTES_MAX || start + length > file.length) return null;
  const bytes = file.subarray(start, start + length);
  return crc32(bytes) === view.getUint32(at + 4) ? bytes : null;
}

/** All records from the start up to the first that is not whole. What follows is not looked at: the caller knows how many there must be. */
export function readRecords(file: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  let at = 0;
  for (let record = readRecord(file, at); record !== null; record = readRecord(file, at)) {
    records.push(record);
    at += RECORD_HEADER_BYTES + record.length;
  }
  return records;
}
