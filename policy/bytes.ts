/// <reference lib="esnext.typedarrays" />
/**
 * Reading and writing bytes. A cursor never throws: the first thing that is wrong is kept as its `fault`, every later read
 * gives zeroes, and the caller looks at the fault before it uses anything.
 */

/** Why bytes could not be read; each is a code of `codes.ts`. */
export type ReadFault = 'undecodable' | 'not-canonical';

export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  fault: ReadFault | null;
}

const NO_BYTES = new Uint8Array(0);

/** The largest value of a compact-u16. */
const MAX_COMPACT_U16 = 0xffff;

export function openCursor(bytes: Uint8Array, at = 0): Cursor {
  return { bytes, at, fault: null };
}

function fail(cursor: Cursor, fault: ReadFault): 0 {
  cursor.fault ??= fault;
  cursor.at = cursor.bytes.length;
  return 0;
}

/** One byte; `undecodable` at the end of the bytes. */
export function readByte(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at];
  if (byte === undefined) return fail(cursor, 'undecodable');
  cursor.at += 1;
  return byte;
}

/** A view of the next `length` bytes, not a copy; `undecodable` when there are fewer. */
export function readBytes(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.at + length;
  if (end > cursor.bytes.length) {
    fail(cursor, 'undecodable');
    return NO_BYTES;
  }
  const part = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return part;
}

/**
 * Solana's compact-u16: seven bits a byte, low first, at most three bytes. Only the shortest form is read: a longer form of the
 * same number, and a third byte that would pass 65,535, are `not-canonical`.
 */
export function readCompactU16(cursor: Cursor): number {
  const first = readByte(cursor);
  if (first < 0x80) return first;
  // At the end of the bytes a zero is read, and the fault that is kept is that of the end.
  const second = readByte(cursor);
  if (second === 0) return fail(cursor, 'not-canonical');
  const low = (first & 0x7f) | ((second & 0x7f) << 7);
  if (second < 0x80) return low;
  const third = readByte(cursor);
  return third === 0 || third > 3 ? fail(cursor, 'not-canonical') : low | (third << 14);
}

/** Bytes being written; made as long as what will be written. */
export interface Writer {
  readonly bytes: Uint8Array;
  at: number;
}

export function openWriter(length: number): Writer {
  return { bytes: new Uint8Array(length), at: 0 };
}

export function writeByte(writer: Writer, byte: number): void {
  writer.bytes[writer.at] = byte;
  writer.at += 1;
}

export function writeBytes(writer: Writer, bytes: Uint8Array): void {
  writer.bytes.set(bytes, writer.at);
  writer.at += bytes.length;
}

/** Little-endian. */
export function writeU16(writer: Writer, value: number): void {
  writeByte(writer, value);
  writeByte(writer, value >> 8);
}

/** Little-endian. */
export function writeU32(writer: Writer, value: number): void {
  writeU16(writer, value & 0xffff);
  writeU16(writer, value >>> 16);
}

/** Little-endian. */
export function writeU64(writer: Writer, value: bigint): void {
  writeU32(writer, Number(value & 0xffffffffn));
  writeU32(writer, Number(value >> 32n));
}

export function writeHex(writer: Writer, hex: string): void {
  writer.at += writer.bytes.subarray(writer.at).setFromHex(hex).written;
}

/** Bytes of the shortest form of a number from 0 to 65,535. A larger one is a mistake of the caller. */
export function measureCompactU16(value: number): number {
  if (value > MAX_COMPACT_U16) throw new RangeError('not a compact-u16');
  if (value < 0x80) return 1;
  return value < 0x4000 ? 2 : 3;
}

export function writeCompactU16(writer: Writer, value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    writeByte(writer, (rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  writeByte(writer, rest);
}

/** Little-endian u32 at `at`. The caller has checked the length. */
export function readU32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return (low | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

/** Little-endian u64 at `at`. The caller has checked the length. */
export function readU64(bytes: Uint8Array, at: number): bigint {
  return (BigInt(readU32(bytes, at + 4)) << 32n) | BigInt(readU32(bytes, at));
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i += 1) if (left[i] !== right[i]) return false;
  return true;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
