/** Wire transactions: where signatures and keys stand. Reads messages just enough to find our slot; judging them is the enclave's work. */

import { ReeveError } from '../../enclave/link/errors.ts';
import { encodeCompact } from './compact.ts';

const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;
/** Set in the first byte of a versioned message. */
const VERSION_BIT = 0x80;
/** First byte of a v1 transaction (SIMD-0385), which begins with its message; no older one has that many signatures. */
const VERSION_1_BYTE = 0x81;
/** In a v1 message: the number of required signatures, the number of keys, the first key. */
const V1_SIGNERS_AT = 1;
const V1_KEY_COUNT_AT = 41;
const V1_KEYS_AT = 42;

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

interface Layout {
  readonly signers: number;
  readonly signaturesAt: number;
  readonly keys: number;
  readonly keysAt: number;
}

/** Signatures first, then the message. */
function readOlderLayout(wire: Uint8Array): Layout {
  const slots = readCompact(wire, 0);
  const message = slots.next + slots.value * SIGNATURE_BYTES;
  const header = message + ((wire[message] ?? 0) & VERSION_BIT ? 1 : 0);
  const keys = readCompact(wire, header + 3);
  return { signers: slots.value, signaturesAt: slots.next, keys: keys.value, keysAt: keys.next };
}

/** The message first, then one signature for each required signer. */
function readV1Layout(wire: Uint8Array): Layout {
  const signers = wire[V1_SIGNERS_AT] ?? 0;
  const signaturesAt = wire.length - signers * SIGNATURE_BYTES;
  if (signaturesAt < V1_KEYS_AT) throw new ReeveError('transaction-malformed', { what: 'cut short' });
  return { signers, signaturesAt, keys: wire[V1_KEY_COUNT_AT] ?? 0, keysAt: V1_KEYS_AT };
}

/** The transaction with `signature` in the slot of `key`. `transaction-malformed` when `key` is not one of the required signers. */
export function attachSignature(wire: Uint8Array, key: Uint8Array, signature: Uint8Array): Uint8Array {
  const layout = wire[0] === VERSION_1_BYTE ? readV1Layout(wire) : readOlderLayout(wire);
  const index = findKey(wire, layout.keysAt, Math.min(layout.keys, layout.signers), key);
  if (index < 0) throw new ReeveError('transaction-malformed', { what: 'this wallet is not a required signer' });
  const signed = wire.slice();
  signed.set(signature, layout.signaturesAt + index * SIGNATURE_BYTES);
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
