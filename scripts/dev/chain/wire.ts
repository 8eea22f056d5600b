/**
 * Strict decoding of what clients send. LiteSVM ends the whole process on bytes it cannot decode, so nothing reaches it that was not
 * decoded here, re-encoded to the very same bytes, and held to the rules a validator applies before it loads an account.
 * Legacy, v0 (with lookup tables) and v1 messages. NOT checked here: signatures, lifetime, and whether a lookup table exists.
 */
import type { CompiledTransactionMessage, CompiledTransactionMessageWithLifetime, Transaction } from '@solana/kit';
import {
  getBase58Decoder,
  getCompiledTransactionMessageDecoder,
  getCompiledTransactionMessageEncoder,
  getTransactionDecoder,
  getTransactionEncoder,
} from '@solana/kit';
import { rpcFault } from './faults.ts';

/** Largest wire transaction of legacy and v0 messages, in bytes: one network packet. */
export const MAX_PACKET_BYTES = 1232;
/** Largest wire transaction of a v1 message, in bytes. */
export const MAX_V1_BYTES = 4096;
const MAX_INSTRUCTIONS = 64;
/** Account indexes are one byte. */
const MAX_ACCOUNTS = 256;
const MAX_V1_SIGNERS = 12;
const MAX_V1_ACCOUNTS = 64;
/** Heap sizes a transaction may ask for, in bytes: multiples of `HEAP_STEP` within these. */
const MIN_HEAP = 32 * 1024;
const MAX_HEAP = 256 * 1024;
const HEAP_STEP = 1024;
/** Bits of a v1 config mask: two for the priority fee, then compute limit, loaded data size, heap size. */
const V1_FEE_BITS = 0b11;
const V1_HEAP_BIT = 0b10000;
const V1_KNOWN_BITS = 0b11111;
/** A v1 message starts with this byte (version bit and 1), and so does its wire transaction, whose signatures come last. */
const V1_FIRST_BYTE = 0x81;

export interface WireInstruction {
  readonly program: number;
  readonly accounts: readonly number[];
  readonly data: Uint8Array;
}

export interface WireLookup {
  readonly table: string;
  readonly writable: readonly number[];
  readonly readonly: readonly number[];
}

/** A message in one shape whatever its version; indexes point into `accounts` followed by what lookups load. */
export interface WireMessage {
  readonly version: 'legacy' | 0 | 1;
  readonly signers: number;
  readonly readonlySigners: number;
  readonly readonlyOthers: number;
  readonly accounts: readonly string[];
  readonly lifetime: string;
  readonly instructions: readonly WireInstruction[];
  readonly lookups: readonly WireLookup[];
  /** Total priority fee in lamports, which only v1 headers carry. */
  readonly priorityFee: bigint;
}

export interface WireTransaction {
  readonly bytes: Uint8Array;
  readonly transaction: Transaction;
  readonly message: WireMessage;
  /** The first signature in base58; all zero bytes when the fee payer has not signed. */
  readonly signature: string;
  /** Whether every required signature is there; NOT whether it is right. */
  readonly complete: boolean;
}

type Compiled = CompiledTransactionMessage & CompiledTransactionMessageWithLifetime;

/** Decodes a wire transaction; anything a validator would not even look at is an `invalidParams` fault. */
export function decodeWireTransaction(bytes: Uint8Array): WireTransaction {
  const limit = bytes[0] === V1_FIRST_BYTE ? MAX_V1_BYTES : MAX_PACKET_BYTES;
  if (bytes.length > limit) throw refuse(`decoded transaction too large: ${bytes.length} bytes (max: ${limit} bytes)`);
  const transaction = decodeCanonically(bytes, getTransactionDecoder, getTransactionEncoder);
  const message = decodeWireMessage(Uint8Array.from(transaction.messageBytes));
  const signatures = Object.values(transaction.signatures);
  if (signatures.length !== message.signers) throw refuse('number of signatures differs from the header');
  const first = signatures[0] ?? new Uint8Array(64);
  const complete = signatures.every((signature) => signature !== null);
  return { bytes, transaction, message, signature: getBase58Decoder().decode(first), complete };
}

/** Decodes message bytes alone, with the same rules. */
export function decodeWireMessage(bytes: Uint8Array): WireMessage {
  const compiled = decodeCanonically(
    bytes,
    getCompiledTransactionMessageDecoder,
    getCompiledTransactionMessageEncoder,
  ) as Compiled;
  const message = normalize(compiled);
  const reason = findFlaw(message) ?? findV1Flaw(compiled);
  if (reason !== null) throw refuse(reason);
  return message;
}

/** Whether the account at an index of the static accounts may be changed by the transaction. */
export function isWritable(message: WireMessage, index: number): boolean {
  if (index < message.signers) return index < message.signers - message.readonlySigners;
  return index < message.accounts.length - message.readonlyOthers;
}

function refuse(reason: string): Error {
  return rpcFault('invalidParams', `failed to deserialize transaction: ${reason}`);
}

/** kit's decoders tolerate trailing bytes and longer spellings of a length; equal bytes after encoding again rule both out. */
function decodeCanonically<Value>(
  bytes: Uint8Array,
  decoder: () => { decode(bytes: Uint8Array): Value },
  encoder: () => { encode(value: Value): ArrayLike<number> },
): Value {
  let value: Value;
  let again: ArrayLike<number>;
  try {
    value = decoder().decode(bytes);
    again = encoder().encode(value);
  } catch {
    throw refuse('bytes are not a transaction');
  }
  if (Buffer.compare(Buffer.from(again as Uint8Array), bytes) !== 0) throw refuse('encoding is not canonical');
  return value;
}

function normalize(compiled: Compiled): WireMessage {
  return {
    version: compiled.version,
    signers: compiled.header.numSignerAccounts,
    readonlySigners: compiled.header.numReadonlySignerAccounts,
    readonlyOthers: compiled.header.numReadonlyNonSignerAccounts,
    accounts: compiled.staticAccounts,
    lifetime: compiled.lifetimeToken,
    instructions: normalizeInstructions(compiled),
    lookups: normalizeLookups(compiled),
    priorityFee: readPriorityFee(compiled),
  };
}

function normalizeInstructions(compiled: Compiled): WireInstruction[] {
  if (compiled.version !== 1) {
    return compiled.instructions.map((instruction) => ({
      program: instruction.programAddressIndex,
      accounts: instruction.accountIndices ?? [],
      data: Uint8Array.from(instruction.data ?? []),
    }));
  }
  return compiled.instructionHeaders.map((header, index) => {
    const payload = compiled.instructionPayloads[index];
    return {
      program: header.programAccountIndex,
      accounts: payload?.instructionAccountIndices ?? [],
      data: Uint8Array.from(payload?.instructionData ?? []),
    };
  });
}

function normalizeLookups(compiled: Compiled): WireLookup[] {
  const lookups = compiled.version === 0 ? (compiled.addressTableLookups ?? []) : [];
  return lookups.map((lookup) => ({
    table: lookup.lookupTableAddress,
    writable: lookup.writableIndexes,
    readonly: lookup.readonlyIndexes,
  }));
}

function readPriorityFee(compiled: Compiled): bigint {
  const first = compiled.version === 1 ? compiled.configValues[0] : undefined;
  return first?.kind === 'u64' ? first.value : 0n;
}

/** The first rule of message sanitization that is broken, or null. */
function findFlaw(message: WireMessage): string | null {
  const { accounts, signers, readonlySigners, readonlyOthers, lookups } = message;
  const loaded = lookups.reduce((sum, lookup) => sum + lookup.writable.length + lookup.readonly.length, 0);
  const total = accounts.length + loaded;
  if (signers === 0 || readonlySigners >= signers) return 'no writable fee payer';
  if (signers + readonlyOthers > accounts.length) return 'header counts more accounts than there are';
  if (total > MAX_ACCOUNTS) return 'too many accounts';
  if (new Set(accounts).size !== accounts.length) return 'an account is listed twice';
  if (lookups.some((lookup) => lookup.writable.length + lookup.readonly.length === 0)) return 'empty table lookup';
  if (message.instructions.length > MAX_INSTRUCTIONS) return 'too many instructions';
  for (const { program, accounts: indexes } of message.instructions) {
    if (program === 0 || program >= accounts.length) return 'program index out of range';
    if (indexes.some((index) => index >= total)) return 'account index out of range';
  }
  return null;
}

/** The first rule that only v1 messages have and this one breaks, or null. */
function findV1Flaw(compiled: Compiled): string | null {
  if (compiled.version !== 1) return null;
  const { configMask, configValues, header, staticAccounts } = compiled;
  const feeBits = configMask & V1_FEE_BITS;
  if ((configMask & ~V1_KNOWN_BITS) !== 0) return 'unknown bit in the config mask';
  if (feeBits !== 0 && feeBits !== V1_FEE_BITS) return 'half a priority fee in the config mask';
  if (header.numSignerAccounts > MAX_V1_SIGNERS) return 'too many signers';
  if (staticAccounts.length > MAX_V1_ACCOUNTS) return 'too many accounts';
  const heap = (configMask & V1_HEAP_BIT) === 0 ? MIN_HEAP : Number(configValues.at(-1)?.value ?? 0);
  if (heap < MIN_HEAP || heap > MAX_HEAP || heap % HEAP_STEP !== 0) return 'heap size out of range';
  return null;
}
