/**
 * The message inside a Squads v4 vault transaction: like a message of the chain, but with single-byte counts and without a blockhash. Squads
 * itself accepts trailing bytes, keys that appear twice and programs from lookup tables; none of them is accepted here.
 */
import type { Cursor, Writer } from '../bytes.ts';
import {
  equalBytes,
  openCursor,
  openWriter,
  readByte,
  readBytes,
  writeByte,
  writeBytes,
  writeHex,
  writeU16,
} from '../bytes.ts';
import { PUBKEY_BYTES } from '../keys.ts';
import type { CompiledInstruction, TableLookup } from '../message-parts.ts';
import { readKeys } from '../message-v0.ts';
import type { Pubkey, Result } from '../types.ts';

export interface InnerMessage {
  /** The first keys sign, of them the first so many are writable; then writable keys that do not sign, then the rest. */
  readonly requiredSignatures: number;
  readonly writableSigners: number;
  readonly writableOthers: number;
  readonly keys: readonly Pubkey[];
  readonly instructions: readonly CompiledInstruction[];
  readonly lookups: readonly TableLookup[];
}

/** Reads `transactionMessage` of a vault transaction; the refusal says what is wrong. Lookups are read and kept: whoever judges refuses them. */
export function decodeInnerMessage(bytes: Uint8Array): Result<InnerMessage, string> {
  const cursor = openCursor(new Uint8Array(bytes));
  const requiredSignatures = readByte(cursor);
  const writableSigners = readByte(cursor);
  const writableOthers = readByte(cursor);
  const keys = readKeys(cursor, readByte(cursor));
  const instructions = readMany(cursor, readInstruction);
  const lookups = readMany(cursor, readLookup);
  if (cursor.fault !== null) return { ok: false, refusal: 'it cannot be read to its end' };
  if (cursor.at !== bytes.length) return { ok: false, refusal: `${bytes.length - cursor.at} bytes follow its end` };
  const message = { requiredSignatures, writableSigners, writableOthers, keys, instructions, lookups };
  const wrong = findFault(message);
  if (wrong !== null) return { ok: false, refusal: wrong };
  if (!equalBytes(encodeInnerMessage(message), bytes)) return { ok: false, refusal: 'it encodes to other bytes' };
  return { ok: true, value: message };
}

function readMany<Item>(cursor: Cursor, read: (cursor: Cursor) => Item): Item[] {
  const count = readByte(cursor);
  const items: Item[] = [];
  while (items.length < count && cursor.fault === null) items.push(read(cursor));
  return items;
}

function readInstruction(cursor: Cursor): CompiledInstruction {
  const program = readByte(cursor);
  const accounts = readBytes(cursor, readByte(cursor));
  const low = readByte(cursor);
  return { program, accounts, data: readBytes(cursor, low | (readByte(cursor) << 8)) };
}

function readLookup(cursor: Cursor): TableLookup {
  const table = readBytes(cursor, PUBKEY_BYTES).toHex() as Pubkey;
  const writable = readBytes(cursor, readByte(cursor));
  return { table, writable, readonly: readBytes(cursor, readByte(cursor)) };
}

function findFault({ requiredSignatures, writableSigners, writableOthers, keys, instructions, lookups }: InnerMessage) {
  if (writableSigners > requiredSignatures) return 'more signers are writable than there are';
  if (requiredSignatures + writableOthers > keys.length) return 'more keys are counted than listed';
  if (new Set(keys).size !== keys.length) return 'a key is listed twice';
  const loaded = lookups.reduce((sum, { writable, readonly }) => sum + writable.length + readonly.length, 0);
  for (const { program, accounts } of instructions) {
    if (program === 0 || program >= keys.length) return `program ${program} of ${keys.length} keys`;
    const beyond = accounts.find((account) => account >= keys.length + loaded);
    if (beyond !== undefined) return `account ${beyond} of ${keys.length + loaded} keys`;
  }
  return null;
}

/** The bytes that Squads takes as `transactionMessage`. The caller has kept every list to at most 255 items. */
export function encodeInnerMessage(message: InnerMessage): Uint8Array {
  const { keys, instructions, lookups } = message;
  const out = openWriter(measure(message));
  writeByte(out, message.requiredSignatures);
  writeByte(out, message.writableSigners);
  writeByte(out, message.writableOthers);
  writeByte(out, keys.length);
  for (const key of keys) writeHex(out, key);
  writeByte(out, instructions.length);
  for (const { program, accounts, data } of instructions) {
    writeByte(out, program);
    writeList(out, accounts);
    writeU16(out, data.length);
    writeBytes(out, data);
  }
  writeByte(out, lookups.length);
  for (const { table, writable, readonly } of lookups) {
    writeHex(out, table);
    writeList(out, writable);
    writeList(out, readonly);
  }
  return out.bytes;
}

function writeList(out: Writer, bytes: Uint8Array): void {
  writeByte(out, bytes.length);
  writeBytes(out, bytes);
}

function measure({ keys, instructions, lookups }: InnerMessage): number {
  let size = 6 + keys.length * PUBKEY_BYTES;
  for (const { accounts, data } of instructions) size += 4 + accounts.length + data.length;
  for (const { writable, readonly } of lookups) size += PUBKEY_BYTES + 2 + writable.length + readonly.length;
  return size;
}

/** Bytes of the account that Squads makes for a vault transaction without ephemeral signers: it stores the message with four-byte counts. */
export function measureVaultTransaction({ keys, instructions, lookups }: InnerMessage): number {
  const header = 8 + 32 + 32 + 8 + 1 + 1 + 1 + 4;
  let size = header + 3 + 4 + keys.length * PUBKEY_BYTES + 4 + 4;
  for (const { accounts, data } of instructions) size += 1 + 4 + accounts.length + 4 + data.length;
  for (const { writable, readonly } of lookups) size += PUBKEY_BYTES + 8 + writable.length + readonly.length;
  return size;
}
