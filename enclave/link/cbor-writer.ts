/**
 * Writes the wire's CBOR profile in one pass into one buffer that is used again: every frame, receipt and head passes here, most of them
 * more than once. What it writes is the one accepted encoding: shortest heads, keys in the object's order.
 */

import { ReeveError } from './errors.ts';

export type Cbor =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Cbor[]
  | { readonly [key: string]: Cbor | undefined };

/** Bytes to begin with: more than a frame of the agent plane. */
const FIRST_BYTES = 32 * 1024;
/** Text up to so many characters is copied here; a longer one is worth a call into native code. */
const SHORT_TEXT = 48;
/** Bytes one UTF-16 code unit takes at most, and a head. */
const CHARACTER_BYTES = 3;
const HEAD_BYTES = 9;

const MAJOR = { uint: 0x00, negative: 0x20, bytes: 0x40, text: 0x60, array: 0x80, map: 0xa0 } as const;
const LITERAL = { false: 0xf4, true: 0xf5, null: 0xf6 } as const;
/** Heads of an eight-byte integer, and of lengths in one, two and four bytes. */
const EIGHT = 27;
const FOUR = 26;
const TWO = 25;
const ONE = 24;
const U64_MAX = 2n ** 64n - 1n;
const I64_MIN = -(2n ** 63n);

let out = Buffer.allocUnsafeSlow(FIRST_BYTES);
let view = new DataView(out.buffer);
let at = 0;

/** The encoding of a value. Undefined properties are left out; a number must be an integer below 2^32 in size. */
export function encodeCbor(value: Cbor): Uint8Array {
  const length = measureCbor(value);
  return new Uint8Array(out.subarray(0, length));
}

/** Bytes of a value's encoding. */
export function measureCbor(value: Cbor): number {
  at = 0;
  write(value);
  return at;
}

/** A map's encoding with one more member at its end: an array of items that are encoded already. For maps of fewer than 23 members. */
export function appendMember(map: Uint8Array, key: string, items: readonly Uint8Array[]): Uint8Array {
  at = 0;
  writeRaw(map);
  out[0] = (map[0] as number) + 1;
  writeText(key);
  writeHead(MAJOR.array, items.length);
  for (const item of items) writeRaw(item);
  return new Uint8Array(out.subarray(0, at));
}

/** Whether a value's encoding is exactly these bytes. */
export function isEncodingOf(bytes: Uint8Array, value: Cbor): boolean {
  const length = measureCbor(value);
  return length === bytes.length && out.compare(bytes, 0, length, 0, length) === 0;
}

export function malformed(detail: string): ReeveError {
  return new ReeveError('cbor-malformed', { detail });
}

function write(value: Cbor): void {
  if (typeof value === 'string') writeText(value);
  else if (typeof value === 'number') writeNumber(value);
  else if (typeof value === 'bigint') writeBigint(value);
  else if (typeof value === 'boolean') writeByte(value ? LITERAL.true : LITERAL.false);
  else if (value === null) writeByte(LITERAL.null);
  else if (value instanceof Uint8Array) writeBytes(value);
  else if (Array.isArray(value)) writeArray(value);
  else if (typeof value === 'object') writeMap(value as { readonly [key: string]: Cbor | undefined });
  else throw malformed(`${typeof value} has no encoding`);
}

function writeArray(items: readonly Cbor[]): void {
  writeHead(MAJOR.array, items.length);
  for (let index = 0; index < items.length; index += 1) write(items[index] as Cbor);
}

function writeMap(value: { readonly [key: string]: Cbor | undefined }): void {
  const keys = Object.keys(value);
  let count = 0;
  for (const key of keys) if (value[key] !== undefined) count += 1;
  writeHead(MAJOR.map, count);
  for (const key of keys) {
    const item = value[key];
    if (item === undefined) continue;
    writeText(key);
    write(item);
  }
}

function writeNumber(value: number): void {
  if (!Number.isInteger(value) || value > 0xffffffff || value < -0x7fffffff) {
    throw malformed('a number is not an integer below 2^32');
  }
  if (value < 0) writeHead(MAJOR.negative, -1 - value);
  else writeHead(MAJOR.uint, value);
}

function writeBigint(value: bigint): void {
  if (value > U64_MAX || value < I64_MIN) throw malformed('a bigint is over 64 bits');
  makeRoom(HEAD_BYTES);
  out[at] = (value < 0n ? MAJOR.negative : MAJOR.uint) | EIGHT;
  view.setBigUint64(at + 1, value < 0n ? -1n - value : value);
  at += HEAD_BYTES;
}

function writeBytes(bytes: Uint8Array): void {
  writeHead(MAJOR.bytes, bytes.length);
  writeRaw(bytes);
}

function writeRaw(bytes: Uint8Array): void {
  makeRoom(bytes.length);
  out.set(bytes, at);
  at += bytes.length;
}

function writeText(text: string): void {
  makeRoom(HEAD_BYTES + text.length * CHARACTER_BYTES);
  if (text.length <= SHORT_TEXT && writeAscii(text)) return;
  if (!text.isWellFormed()) throw malformed('text is not UTF-8');
  const length = Buffer.byteLength(text);
  writeHead(MAJOR.text, length);
  out.write(text, at, length, 'utf8');
  at += length;
}

/** Nothing is written, and false, when a character is not ASCII. */
function writeAscii(text: string): boolean {
  const { length } = text;
  const bytes = out;
  const start = at + (length < ONE ? 1 : 2);
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return false;
    bytes[start + index] = code;
  }
  writeHead(MAJOR.text, length);
  at += length;
  return true;
}

function writeHead(major: number, length: number): void {
  makeRoom(HEAD_BYTES);
  if (length < ONE) {
    out[at] = major | length;
    at += 1;
  } else if (length <= 0xff) {
    out[at] = major | ONE;
    out[at + 1] = length;
    at += 2;
  } else if (length <= 0xffff) {
    out[at] = major | TWO;
    view.setUint16(at + 1, length);
    at += 3;
  } else {
    out[at] = major | FOUR;
    view.setUint32(at + 1, length);
    at += 5;
  }
}

function writeByte(byte: number): void {
  makeRoom(1);
  out[at] = byte;
  at += 1;
}

function makeRoom(bytes: number): void {
  if (at + bytes <= out.length) return;
  const larger = Buffer.allocUnsafeSlow((at + bytes) * 2);
  out.copy(larger, 0, 0, at);
  out = larger;
  view = new DataView(out.buffer);
}
