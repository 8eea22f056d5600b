/**
 * The verdict on an attestation document, in the order of AWS's text: size, CBOR, header, fields, chain, signature, and only then what
 * the caller expects of it (PCRs, debug, nonce, user data, public key, freshness).
 *
 * ECDSA signatures can be changed into other valid ones without the key: never recognise a document by a hash of its bytes.
 */
import type { X509Certificate } from 'node:crypto';
import { verify } from 'node:crypto';
import { encodeCbor } from './cbor.ts';
import type { Anchor } from './certificate.ts';
import { walkChain } from './certificate.ts';
import type { AttestationCode, Refusal } from './codes.ts';
import { refuse } from './codes.ts';
import type { AttestationDocument, SignedDocument } from './document.ts';
import { parseDocument, sameBytes } from './document.ts';

/** How far a document may be dated ahead of `now` before it is refused: milliseconds. */
export const MAX_AHEAD_MS = 60_000;

/** Stands where a root stands, and trusts nobody: documents of an emulator, which ANYBODY can write. It proves nothing and is for development. */
export const UNSIGNED_EMULATION = 'unsigned-emulation';

export interface Expectations {
  /** The one trusted root: its DER, or the SHA-256 of it as lower-case hex; `UNSIGNED_EMULATION` for none. */
  readonly root: Anchor;
  /** When the certificates must be valid: milliseconds since the epoch, or `document` for the document's own timestamp, which alone says nothing about age. */
  readonly at: 'document' | number;
  /** Expected PCRs by index. One that the document lacks is a mismatch. */
  readonly pcrs?: Readonly<Record<number, Uint8Array>>;
  /** Compared whole when given; `null` wants the field to be null. */
  readonly nonce?: Uint8Array | null;
  readonly userData?: Uint8Array | null;
  readonly publicKey?: Uint8Array | null;
  /** Greatest age by the document's timestamp, apart from certificate validity. Needs `now`, or a number in `at`. */
  readonly maxAgeMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: number;
  /** Takes documents of debug enclaves, whose PCR0 to PCR2 are zero. */
  readonly allowDebug?: boolean;
}

export type Verdict =
  | { readonly valid: true; readonly document: AttestationDocument }
  | { readonly valid: false; readonly reason: AttestationCode; readonly detail: string };

type Fault = { ok: false; refusal: Refusal } | null;

/**
 * Verifies `bytes` as a Nitro attestation document against `expectations`. Valid means: this NSM chain said this, at that time, for an
 * enclave with these PCRs. It does not mean the enclave is yours: pin PCR0. Never throws.
 */
export function verifyDocument(bytes: Uint8Array, expectations: Expectations): Verdict {
  const unsigned = expectations.root === UNSIGNED_EMULATION;
  const parsed = parseDocument(bytes, { unsigned });
  if (!parsed.ok) {
    return invalid(parsed.refusal);
  }
  const { document } = parsed.value;
  const fault =
    (unsigned ? null : checkSignature(parsed.value, expectations)) ??
    checkPcrs(document, expectations) ??
    checkFields(document, expectations) ??
    checkAge(document, expectations);
  return fault === null ? { valid: true, document } : invalid(fault.refusal);
}

function invalid({ reason, detail }: Refusal): Verdict {
  return { valid: false, reason, detail };
}

function checkSignature(signed: SignedDocument, { root, at }: Expectations): Fault {
  const { cabundle, certificate, timestamp } = signed.document;
  const leaf = walkChain(cabundle, certificate, root, at === 'document' ? timestamp : at);
  if (!leaf.ok) {
    return leaf;
  }
  return isSigned(signed, leaf.value) ? null : refuse('document-signature');
}

/** ES384 over the COSE Sig_structure, built from the original byte strings. */
function isSigned({ protectedHeader, payload, signature }: SignedDocument, leaf: X509Certificate): boolean {
  const signed = encodeCbor(['Signature1', protectedHeader, new Uint8Array(0), payload]);
  try {
    return verify('sha384', signed, { key: leaf.publicKey, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
}

function checkPcrs({ pcrs }: AttestationDocument, { pcrs: expected = {}, allowDebug = false }: Expectations): Fault {
  for (const index of [0, 1, 2]) {
    const value = pcrs.get(index);
    if (value === undefined) {
      return refuse('pcr-missing', `PCR${index}`);
    }
    if (!allowDebug && value.every((byte) => byte === 0)) {
      return refuse('debug', `PCR${index} is zero`);
    }
  }
  for (const [index, value] of Object.entries(expected)) {
    const found = pcrs.get(Number(index));
    if (found === undefined) {
      return refuse('pcr-missing', `PCR${index}`);
    }
    if (!sameBytes(found, value)) {
      return refuse('pcr-mismatch', `PCR${index} is ${Buffer.from(found).toString('hex')}`);
    }
  }
  return null;
}

function checkFields({ nonce, userData, publicKey }: AttestationDocument, expected: Expectations): Fault {
  if (!matches(nonce, expected.nonce)) {
    return refuse('nonce-mismatch');
  }
  if (!matches(userData, expected.userData)) {
    return refuse('user-data-mismatch');
  }
  return matches(publicKey, expected.publicKey) ? null : refuse('public-key-mismatch');
}

function matches(found: Uint8Array | null, expected: Uint8Array | null | undefined): boolean {
  if (expected === undefined || expected === null || found === null) {
    return expected === undefined || found === expected;
  }
  return sameBytes(found, expected);
}

function checkAge({ timestamp }: AttestationDocument, { maxAgeMs, now, at }: Expectations): Fault {
  if (maxAgeMs === undefined) {
    return null;
  }
  const reference = now ?? (at === 'document' ? undefined : at);
  if (reference === undefined) {
    return refuse('time-missing');
  }
  const age = reference - timestamp;
  if (age < -MAX_AHEAD_MS) {
    return refuse('future', `${-age} ms ahead`);
  }
  return age <= maxAgeMs ? null : refuse('stale', `${age} ms old, ${maxAgeMs} ms allowed`);
}
