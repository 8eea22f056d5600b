/**
 * The ComputeBudget program and the fee it leads to. Its instructions hold for the whole message, each kind at most once.
 * Only what the chain accepts is accepted: it rejects a transaction for the rest before any fee is paid.
 */
import { readU32, readU64 } from '../bytes.ts';
import type { Decoded, RawInstruction } from './raw.ts';
import { fault, malformed, unknownTag } from './raw.ts';

const REQUEST_HEAP_FRAME = 1;
const SET_COMPUTE_UNIT_LIMIT = 2;
const SET_COMPUTE_UNIT_PRICE = 3;
const SET_LOADED_ACCOUNTS_DATA_SIZE_LIMIT = 4;

const KIB = 1024;
/** Bytes. */
const MIN_HEAP = 32 * KIB;
const MAX_HEAP = 256 * KIB;

/** Lamports for each required signature. */
export const BASE_FEE_PER_SIGNATURE = 5000n;
/** Compute units of a transaction; more are not granted and not paid for. */
export const MAX_COMPUTE_UNITS = 1_400_000;
/** Compute units each instruction is granted when no limit is set: of a program built into the chain, and of any other. */
export const DEFAULT_BUILTIN_UNITS = 3_000;
export const DEFAULT_PROGRAM_UNITS = 200_000;
const MICRO_LAMPORTS_PER_LAMPORT = 1_000_000n;

export type ComputeBudgetInstruction = { readonly program: 'compute-budget' } & (
  | { readonly name: 'requestHeapFrame'; readonly bytes: number }
  | { readonly name: 'setComputeUnitLimit'; readonly units: number }
  /** Micro-lamports for one compute unit. */
  | { readonly name: 'setComputeUnitPrice'; readonly microLamports: bigint }
  | { readonly name: 'setLoadedAccountsDataSizeLimit'; readonly bytes: number }
);

export function decodeComputeBudget({ accounts, data }: RawInstruction): Decoded<ComputeBudgetInstruction> {
  const tag = data[0] ?? 0;
  if (tag < REQUEST_HEAP_FRAME || tag > SET_LOADED_ACCOUNTS_DATA_SIZE_LIMIT) return unknownTag('compute-budget', data);
  const length = tag === SET_COMPUTE_UNIT_PRICE ? 9 : 5;
  if (accounts.length !== 0 || data.length !== length)
    return malformed('compute-budget', 'no accounts', `${length} bytes`);
  if (tag === SET_COMPUTE_UNIT_PRICE)
    return decoded({ program: 'compute-budget', name: 'setComputeUnitPrice', microLamports: readU64(data, 1) });
  const value = readU32(data, 1);
  if (tag === SET_COMPUTE_UNIT_LIMIT)
    return decoded({ program: 'compute-budget', name: 'setComputeUnitLimit', units: value });
  return tag === REQUEST_HEAP_FRAME ? decodeHeapFrame(value) : decodeDataSizeLimit(value);
}

function decoded(value: ComputeBudgetInstruction): Decoded<ComputeBudgetInstruction> {
  return { ok: true, value };
}

function decodeHeapFrame(bytes: number): Decoded<ComputeBudgetInstruction> {
  if (bytes < MIN_HEAP || bytes > MAX_HEAP || bytes % KIB !== 0) {
    return fault('compute-budget-invalid', `a heap of ${bytes} bytes; 32 to 256 KiB in whole KiB`);
  }
  return decoded({ program: 'compute-budget', name: 'requestHeapFrame', bytes });
}

function decodeDataSizeLimit(bytes: number): Decoded<ComputeBudgetInstruction> {
  if (bytes === 0) return fault('compute-budget-invalid', 'a loaded data size limit of 0');
  return decoded({ program: 'compute-budget', name: 'setLoadedAccountsDataSizeLimit', bytes });
}

/** What a message costs its fee payer at most, in lamports. `limit` and `microLamports` are null when not set. */
export interface FeeFacts {
  readonly signatures: number;
  readonly limit: number | null;
  readonly microLamports: bigint | null;
  readonly builtinInstructions: number;
  readonly otherInstructions: number;
}

/** Base and priority fee in lamports; the priority fee is rounded up and paid in full whatever the transaction uses, also when it fails. */
export function computeFee(facts: FeeFacts): { base: bigint; priority: bigint } {
  const granted = facts.builtinInstructions * DEFAULT_BUILTIN_UNITS + facts.otherInstructions * DEFAULT_PROGRAM_UNITS;
  const units = BigInt(Math.min(facts.limit ?? granted, MAX_COMPUTE_UNITS));
  const micro = units * (facts.microLamports ?? 0n);
  const priority = (micro + MICRO_LAMPORTS_PER_LAMPORT - 1n) / MICRO_LAMPORTS_PER_LAMPORT;
  return { base: BASE_FEE_PER_SIGNATURE * BigInt(facts.signatures), priority };
}
