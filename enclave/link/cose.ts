/** COSE_Sign1 (RFC 9052) with EdDSA, in the one encoding Reeve uses: untagged, protected {1: -8, 4: key id}, empty unprotected header, payload attached. */

import { ReeveError } from './errors.ts';

/** Protected header {alg: EdDSA, kid: the signer's 32-byte public key}. */
const PROTECTED_HEAD = Uint8Array.of(0xa2, 0x01, 0x27, 0x04, 0x58, 0x20);
const PROTECTED_BYTES = PROTECTED_HEAD.length + 32;
const SIGNATURE_BYTES = 64;

export interface Sign1 {
  readonly key: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** The bytes a signer signs: Sig_structure `["Signature1", protected, external_aad, payload]` (RFC 9052 section 4.4). */
export function encodeSigStructure(key: Uint8Array, domain: string, payload: Uint8Array): Uint8Array {
  const context = Buffer.from('Signature1');
  return Buffer.concat([
    Uint8Array.of(0x84),
    head(3, context.length),
    context,
    byteString(encodeProtected(key)),
    byteString(Buffer.from(domain)),
    byteString(payload),
  ]);
}

/** The COSE_Sign1 message around a finished signature. */
export function encodeSign1({ key, payload, signature }: Sign1): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(0x84),
    byteString(encodeProtected(key)),
    Uint8Array.of(0xa0),
    byteString(payload),
    byteString(signature),
  ]);
}

/** Takes a COSE_Sign1 apart, refusing every encoding but ours. Does not verify the signature. */
export function decodeSign1(bytes: Uint8Array): Sign1 {
  const start = 1 + 2 + PROTECTED_BYTES + 1;
  const payloadHead = lengthAt(bytes, start);
  const payloadStart = start + payloadHead.size;
  const signatureStart = payloadStart + payloadHead.length + 2;
  const message = {
    key: bytes.slice(3 + PROTECTED_HEAD.length, 3 + PROTECTED_BYTES),
    payload: bytes.slice(payloadStart, payloadStart + payloadHead.length),
    signature: bytes.slice(signatureStart, signatureStart + SIGNATURE_BYTES),
  };
  if (!Buffer.from(bytes).equals(encodeSign1(message)))
    throw new ReeveError('command-malformed', { what: 'COSE_Sign1' });
  return message;
}

function encodeProtected(key: Uint8Array): Uint8Array {
  return Buffer.concat([PROTECTED_HEAD, key]);
}

function byteString(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([head(2, bytes.length), bytes]);
}

function head(major: number, length: number): Uint8Array {
  if (length < 24) return Uint8Array.of((major << 5) | length);
  if (length < 256) return Uint8Array.of((major << 5) | 24, length);
  if (length < 65536) return Uint8Array.of((major << 5) | 25, length >> 8, length & 255);
  throw new ReeveError('command-malformed', { what: 'COSE_Sign1 length', limit: 65535 });
}

function lengthAt(bytes: Uint8Array, at: number): { length: number; size: number } {
  const info = (bytes[at] ?? 0) & 31;
  if (info < 24) return { length: info, size: 1 };
  if (info === 24) return { length: bytes[at + 1] ?? 0, size: 2 };
  return { length: ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0), size: 3 };
}
