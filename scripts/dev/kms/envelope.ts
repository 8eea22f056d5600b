/**
 * Writes `CiphertextForRecipient` byte for byte as AWS KMS does: CMS EnvelopedData in BER with indefinite lengths, the content either as
 * one primitive or as a constructed string. For the development KMS only; `attestation/cms.ts` reads it.
 */
import { constants, createCipheriv, createHash, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import { der, integer, NULL, octetString, oid, sequence, set } from '../der.ts';

export type EnvelopeVariant = 'constructed' | 'primitive';

export interface EnvelopeParts {
  /** SHA-256 of the recipient's SPKI. */
  readonly keyId: Uint8Array;
  readonly encryptedKey: Uint8Array;
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const ENVELOPED_DATA = oid('1.2.840.113549.1.7.3');
const DATA = oid('1.2.840.113549.1.7.1');
const AES256_CBC = oid('2.16.840.1.101.3.4.1.42');
const SHA256 = sequence(oid('2.16.840.1.101.3.4.2.1'), NULL);
const MGF1_SHA256 = sequence(oid('1.2.840.113549.1.1.8'), SHA256);
const RSAES_OAEP_SHA256 = sequence(oid('1.2.840.113549.1.1.7'), sequence(der(0xa0, SHA256), der(0xa1, MGF1_SHA256)));
const VERSION_2 = integer(Uint8Array.of(2));
const END_OF_CONTENTS = Uint8Array.of(0, 0);

/** Encrypts `plaintext` to the RSA key of `spkiDer`: a fresh AES-256 key under RSAES-OAEP with SHA-256, the content under AES-256-CBC. */
export function sealForRecipient(plaintext: Uint8Array, spkiDer: Uint8Array, variant: EnvelopeVariant): Uint8Array {
  const key = createPublicKey({ key: Buffer.from(spkiDer), format: 'der', type: 'spki' });
  const contentKey = randomBytes(32);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', contentKey, iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const encryptedKey = publicEncrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
    contentKey,
  );
  contentKey.fill(0);
  return writeEnvelope({ keyId: createHash('sha256').update(spkiDer).digest(), encryptedKey, iv, ciphertext }, variant);
}

/** Puts the parts of an envelope together. */
export function writeEnvelope(
  { keyId, encryptedKey, iv, ciphertext }: EnvelopeParts,
  variant: EnvelopeVariant,
): Uint8Array {
  const recipient = sequence(VERSION_2, der(0x80, keyId), RSAES_OAEP_SHA256, octetString(encryptedKey));
  const content = variant === 'primitive' ? der(0x80, ciphertext) : indefinite(0xa0, octetString(ciphertext));
  const encryptedContent = indefinite(0x30, DATA, sequence(AES256_CBC, octetString(iv)), content);
  const enveloped = indefinite(0x30, VERSION_2, set(recipient), encryptedContent);
  return indefinite(0x30, ENVELOPED_DATA, indefinite(0xa0, enveloped));
}

function indefinite(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(tag, 0x80), ...parts, END_OF_CONTENTS]);
}
