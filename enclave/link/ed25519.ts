/** Ed25519 (RFC 8032) as Reeve uses it: what one implementation accepts alone is not accepted. */

import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey, verify as verifyBuiltIn } from 'node:crypto';
import { hashes, verify as verifyNoble } from '@noble/ed25519';

hashes.sha512 = (message: Uint8Array) => new Uint8Array(createHash('sha512').update(message).digest());

const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Bytes of a public key, of a seed. */
export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** The built-in's key object for a raw public key. */
export function publicKeyObject(key: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, key]), format: 'der', type: 'spki' });
}

/** The raw public key in a 44-byte SPKI, as KMS `GetPublicKey` returns it; null for anything else. */
export function publicKeyFromSpki(spki: Uint8Array): Uint8Array | null {
  const head = Buffer.from(spki.subarray(0, SPKI_HEAD.length));
  return spki.length === SPKI_HEAD.length + KEY_BYTES && head.equals(SPKI_HEAD) ? spki.slice(SPKI_HEAD.length) : null;
}

/** PKCS#8 of a seed. The result is as secret as the seed: wipe it after use. */
export function pkcs8FromSeed(seed: Uint8Array): Buffer {
  return Buffer.concat([PKCS8_HEAD, seed]);
}

/**
 * True only if noble's strict rule and the built-in both accept; on Node 26 the pair equals the strictest published rule (no small order, no
 * second encoding). Wrong lengths are false, never an exception.
 */
export function verifyStrict(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || key.length !== KEY_BYTES) return false;
  try {
    return (
      verifyBuiltIn(null, message, publicKeyObject(key), signature) &&
      verifyNoble(signature, message, key, { zip215: false })
    );
  } catch {
    return false;
  }
}
