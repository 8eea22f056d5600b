/** An Ed25519 key that signs inside this process. */

import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { KEY_BYTES, pkcs8FromSeed, publicKeyFromSpki } from './link/ed25519.ts';
import { ReeveError } from './link/errors.ts';

export interface SigningKey {
  readonly publicKey: Uint8Array;
  /** The signature, computed twice: two that differ (a fault in the machine could give the key away) throw `signature-fault` and neither leaves. */
  sign(message: Uint8Array): Uint8Array;
  /** Writes the seed into `target`, for the seal alone. The caller wipes it. */
  writeSeed(target: Uint8Array): void;
}

/** Makes the key of a seed. The seed's bytes stay the caller's to wipe; the intermediate form is wiped here. */
export function createSigningKey(seed: Uint8Array): SigningKey {
  const pkcs8 = pkcs8FromSeed(seed);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  pkcs8.fill(0);
  const publicKey = publicKeyFromSpki(createPublicKey(key).export({ format: 'der', type: 'spki' }));
  if (publicKey === null) throw new ReeveError('internal', { what: 'public key' });
  return {
    publicKey,
    sign(message) {
      const first = sign(null, message, key);
      const second = sign(null, message, key);
      if (!first.equals(second)) throw new ReeveError('signature-fault', {});
      return new Uint8Array(first);
    },
    writeSeed(target) {
      const form = key.export({ format: 'der', type: 'pkcs8' });
      target.set(form.subarray(-KEY_BYTES));
      form.fill(0);
    },
  };
}
