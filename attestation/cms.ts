/**
 * `CiphertextForRecipient`: the CMS EnvelopedData in which KMS answers an attested request.
 *
 * The envelope has no authenticity of its own: anyone who knows the attested public key can make one, and AES-CBC lets anyone bend one.
 * Only TLS to the true KMS, and a check of what the plaintext must be, make it trustworthy. Both are the caller's.
 */
import type { KeyObject } from 'node:crypto';
import { constants, createDecipheriv, createHash, privateDecrypt } from 'node:crypto';
import type { BerNode } from './ber.ts';
import { readBer } from './ber.ts';
import type { Result } from './codes.ts';
import { accept, refuse } from './codes.ts';
import { sameBytes } from './document.ts';

/** Bytes; the limit of the KMS API. */
const MAX_ENVELOPE_BYTES = 6144;
/** Bytes of an AES-256 key. */
const CONTENT_KEY_BYTES = 32;
/** Bytes of an AES block, hence of the IV. */
const BLOCK_BYTES = 16;

/** Whole DER encodings, so that an algorithm with other parameters never compares equal. */
const OID_ENVELOPED_DATA = Buffer.from('06092a864886f70d010703', 'hex');
const OID_DATA = Buffer.from('06092a864886f70d010701', 'hex');
const OID_AES256_CBC = Buffer.from('060960864801650304012a', 'hex');
const INTEGER_2 = Buffer.from('020102', 'hex');
/** RSAES-OAEP, hash SHA-256, mask generation MGF1 with SHA-256, no label. */
const RSAES_OAEP_SHA256 = Buffer.from(
  '303c06092a864886f70d010107302fa00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500',
  'hex',
);

const SEQUENCE = 0x30;
const SET = 0x31;
const OCTET_STRING = 0x04;
const CONTEXT_0 = 0x80;
const CONTEXT_0_CONSTRUCTED = 0xa0;

interface Envelope {
  readonly keyId: Uint8Array;
  readonly encryptedKey: Uint8Array;
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * Opens an envelope with the RSA key whose SPKI was attested. Strict: version 2 twice, one recipient, its key id the SHA-256 of
 * `spkiDer`, RSAES-OAEP and MGF1 with SHA-256, AES-256-CBC, exact sizes, no trailing bytes; the content as one primitive or as a
 * constructed string. The plaintext is a new Buffer that the caller must wipe; it is NOT authenticated. Never throws.
 */
export function openCiphertextForRecipient(
  ber: Uint8Array,
  rsaPrivateKey: KeyObject,
  spkiDer: Uint8Array,
): Result<Uint8Array> {
  const envelope = parseEnvelope(ber);
  if (!envelope.ok) {
    return envelope;
  }
  const { keyId, encryptedKey, iv, ciphertext } = envelope.value;
  if (!sameBytes(keyId, createHash('sha256').update(spkiDer).digest())) {
    return refuse('cms-recipient');
  }
  const contentKey = unwrapKey(encryptedKey, rsaPrivateKey);
  if (contentKey === null) {
    return refuse('cms-key');
  }
  const plaintext = decryptContent(contentKey, iv, ciphertext);
  contentKey.fill(0);
  return plaintext === null ? refuse('cms-content') : accept(plaintext);
}

function unwrapKey(encryptedKey: Uint8Array, key: KeyObject): Buffer | null {
  if (encryptedKey.length * 8 !== key.asymmetricKeyDetails?.modulusLength) {
    return null;
  }
  try {
    const unwrapped = privateDecrypt(
      { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      encryptedKey,
    );
    if (unwrapped.length === CONTENT_KEY_BYTES) {
      return unwrapped;
    }
    unwrapped.fill(0);
    return null;
  } catch {
    return null;
  }
}

function decryptContent(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array | null {
  const decipher = createDecipheriv('aes-256-cbc', key, iv);
  const head = decipher.update(ciphertext);
  try {
    const tail = decipher.final();
    const plaintext = Buffer.concat([head, tail]);
    tail.fill(0);
    return plaintext;
  } catch {
    return null;
  } finally {
    head.fill(0);
  }
}

/** Takes the envelope apart without any key; exported for the tests of samples whose key is not known. */
export function parseEnvelope(ber: Uint8Array): Result<Envelope> {
  if (ber.length === 0 || ber.length > MAX_ENVELOPE_BYTES) {
    return refuse('cms-size', `${ber.length} bytes`);
  }
  const contentInfo = readBer(ber);
  if (contentInfo === null) {
    return refuse('cms-encoding');
  }
  const [type, explicit] = children(contentInfo, SEQUENCE, 2);
  const [enveloped] = children(explicit, CONTEXT_0_CONSTRUCTED, 1);
  const [version, recipients, content] = children(enveloped, SEQUENCE, 3);
  const [recipient] = children(recipients, SET, 1);
  const [recipientVersion, keyId, keyAlgorithm, encryptedKey] = children(recipient, SEQUENCE, 4);
  const [contentType, contentAlgorithm, ciphertext] = children(content, SEQUENCE, 3);
  const [cipher, iv] = children(contentAlgorithm, SEQUENCE, 2);
  if (!equals(type, OID_ENVELOPED_DATA) || !equals(contentType, OID_DATA)) {
    return refuse('cms-structure');
  }
  if (!equals(version, INTEGER_2) || !equals(recipientVersion, INTEGER_2)) {
    return refuse('cms-version');
  }
  if (!equals(keyAlgorithm, RSAES_OAEP_SHA256) || !equals(cipher, OID_AES256_CBC)) {
    return refuse('cms-algorithm');
  }
  return checkParts(
    primitive(keyId, CONTEXT_0),
    primitive(encryptedKey, OCTET_STRING),
    primitive(iv, OCTET_STRING),
    readContent(ciphertext),
  );
}

function checkParts(keyId: Part, encryptedKey: Part, iv: Part, ciphertext: Part): Result<Envelope> {
  if (keyId === null || encryptedKey === null || iv === null || ciphertext === null) {
    return refuse('cms-structure');
  }
  if (iv.length !== BLOCK_BYTES || ciphertext.length === 0 || ciphertext.length % BLOCK_BYTES !== 0) {
    return refuse('cms-structure', 'the IV or the content is not made of whole blocks');
  }
  return accept({ keyId, encryptedKey, iv, ciphertext });
}

type Part = Uint8Array | null;

/** The elements of a constructed element with this tag and exactly this many elements; else none, and whatever needed them is refused. */
function children(node: BerNode | undefined, tag: number, count: number): readonly BerNode[] {
  return node !== undefined && node.tag === tag && node.children.length === count ? node.children : [];
}

function primitive(node: BerNode | undefined, tag: number): Part {
  return node !== undefined && node.tag === tag ? node.content : null;
}

function equals(node: BerNode | undefined, encoding: Uint8Array): boolean {
  return node !== undefined && sameBytes(node.bytes, encoding);
}

/** The encrypted content: `[0]` primitive, or `[0]` constructed of one or more OCTET STRINGs. */
function readContent(node: BerNode | undefined): Part {
  if (node?.tag !== CONTEXT_0_CONSTRUCTED) {
    return primitive(node, CONTEXT_0);
  }
  const parts = node.children.map((child) => primitive(child, OCTET_STRING));
  return parts.every((part) => part !== null) ? Buffer.concat(parts) : null;
}
