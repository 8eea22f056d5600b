/**
 * The CBOR (RFC 8949) of the NSM and of attestation documents: a bounded reader and a small writer.
 *
 * The reader takes integers, byte and text strings, arrays, maps, booleans and null in their shortest form. Of indefinite lengths it
 * takes maps only, because current NSMs write one. Everything else is refused: floats, tags (but 18 once at the top, when asked for),
 * undefined, chunked strings, indefinite arrays, duplicate keys, trailing bytes. Key order is not checked: no NSM sorts.
 */
import type { AttestationCode, Result } from './codes.ts';
import { accept, refuse } from './codes.ts';

export type CborKey = number | bigint | string;
export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<CborKey, CborValue>;

/** Levels of arrays and maps inside each other. */
const MAX_DEPTH = 8;
const TAG_COSE_SIGN1 = 0xd2;
const BREAK = 0xff;
const INDEFINITE_MAP = 0xbf;

/** Thrown inside this file only, to leave the recursion; the reason is in the reader. */
const STOP = new Error('cbor');
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Reader {
  readonly bytes: Uint8Array;
  position: number;
  reason: AttestationCode;
}

/**
 * Reads exactly one CBOR item from all of `bytes`. Integers come as `number` when safe, else as `bigint`; byte strings are views into
 * `bytes`. `coseTag` allows tag 18 before the item. Never throws.
 */
export function decodeCbor(bytes: Uint8Array, { coseTag = false } = {}): Result<CborValue> {
  const reader: Reader = { bytes, position: 0, reason: 'cbor-truncated' };
  try {
    if (coseTag && bytes[0] === TAG_COSE_SIGN1) {
      reader.position = 1;
    }
    const value = readItem(reader, 0);
    return reader.position === bytes.length ? accept(value) : refuse('cbor-trailing', `at byte ${reader.position}`);
  } catch (error) {
    if (error !== STOP) {
      throw error;
    }
    return refuse(reader.reason, `at byte ${reader.position}`);
  }
}

function stop(reader: Reader, reason: AttestationCode): never {
  reader.reason = reason;
  throw STOP;
}

function readByte(reader: Reader): number {
  const byte = reader.bytes[reader.position];
  if (byte === undefined) {
    return stop(reader, 'cbor-truncated');
  }
  reader.position += 1;
  return byte;
}

function take(reader: Reader, length: number): Uint8Array {
  if (length > reader.bytes.length - reader.position) {
    return stop(reader, 'cbor-truncated');
  }
  const start = reader.position;
  reader.position += length;
  return reader.bytes.subarray(start, start + length);
}

function readItem(reader: Reader, depth: number): CborValue {
  if (depth > MAX_DEPTH) {
    return stop(reader, 'cbor-too-deep');
  }
  const initial = readByte(reader);
  if (initial === INDEFINITE_MAP) {
    return readIndefiniteMap(reader, depth);
  }
  const info = initial & 0x1f;
  switch (initial >> 5) {
    case 0:
      return readArgument(reader, info);
    case 1:
      return negate(readArgument(reader, info));
    case 2:
      return take(reader, readLength(reader, info));
    case 3:
      return readText(reader, info);
    case 4:
      return readArray(reader, info, depth);
    case 5:
      return readMap(reader, info, depth);
    default:
      return readSimple(reader, initial);
  }
}

/** The argument of an item head: the value itself below 24, else 1, 2, 4 or 8 bytes, and never more bytes than needed. */
function readArgument(reader: Reader, info: number): number | bigint {
  if (info < 24) {
    return info;
  }
  if (info > 27) {
    return stop(reader, 'cbor-unsupported');
  }
  const width = 1 << (info - 24);
  let value = 0n;
  for (const byte of take(reader, width)) {
    value = (value << 8n) | BigInt(byte);
  }
  const least = width === 1 ? 24n : 1n << BigInt(width * 4);
  if (value < least) {
    return stop(reader, 'cbor-not-minimal');
  }
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function negate(value: number | bigint): number | bigint {
  const result = -1n - BigInt(value);
  return result >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(result) : result;
}

/** A length or count. Each byte or element needs at least one byte of input, so a count beyond what is left is refused before anything is allocated. */
function readLength(reader: Reader, info: number): number {
  const length = readArgument(reader, info);
  if (typeof length === 'bigint' || length > reader.bytes.length - reader.position) {
    return stop(reader, 'cbor-truncated');
  }
  return length;
}

function readText(reader: Reader, info: number): string {
  const bytes = take(reader, readLength(reader, info));
  try {
    return utf8.decode(bytes);
  } catch {
    return stop(reader, 'cbor-not-text');
  }
}

function readArray(reader: Reader, info: number, depth: number): CborValue {
  const count = readLength(reader, info);
  const items: CborValue[] = [];
  for (let index = 0; index < count; index += 1) {
    items.push(readItem(reader, depth + 1));
  }
  return items;
}

function readMap(reader: Reader, info: number, depth: number): CborValue {
  const count = readLength(reader, info);
  const map = new Map<CborKey, CborValue>();
  for (let index = 0; index < count; index += 1) {
    readEntry(reader, map, depth);
  }
  return map;
}

function readIndefiniteMap(reader: Reader, depth: number): CborValue {
  const map = new Map<CborKey, CborValue>();
  while (reader.bytes[reader.position] !== BREAK) {
    readEntry(reader, map, depth);
  }
  reader.position += 1;
  return map;
}

function readEntry(reader: Reader, map: Map<CborKey, CborValue>, depth: number): void {
  const key = readItem(reader, depth + 1);
  if (typeof key !== 'number' && typeof key !== 'bigint' && typeof key !== 'string') {
    stop(reader, 'cbor-key-type');
  }
  if (map.has(key)) {
    stop(reader, 'cbor-duplicate-key');
  }
  map.set(key, readItem(reader, depth + 1));
}

function readSimple(reader: Reader, initial: number): boolean | null {
  switch (initial) {
    case 0xf4:
      return false;
    case 0xf5:
      return true;
    case 0xf6:
      return null;
    default:
      return stop(reader, 'cbor-unsupported');
  }
}

/** Writes one item in shortest form with definite lengths, maps in their own order. The value is our own: a number that is not a safe integer is a fault and throws. */
export function encodeCbor(value: CborValue): Uint8Array {
  const parts: Uint8Array[] = [];
  writeItem(parts, value);
  return Buffer.concat(parts);
}

function writeItem(parts: Uint8Array[], value: CborValue): void {
  if (typeof value === 'number' || typeof value === 'bigint') {
    writeInteger(parts, value);
  } else if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'utf8');
    parts.push(head(3, bytes.length), bytes);
  } else if (value instanceof Uint8Array) {
    parts.push(head(2, value.length), value);
  } else if (value === null || typeof value === 'boolean') {
    parts.push(Uint8Array.of(value === null ? 0xf6 : value ? 0xf5 : 0xf4));
  } else if (value instanceof Map) {
    parts.push(head(5, value.size));
    for (const [key, item] of value) {
      writeItem(parts, key);
      writeItem(parts, item);
    }
  } else {
    writeArray(parts, value as readonly CborValue[]);
  }
}

function writeArray(parts: Uint8Array[], items: readonly CborValue[]): void {
  parts.push(head(4, items.length));
  for (const item of items) {
    writeItem(parts, item);
  }
}

function writeInteger(parts: Uint8Array[], value: number | bigint): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError('encodeCbor: a number must be a safe integer');
  }
  parts.push(value < 0 ? head(1, -1n - BigInt(value)) : head(0, value));
}

function head(major: number, argument: number | bigint): Uint8Array {
  const value = BigInt(argument);
  if (value < 24n) {
    return Uint8Array.of((major << 5) | Number(value));
  }
  const width = value < 0x100n ? 1 : value < 0x10000n ? 2 : value < 0x100000000n ? 4 : 8;
  const bytes = new Uint8Array(1 + width);
  bytes[0] = (major << 5) | (24 + Math.log2(width));
  for (let index = 0; index < width; index += 1) {
    bytes[width - index] = Number((value >> BigInt(8 * index)) & 0xffn);
  }
  return bytes;
}
