/** What a message is made of, whatever its version, and the limits the chain sets for it. */
import type { PolicyCodeName } from './codes.ts';
import { policyCodes } from './codes.ts';
import type { Hash, Pubkey, Violation } from './types.ts';

/** Bytes of a legacy or version 0 transaction on the wire: signatures and message. */
export const MAX_TRANSACTION_BYTES = 1232;
/** Bytes of a version 1 transaction on the wire (SIMD-0385). */
export const MAX_V1_TRANSACTION_BYTES = 4096;
/** Bytes of a signature. */
export const SIGNATURE_BYTES = 64;
/** Top-level instructions of one message (SIMD-0160). */
export const MAX_INSTRUCTIONS = 64;
/** Keys, those from lookup tables included, that one byte can point at. */
export const MAX_KEYS = 256;

export const HEADER_BYTES = 3;
export const LIFETIME_BYTES = 32;
/** The first byte of a versioned message has this bit; the other seven are the version. */
export const VERSION_BIT = 0x80;
/** The first byte of a version 1 message, and so of its transaction; no other transaction can begin with it. */
export const VERSION_1_BYTE = 0x81;

/** An instruction as it stands in a message: positions in the message's list of keys. */
export interface CompiledInstruction {
  readonly program: number;
  readonly accounts: Uint8Array;
  readonly data: Uint8Array;
}

/** Keys that a version 0 message takes from an address lookup table on chain: places in the table, not keys. */
export interface TableLookup {
  readonly table: Pubkey;
  readonly writable: Uint8Array;
  readonly readonly: Uint8Array;
}

/** What a version 1 message says about fees and resources; what is absent counts as 0 on chain. */
export interface MessageConfig {
  /** Lamports for the whole transaction, on top of the base fee. */
  readonly priorityFee?: bigint;
  readonly computeUnitLimit?: number;
  /** Bytes. */
  readonly loadedAccountsDataSizeLimit?: number;
  /** Bytes, a multiple of 1,024 from 32 to 256 KiB. */
  readonly heapSize?: number;
}

export interface Message {
  readonly version: 'legacy' | 0 | 1;
  /** The first keys must sign; the very first pays the fee. */
  readonly requiredSignatures: number;
  /** How many of the signing keys, counted from their end, are read only; likewise of the others. */
  readonly readonlySigned: number;
  readonly readonlyUnsigned: number;
  /** The keys that stand in the message. What lookup tables add comes behind them: all writable ones, then all read-only ones. */
  readonly keys: readonly Pubkey[];
  /** A recent blockhash or a nonce: the bytes do not tell which. */
  readonly lifetime: Hash;
  readonly instructions: readonly CompiledInstruction[];
  /** Version 0 alone, and absent when there are none. */
  readonly lookups?: readonly TableLookup[];
  /** Version 1 alone, and always there. */
  readonly config?: MessageConfig;
}

/** Why bytes or an instruction are refused. Only `code`, `path` and `detail` are ever set by decoding. */
export type Refusal = Violation;

/** A refusal with the code's own text and, behind it, what exactly is wrong. */
export function refuse(code: PolicyCodeName, detail: string, path?: string): Refusal {
  const sentence = `${policyCodes[code].text}: ${detail}`;
  return path === undefined ? { code, detail: sentence } : { code, detail: sentence, path };
}

/** How many keys the lookup tables add. */
export function countLoaded(lookups: readonly TableLookup[] | undefined): number {
  return (lookups ?? []).reduce((sum, { writable, readonly }) => sum + writable.length + readonly.length, 0);
}
