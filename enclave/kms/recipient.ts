/** The key pair that KMS answers to, and the attestation document that vouches for it. Documents with a public key are made only here and leave only inside TLS. */

import type { KeyObject } from 'node:crypto';
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { openCiphertextForRecipient } from '../../attestation/cms.ts';
import { RESTORE_PASS_MS } from '../limits.ts';
import { ReeveError } from '../link/errors.ts';

const RSA_BITS = 2048;

export interface Recipient {
  readonly document: Uint8Array;
  /** Opens an envelope for this key or throws `kms-envelope`. The caller wipes the plaintext, which TLS alone vouches for. */
  open(envelope: Uint8Array): Uint8Array;
}

/** Makes a fresh recipient; `attest` gets the public key as SPKI. */
export async function createRecipient(attest: (publicKey: Uint8Array) => Promise<Uint8Array>): Promise<Recipient> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  return { document: await attest(spki), open: (envelope) => openEnvelope(envelope, privateKey, spki) };
}

function openEnvelope(envelope: Uint8Array, key: KeyObject, spki: Uint8Array): Uint8Array {
  const opened = openCiphertextForRecipient(envelope, key, spki);
  if (!opened.ok) throw new ReeveError('kms-envelope', { reason: opened.refusal.reason });
  return opened.value;
}

/** Recipients for restoring many wallets in a row. */
export interface RestorePasses {
  /** The pass under way, or a new one. */
  join(): Promise<Recipient>;
  /** Forgets the key; the next wallet begins another pass. */
  end(): void;
}

/** A pass lasts five minutes at most. `count` is a monotonic counter in milliseconds. */
export function createPasses(
  create: () => Promise<Recipient>,
  count: () => number = () => performance.now(),
): RestorePasses {
  let pass: { readonly recipient: Promise<Recipient>; readonly endsAt: number } | null = null;
  const end = () => {
    pass = null;
  };
  return {
    end,
    join() {
      if (pass === null || count() >= pass.endsAt) {
        const begun = { recipient: create(), endsAt: count() + RESTORE_PASS_MS };
        begun.recipient.catch(() => {
          if (pass === begun) end();
        });
        pass = begun;
      }
      return pass.recipient;
    },
  };
}
