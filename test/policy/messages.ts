/** Builds messages for tests the way a client does: the payer, other signers, then the rest; programs are read only. */
import { knownPubkey } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import type { Hash, Pubkey } from '../../policy/types.ts';

export interface Call {
  readonly program: Pubkey;
  readonly accounts: readonly Pubkey[];
  readonly data: Uint8Array;
}

export const BLOCKHASH = 'ab'.repeat(32) as Hash;

/** A key made of one repeated byte: recognisable, and on or off the curve as chance has it. */
export function testKey(byte: number): Pubkey {
  return byte.toString(16).padStart(2, '0').repeat(32) as Pubkey;
}

/** A program that this engine does not decode. */
export const UNKNOWN = knownPubkey('JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4');

export const SQUADS = knownPubkey('SQDS4ep65T869zMMBKyuUq6aD6EgTu8psMjkvj52pCf');

/** The first signer pays. */
export function buildMessage(signers: readonly Pubkey[], calls: readonly Call[], version: 'legacy' | 0 = 0): Message {
  const programs = new Set(calls.map(({ program }) => program));
  const accounts = calls.flatMap((call) => call.accounts).filter((key) => !programs.has(key));
  const keys = [...new Set([...signers, ...accounts, ...programs])];
  const instructions = calls.map(({ program, accounts, data }) => ({
    program: keys.indexOf(program),
    accounts: Uint8Array.from(accounts, (key) => keys.indexOf(key)),
    data,
  }));
  const counts = { requiredSignatures: signers.length, readonlySigned: 0, readonlyUnsigned: programs.size };
  return { version, ...counts, keys, lifetime: BLOCKHASH, instructions };
}

/** Little-endian bytes of a number, `length` bytes long. */
export function littleEndian(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

export function bytesOf(...parts: readonly (number | bigint | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => {
      if (typeof part === 'number') return [part];
      return typeof part === 'bigint' ? [...littleEndian(part, 8)] : [...part];
    }),
  );
}
