/** Wire transactions: where signatures and keys stand. Reads legacy and v0 messages just enough to find our slot; judging them is the enclave's work. */

import { ReeveError } from '../../enclave/link/errors.ts';
import { encodeCompact } from './compact.ts';

const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;
/** Set in the first byte of a versioned message. */
const VERSION_BIT = 0x80;

function readCompact(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let index = 0; index < 3; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) break;
    value |= (byte & 0x7f) << (7 * index);
    if ((byte & 0x80) === 0) return { value, next: at + index + 1 };
  }
  throw new ReeveError('transaction-malformed', { what: 'cut short' });
}

/** The transaction with `signature` in the slot of `key`. `transaction-malformed` when `key` is not one of the required signers. */
export function attachSignature(wire: Uint8Array, key: Uint8Array, signature: Uint8Array): Uint8Array {
  const slots = readCompact(wire, 0);
  const message = slots.next + slots.value * SIGNATURE_BYTES;
  const header = message + ((wire[message] ?? 0) & VERSION_BIT ? 1 : 0);
  const keys = readCompact(wire, header + 3);
  const index = findKey(wire, keys.next, Math.min(keys.value, slots.value), key);
  if (index < 0) throw new ReeveError('transaction-malformed', { what: 'this wallet is not a required signer' });
  const signed = wire.slice();
  signed.set(signature, slots.next + index * SIGNATURE_BYTES);
  return signed;
}

function findKey(wire: Uint8Array, start: number, count: number, key: Uint8Array): number {
  for (let index = 0; index < count; index += 1) {
    const at = start + index * KEY_BYTES;
    if (Buffer.from(wire.subarray(at, at + KEY_BYTES)).equals(key)) return index;
  }
  return -1;
}

/** An unsigned transaction around a message that needs `signers` signatures. */
export function wrapMessage(message: Uint8Array, signers: number): Uint8Array {
  return Buffer.concat([Uint8Array.from(encodeCompact(signers)), new Uint8Array(SIGNATURE_BYTES * signers), message]);
}
