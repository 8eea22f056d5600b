/**
 * The signature section of an EIF: CBOR `[{signing_certificate: PEM, signature: COSE_Sign1}]`, bytes written as lists of numbers, the
 * signature over `{register_index: 0, register_value: PCR0}`. PCR8 stands for the certificate; Nitro starts no image whose signature is wrong.
 */

import type { KeyObject } from 'node:crypto';
import { createHash, verify, X509Certificate } from 'node:crypto';
import type { CborValue } from '../../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../../attestation/cbor.ts';
import type { Result } from '../../attestation/codes.ts';
import { accept, refuse } from '../../attestation/codes.ts';
import { measureOnce } from '../../attestation/measure.ts';

export interface ImageSignature {
  readonly pcr8: Uint8Array;
  readonly subject: string;
  /** When the certificate ends; Nitro refuses the image after that. */
  readonly validTo: string;
}

/** COSE algorithm and hash by the key's curve. */
const ALGORITHMS: Readonly<Record<string, { readonly id: number; readonly hash: string }>> = {
  prime256v1: { id: -7, hash: 'sha256' },
  secp384r1: { id: -35, hash: 'sha384' },
  secp521r1: { id: -36, hash: 'sha512' },
};

/** Reads the section and checks its signature over `pcr0`. Who the certificate belongs to, and its dates, are not checked. */
export function readImageSignature(section: Uint8Array, pcr0: Uint8Array): Result<ImageSignature> {
  const read = readEntry(section);
  if (read === null) return refuse('eif-signature');
  const { certificate, key, envelope } = read;
  if (!isSigned(envelope, pcr0, key)) return refuse('eif-signature-invalid');
  const hash = createHash('sha384').update(certificate.raw).digest();
  return accept({ pcr8: measureOnce(hash), subject: certificate.subject, validTo: certificate.validTo });
}

interface Entry {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  readonly envelope: readonly CborValue[];
}

/** A certificate whose key cannot be read is none, though it parses: its key is looked at only when asked for. */
function readEntry(section: Uint8Array): Entry | null {
  const [entry, more] = readList(decode(section)) ?? [];
  if (!(entry instanceof Map) || entry.size !== 2 || more !== undefined) return null;
  const [pem, cose] = ['signing_certificate', 'signature'].map((name) => readByteList(entry.get(name)));
  if (pem === undefined || pem === null || cose === undefined || cose === null) return null;
  const envelope = readList(decode(cose, true));
  if (envelope?.length !== 4) return null;
  try {
    const certificate = new X509Certificate(pem);
    return { certificate, key: certificate.publicKey, envelope };
  } catch {
    return null;
  }
}

function isSigned(envelope: readonly CborValue[], pcr0: Uint8Array, key: KeyObject): boolean {
  const [head, , payload, signature] = envelope;
  const algorithm = ALGORITHMS[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (!(head instanceof Uint8Array && payload instanceof Uint8Array && signature instanceof Uint8Array)) return false;
  const header = decode(head);
  if (algorithm === undefined || !(header instanceof Map) || header.get(1) !== algorithm.id) return false;
  const said = decode(payload);
  if (!(said instanceof Map) || said.size !== 2 || said.get('register_index') !== 0) return false;
  if (!readByteList(said.get('register_value'))?.equals(pcr0)) return false;
  const signed = encodeCbor(['Signature1', head, new Uint8Array(0), payload]);
  return verify(algorithm.hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function decode(bytes: Uint8Array, coseTag = false): CborValue | undefined {
  const decoded = decodeCbor(bytes, { coseTag });
  return decoded.ok ? decoded.value : undefined;
}

function readList(value: CborValue | undefined): readonly CborValue[] | null {
  return Array.isArray(value) ? value : null;
}

/** A byte string written as a list of numbers, or as a byte string. */
function readByteList(value: CborValue | undefined): Buffer | null {
  if (value instanceof Uint8Array) return Buffer.from(value);
  const isByte = (item: CborValue) => typeof item === 'number' && item >= 0 && item <= 255;
  return Array.isArray(value) && value.every(isByte) ? Buffer.from(value as number[]) : null;
}
