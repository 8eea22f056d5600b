/**
 * The ciphertext blobs of symmetric development keys: version, key id, IV, AES-256-GCM with the encryption context as additional data.
 * The layout is this KMS's own: to its callers a blob is opaque, as AWS's is.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { encodeCbor } from '../../../attestation/cbor.ts';
import { fail } from './faults.ts';
import type { KmsKey } from './store.ts';

const VERSION = 1;
const ID_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + ID_BYTES + IV_BYTES;
/** Bytes; the API's limit for CiphertextBlob. */
export const MAX_BLOB_BYTES = 6144;

export type EncryptionContext = ReadonlyMap<string, string>;

function additionalData(header: Uint8Array, context: EncryptionContext): Uint8Array {
  const sorted = [...context].sort(([left], [right]) => (left < right ? -1 : 1));
  return encodeCbor([header, new Map(sorted)]);
}

export function encryptBlob(key: KmsKey, plaintext: Uint8Array, context: EncryptionContext): Uint8Array {
  const iv = randomBytes(IV_BYTES);
  const header = Buffer.concat([Uint8Array.of(VERSION), Buffer.from(key.id.replaceAll('-', ''), 'hex'), iv]);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key.material, 'base64'), iv);
  cipher.setAAD(additionalData(header, context));
  return Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** The id of the key that made a blob. */
export function keyIdOf(blob: Uint8Array): string {
  if (blob.length < HEADER_BYTES + TAG_BYTES || blob[0] !== VERSION) {
    return fail('InvalidCiphertextException', '');
  }
  const hex = Buffer.from(blob.subarray(1, 1 + ID_BYTES)).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function decryptBlob(key: KmsKey, blob: Uint8Array, context: EncryptionContext): Uint8Array {
  const header = blob.subarray(0, HEADER_BYTES);
  const end = blob.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key.material, 'base64'), header.subarray(1 + ID_BYTES));
  decipher.setAAD(additionalData(header, context));
  decipher.setAuthTag(blob.subarray(end));
  try {
    return Buffer.concat([decipher.update(blob.subarray(HEADER_BYTES, end)), decipher.final()]);
  } catch {
    return fail('InvalidCiphertextException', '');
  }
}
