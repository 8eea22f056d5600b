/** The layout that legacy and version 0 messages share: counts as compact-u16, signatures before the message. */
import type { Cursor, Writer } from './bytes.ts';
import {
  measureCompactU16,
  openWriter,
  readByte,
  readBytes,
  readCompactU16,
  writeByte,
  writeBytes,
  writeCompactU16,
  writeHex,
} from './bytes.ts';
import { PUBKEY_BYTES, pubkeyFromBytes } from './keys.ts';
import type { CompiledInstruction, Message, TableLookup } from './message-parts.ts';
import { HEADER_BYTES, LIFETIME_BYTES, VERSION_BIT } from './message-parts.ts';
import type { Hash, Pubkey } from './types.ts';

/** The fewest bytes an instruction takes: program, no accounts, no data. */
const MIN_INSTRUCTION_BYTES = 3;

/** Reads a message up to its last field; what follows is for the caller to refuse, and so is a fault of the cursor. */
export function readV0(cursor: Cursor, version: 'legacy' | 0): Message {
  if (version === 0) cursor.at += 1;
  const requiredSignatures = readByte(cursor);
  const readonlySigned = readByte(cursor);
  const readonlyUnsigned = readByte(cursor);
  const keys = readKeys(cursor, readCompactU16(cursor));
  const lifetime = readBytes(cursor, LIFETIME_BYTES).toHex() as Hash;
  const instructions = readInstructions(cursor);
  const body = { version, requiredSignatures, readonlySigned, readonlyUnsigned, keys, lifetime, instructions };
  const lookups = version === 0 ? readLookups(cursor) : [];
  return lookups.length === 0 ? body : { ...body, lookups };
}

/** So many keys, as they stand in every version. */
export function readKeys(cursor: Cursor, count: number): Pubkey[] {
  const block = readBytes(cursor, count * PUBKEY_BYTES);
  const keys: Pubkey[] = [];
  for (let at = 0; at < block.length; at += PUBKEY_BYTES) {
    keys.push(pubkeyFromBytes(block.subarray(at, at + PUBKEY_BYTES)));
  }
  return keys;
}

function readInstructions(cursor: Cursor): CompiledInstruction[] {
  const count = readCompactU16(cursor);
  const instructions: CompiledInstruction[] = [];
  if (count * MIN_INSTRUCTION_BYTES > cursor.bytes.length) cursor.fault ??= 'undecodable';
  while (instructions.length < count && cursor.fault === null) {
    const program = readByte(cursor);
    const accounts = readBytes(cursor, readCompactU16(cursor));
    const data = readBytes(cursor, readCompactU16(cursor));
    instructions.push({ program, accounts, data });
  }
  return instructions;
}

function readLookups(cursor: Cursor): TableLookup[] {
  const count = readCompactU16(cursor);
  const lookups: TableLookup[] = [];
  while (lookups.length < count && cursor.fault === null) {
    const [table] = readKeys(cursor, 1);
    const writable = readBytes(cursor, readCompactU16(cursor));
    const readonly = readBytes(cursor, readCompactU16(cursor));
    if (table !== undefined) lookups.push({ table, writable, readonly });
  }
  return lookups;
}

export function writeV0(message: Message): Uint8Array {
  const { version, keys, lifetime, instructions } = message;
  const out = openWriter(measureV0(message));
  if (version === 0) writeByte(out, VERSION_BIT);
  writeByte(out, message.requiredSignatures);
  writeByte(out, message.readonlySigned);
  writeByte(out, message.readonlyUnsigned);
  writeCompactU16(out, keys.length);
  for (const key of keys) writeHex(out, key);
  writeHex(out, lifetime);
  writeCompactU16(out, instructions.length);
  for (const { program, accounts, data } of instructions) {
    writeByte(out, program);
    writeList(out, accounts);
    writeList(out, data);
  }
  if (version === 0) writeLookups(out, message.lookups ?? []);
  return out.bytes;
}

function writeList(out: Writer, bytes: Uint8Array): void {
  writeCompactU16(out, bytes.length);
  writeBytes(out, bytes);
}

function writeLookups(out: Writer, lookups: readonly TableLookup[]): void {
  writeCompactU16(out, lookups.length);
  for (const { table, writable, readonly } of lookups) {
    writeHex(out, table);
    writeList(out, writable);
    writeList(out, readonly);
  }
}

function measureV0({ version, keys, instructions, lookups = [] }: Message): number {
  let size = HEADER_BYTES + measureCompactU16(keys.length) + keys.length * PUBKEY_BYTES + LIFETIME_BYTES;
  size += measureCompactU16(instructions.length);
  for (const { accounts, data } of instructions) size += 1 + measureList(accounts) + measureList(data);
  if (version === 'legacy') return size;
  size += 1 + measureCompactU16(lookups.length);
  for (const { writable, readonly } of lookups) size += PUBKEY_BYTES + measureList(writable) + measureList(readonly);
  return size;
}

function measureList({ length }: Uint8Array): number {
  return measureCompactU16(length) + length;
}
