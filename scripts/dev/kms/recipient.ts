/** The `Recipient` of a KMS request: its attestation document verified in full, and the answer sealed to the key inside it. */

import { createPublicKey } from 'node:crypto';
import type { Anchor } from '../../../attestation/certificate.ts';
import type { AttestationDocument } from '../../../attestation/document.ts';
import { verifyDocument } from '../../../attestation/verify.ts';
import type { EnvelopeVariant } from './envelope.ts';
import { sealForRecipient } from './envelope.ts';
import { fail } from './faults.ts';
import type { Input } from './input.ts';
import { blob, choice, isRecord } from './input.ts';

/** Bytes; the API's limit for AttestationDocument. */
const MAX_DOCUMENT_BYTES = 262_144;
/** Bits. */
const RSA_SIZES = [2048, 3072, 4096];

export interface Recipient {
  readonly publicKey: Uint8Array;
  readonly document: AttestationDocument;
}

/**
 * Reads and verifies `Recipient`; null when the request has none. As AWS does, it takes debug enclaves: their zero PCRs match no
 * sensible key policy. A document counts as long as its certificates are valid.
 */
export function readRecipient(input: Input, rootDer: Anchor, now: number): Recipient | null {
  const value = input['Recipient'] ?? null;
  if (value === null) {
    return null;
  }
  if (!isRecord(value)) {
    return fail('ValidationException', 'Recipient must be an object');
  }
  choice(value, 'KeyEncryptionAlgorithm', ['RSAES_OAEP_SHA_256']);
  const bytes = blob(value, 'AttestationDocument', 1, MAX_DOCUMENT_BYTES);
  const verdict = verifyDocument(bytes, { root: rootDer, at: now, allowDebug: true });
  if (!verdict.valid) {
    return fail('ValidationException', `The attestation document is not valid: ${verdict.reason} (${verdict.detail})`);
  }
  const { publicKey } = verdict.document;
  return publicKey !== null && isRsaKey(publicKey)
    ? { publicKey, document: verdict.document }
    : fail('ValidationException', 'The attestation document holds no RSA public key of 2048, 3072 or 4096 bits');
}

function isRsaKey(spki: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'rsa' && RSA_SIZES.includes(key.asymmetricKeyDetails?.modulusLength ?? 0);
  } catch {
    return false;
  }
}

/** Values for the condition keys `kms:RecipientAttestation:…`; none without a recipient. */
export function attestationConditions(recipient: Recipient | null): readonly (readonly [string, string])[] {
  const pcrs = [...(recipient?.document.pcrs ?? [])].map(([index, value]): [string, string] => [
    `kms:RecipientAttestation:PCR${index}`,
    Buffer.from(value).toString('hex'),
  ]);
  const image = pcrs.find(([key]) => key.endsWith(':PCR0'));
  return image === undefined ? pcrs : [...pcrs, ['kms:RecipientAttestation:ImageSha384', image[1]]];
}

/** Seals answers in the two encodings AWS is seen to use, in turn, so that every reader meets both. */
export function createSealer(): (plaintext: Uint8Array, recipient: Recipient) => string {
  let variant: EnvelopeVariant = 'constructed';
  return (plaintext, { publicKey }) => {
    variant = variant === 'constructed' ? 'primitive' : 'constructed';
    return Buffer.from(sealForRecipient(plaintext, publicKey, variant)).toString('base64');
  };
}
