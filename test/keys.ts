/** Deterministic Ed25519 keys for tests: the same name is the same key. */

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { pkcs8FromSeed } from '../enclave/link/ed25519.ts';

export interface TestKey {
  /** The raw public key. */
  readonly key: Uint8Array;
  readonly seed: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export function makeKey(name: string): TestKey {
  const seed = createHash('sha256').update(`test key ${name}`).digest();
  const privateKey = createPrivateKey({ key: pkcs8FromSeed(seed), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    key: new Uint8Array(spki.subarray(-32)),
    seed: new Uint8Array(seed),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}
