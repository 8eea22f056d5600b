/**
 * The wire's CBOR profile (a subset of RFC 8949): unsigned and negative integers, byte and text strings, arrays, maps with text keys,
 * false, true, null. Refused: tags, floats, undefined, indefinite lengths, duplicate keys, depth over 8, trailing bytes, and whatever does
 * not encode back to the very same bytes. A JavaScript `bigint` is always a u64 in nine bytes, a nine-byte integer always reads as `bigint`:
 * amounts and times are bigint, counters are numbers below 2^32.
 */

import { Encoder } from 'cbor-x';
import type { Cbor } from './cbor-writer.ts';
import { isEncodingOf, malformed } from './cbor-writer.ts';
import { CBOR_DEPTH } from './limits.ts';

export type { Cbor } from './cbor-writer.ts';
export { appendMember, encodeCbor, measureCbor } from './cbor-writer.ts';

const codec = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false, mapsAsObjects: true });

const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;

/** Decodes exactly one item of the profile or throws `cbor-malformed`. Does not check any schema. */
export function decodeCbor(bytes: Uint8Array): Cbor {
  if (scanItem(bytes, 0, 0) !== bytes.length) throw malformed('trailing bytes');
  let value: Cbor;
  try {
    value = codec.decode(bytes) as Cbor;
  } catch {
    throw malformed('not well-formed');
  }
  if (!isEncodingOf(bytes, value)) throw malformed('not in the one accepted encoding');
  return value;
}

/** Members of a map by name, those that are there; of the others only the form is looked at, and not whether the encoding is the accepted one. */
export function readMembers(bytes: Uint8Array, names: readonly string[]): Record<string, Cbor> {
  const head = bytes[0] ?? 0;
  if (head >> 5 !== MAJOR.map) throw malformed('not a map');
  const { length: count, next } = scanLength(bytes, 1, head & 31, MAJOR.map);
  const found: Record<string, Cbor> = {};
  let at = next;
  for (let index = 0; index < count; index++) {
    const value = scanItem(bytes, at, 1);
    const end = scanItem(bytes, value, 1);
    const key = decodeCbor(bytes.subarray(at, value));
    if (names.includes(key as string)) found[key as string] = decodeCbor(bytes.subarray(value, end));
    at = end;
  }
  if (at !== bytes.length) throw malformed('trailing bytes');
  return found;
}

/** Walks one item and returns where it ends; allocates nothing, whatever lengths are claimed. */
function scanItem(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > CBOR_DEPTH) throw malformed('nested too deep');
  const head = bytes[at];
  if (head === undefined) throw malformed('cut short');
  const major = head >> 5;
  const { length, next } = scanLength(bytes, at + 1, head & 31, major);
  switch (major) {
    case MAJOR.uint:
    case MAJOR.negative:
    case MAJOR.simple:
      return next;
    case MAJOR.bytes:
    case MAJOR.text:
      return skip(bytes, next, length);
    case MAJOR.array:
      return scanItems(bytes, next, length, depth);
    case MAJOR.map:
      return scanEntries(bytes, next, length, depth);
    default:
      throw malformed('tags are refused');
  }
}

function scanLength(bytes: Uint8Array, at: number, info: number, major: number): { length: number; next: number } {
  if (major === MAJOR.simple) {
    if (info < 20 || info > 22) throw malformed('floats and other simple values are refused');
    return { length: 0, next: at };
  }
  if (info < 24) return { length: info, next: at };
  if (info > 27) throw malformed('indefinite lengths are refused');
  const size = 1 << (info - 24);
  const next = skip(bytes, at, size);
  let length = 0;
  for (let index = at; index < next; index++) length = length * 256 + (bytes[index] as number);
  return { length, next };
}

function scanItems(bytes: Uint8Array, at: number, count: number, depth: number): number {
  let next = at;
  for (let index = 0; index < count; index++) next = scanItem(bytes, next, depth + 1);
  return next;
}

function scanEntries(bytes: Uint8Array, at: number, count: number, depth: number): number {
  let next = at;
  for (let index = 0; index < count; index++) {
    if ((bytes[next] ?? 0) >> 5 !== MAJOR.text) throw malformed('map keys must be text');
    next = scanItem(bytes, scanItem(bytes, next, depth + 1), depth + 1);
  }
  return next;
}

function skip(bytes: Uint8Array, at: number, size: number): number {
  if (size > bytes.length - at) throw malformed('cut short');
  return at + size;
}
