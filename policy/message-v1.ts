/**
 * Version 1 messages (SIMD-0385): counts are single bytes, fees and resources stand in the message itself, there are no lookup tables,
 * and the signatures come after the message.
 */
import type { Cursor, Writer } from './bytes.ts';
import {
  openWriter,
  readByte,
  readBytes,
  readU32,
  readU64,
  writeByte,
  writeBytes,
  writeHex,
  writeU16,
  writeU32,
  writeU64,
} from './bytes.ts';
import { PUBKEY_BYTES } from './keys.ts';
import type { CompiledInstruction, Message, MessageConfig } from './message-parts.ts';
import { HEADER_BYTES, LIFETIME_BYTES, VERSION_1_BYTE } from './message-parts.ts';
import { readKeys } from './message-v0.ts';
import type { Hash } from './types.ts';

/** Bits of the mask that says which values follow; the priority fee has two, both or none. */
const PRIORITY_FEE_BITS = 0b11;
const COMPUTE_UNIT_LIMIT_BIT = 0b100;
const LOADED_ACCOUNTS_DATA_SIZE_LIMIT_BIT = 0b1000;
const HEAP_SIZE_BIT = 0b10000;
const KNOWN_BITS = 0b11111;

const U32_BYTES = 4;
const U64_BYTES = 8;
/** Program, count of accounts, length of the data. */
const INSTRUCTION_HEADER_BYTES = 4;

/** The message, or null for a mask that names a value nobody knows. A fault of the cursor is for the caller to look at. */
export function readV1(cursor: Cursor): Message | null {
  cursor.at += 1;
  const requiredSignatures = readByte(cursor);
  const readonlySigned = readByte(cursor);
  const readonlyUnsigned = readByte(cursor);
  const mask = readU32(readBytes(cursor, U32_BYTES), 0);
  const lifetime = readBytes(cursor, LIFETIME_BYTES).toHex() as Hash;
  const instructionCount = readByte(cursor);
  const keys = readKeys(cursor, readByte(cursor));
  if (cursor.fault === null && !isKnownMask(mask)) return null;
  const config = readConfig(cursor, mask);
  const instructions = readInstructions(cursor, instructionCount);
  return { version: 1, requiredSignatures, readonlySigned, readonlyUnsigned, keys, lifetime, instructions, config };
}

function isKnownMask(mask: number): boolean {
  const fee = mask & PRIORITY_FEE_BITS;
  return mask <= KNOWN_BITS && (fee === 0 || fee === PRIORITY_FEE_BITS);
}

function readConfig(cursor: Cursor, mask: number): MessageConfig {
  const u32 = () => readU32(readBytes(cursor, U32_BYTES), 0);
  return {
    ...((mask & PRIORITY_FEE_BITS) === 0 ? {} : { priorityFee: readU64(readBytes(cursor, U64_BYTES), 0) }),
    ...((mask & COMPUTE_UNIT_LIMIT_BIT) === 0 ? {} : { computeUnitLimit: u32() }),
    ...((mask & LOADED_ACCOUNTS_DATA_SIZE_LIMIT_BIT) === 0 ? {} : { loadedAccountsDataSizeLimit: u32() }),
    ...((mask & HEAP_SIZE_BIT) === 0 ? {} : { heapSize: u32() }),
  };
}

/** All headers stand before the first instruction's accounts and data. */
function readInstructions(cursor: Cursor, count: number): CompiledInstruction[] {
  const headers: Uint8Array[] = [];
  for (let i = 0; i < count; i += 1) headers.push(readBytes(cursor, INSTRUCTION_HEADER_BYTES));
  return headers.map(([program = 0, accountCount = 0, low = 0, high = 0]) => {
    const accounts = readBytes(cursor, accountCount);
    return { program, accounts, data: readBytes(cursor, low | (high << 8)) };
  });
}

export function writeV1(message: Message): Uint8Array {
  const { keys, lifetime, instructions, config = {} } = message;
  const out = openWriter(measureV1(message));
  writeByte(out, VERSION_1_BYTE);
  writeByte(out, message.requiredSignatures);
  writeByte(out, message.readonlySigned);
  writeByte(out, message.readonlyUnsigned);
  writeU32(out, maskOf(config));
  writeHex(out, lifetime);
  writeByte(out, instructions.length);
  writeByte(out, keys.length);
  for (const key of keys) writeHex(out, key);
  writeConfig(out, config);
  for (const { program, accounts, data } of instructions) {
    writeByte(out, program);
    writeByte(out, accounts.length);
    writeU16(out, data.length);
  }
  for (const { accounts, data } of instructions) {
    writeBytes(out, accounts);
    writeBytes(out, data);
  }
  return out.bytes;
}

function maskOf({ priorityFee, computeUnitLimit, loadedAccountsDataSizeLimit, heapSize }: MessageConfig): number {
  return (
    (priorityFee === undefined ? 0 : PRIORITY_FEE_BITS) |
    (computeUnitLimit === undefined ? 0 : COMPUTE_UNIT_LIMIT_BIT) |
    (loadedAccountsDataSizeLimit === undefined ? 0 : LOADED_ACCOUNTS_DATA_SIZE_LIMIT_BIT) |
    (heapSize === undefined ? 0 : HEAP_SIZE_BIT)
  );
}

function writeConfig(out: Writer, config: MessageConfig): void {
  if (config.priorityFee !== undefined) writeU64(out, config.priorityFee);
  for (const value of [config.computeUnitLimit, config.loadedAccountsDataSizeLimit, config.heapSize]) {
    if (value !== undefined) writeU32(out, value);
  }
}

function measureV1({ keys, instructions, config = {} }: Message): number {
  const values = Object.values(config).filter((value) => value !== undefined);
  let size = 1 + HEADER_BYTES + U32_BYTES + LIFETIME_BYTES + 2 + keys.length * PUBKEY_BYTES;
  for (const value of values) size += typeof value === 'bigint' ? U64_BYTES : U32_BYTES;
  for (const { accounts, data } of instructions) size += INSTRUCTION_HEADER_BYTES + accounts.length + data.length;
  return size;
}
