/**
 * Public keys and program-derived addresses. A Pubkey is 32 bytes as lower-case hex; base58 is read and written at the edges.
 * Nothing here says that a key is a point of the curve, has an owner or exists on chain.
 */
import { Point } from '@noble/ed25519';
import { decodeBase58, encodeBase58 } from './base58.ts';
import { concatBytes } from './bytes.ts';
import { sha256 } from './sha256.ts';
import type { Pubkey } from './types.ts';

/** Bytes of a public key or address. */
export const PUBKEY_BYTES = 32;

const PDA_MARKER = new TextEncoder().encode('ProgramDerivedAddress');

/** The Pubkey of exactly 32 bytes. The caller has checked the length. */
export function pubkeyFromBytes(bytes: Uint8Array): Pubkey {
  if (bytes.length !== PUBKEY_BYTES) throw new RangeError('a public key is 32 bytes');
  return bytes.toHex() as Pubkey;
}

export function pubkeyToBytes(key: Pubkey): Uint8Array {
  return Uint8Array.fromHex(key);
}

/** The Pubkey that a base58 text names, or null unless it is exactly 32 bytes. */
export function pubkeyFromBase58(text: string): Pubkey | null {
  const bytes = decodeBase58(text);
  return bytes?.length === PUBKEY_BYTES ? pubkeyFromBytes(bytes) : null;
}

export function pubkeyToBase58(key: Pubkey): string {
  return encodeBase58(pubkeyToBytes(key));
}

/** The Pubkey of an address written in this source. A wrong one is a mistake of ours and stops the program at its start. */
export function knownPubkey(text: string): Pubkey {
  const key = pubkeyFromBase58(text);
  if (key === null) throw new TypeError(`not an address: ${text}`);
  return key;
}

/**
 * Whether 32 bytes decompress to a point, by the rules of curve25519-dalek that the chain uses: a y of p or more and a negative
 * zero x are read, small-order points are points.
 */
export function isOnCurve(bytes: Uint8Array): boolean {
  try {
    Point.fromBytes(bytes, true);
    return true;
  } catch {
    return false;
  }
}

/**
 * The program-derived address with the highest bump from 255 down that is off the curve, as `find_program_address` finds it.
 * Seeds are at most 16, each at most 32 bytes: the caller's seeds are keys and constants. The chance that no bump is off the curve is 2^-256.
 */
export function deriveAddress(seeds: readonly Uint8Array[], program: Pubkey): Pubkey {
  const suffix = concatBytes(pubkeyToBytes(program), PDA_MARKER);
  for (let bump = 255; ; bump -= 1) {
    const candidate = sha256(concatBytes(...seeds, Uint8Array.of(bump), suffix));
    if (!isOnCurve(candidate)) return pubkeyFromBytes(candidate);
  }
}

export const ASSOCIATED_TOKEN_PROGRAM = knownPubkey('ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL');

/** The associated token account of `owner` for `mint` under `tokenProgram`. Says nothing about its existence. About 60 µs. */
export function deriveTokenAccount(owner: Pubkey, mint: Pubkey, tokenProgram: Pubkey): Pubkey {
  const seeds = [pubkeyToBytes(owner), pubkeyToBytes(tokenProgram), pubkeyToBytes(mint)];
  return deriveAddress(seeds, ASSOCIATED_TOKEN_PROGRAM);
}
