import { hash } from 'node:crypto';
import type { Hash } from './types.ts';

/** SHA-256. The one place of this folder that calls a built-in: a pure function, an order of magnitude faster than one in JavaScript. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}

/** SHA-256 as 64 hex digits. */
export function sha256Hex(bytes: Uint8Array): Hash {
  return hash('sha256', bytes, 'hex') as Hash;
}
