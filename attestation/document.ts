/**
 * Reads a Nitro attestation document: an ES384 COSE_Sign1, tagged or not, whose payload is the map of AWS's attestation process text.
 * Reading proves nothing about who made the document: that is `verify.ts`.
 */
import type { CborKey, CborValue } from './cbor.ts';
import { decodeCbor } from './cbor.ts';
import type { AttestationCode, Refusal, Result } from './codes.ts';
import { accept, refuse } from './codes.ts';
import { PCR_BYTES } from './measure.ts';

/** Bytes; an NSM answer is at most 12,288. */
export const MAX_DOCUMENT_BYTES = 16_384;
/** Bytes of one certificate. */
const MAX_CERTIFICATE_BYTES = 1024;
/** Bytes of public_key, user_data and nonce. AWS's text says 512 for two of them, its own NSM check uses 1024. */
const MAX_FIELD_BYTES = 1024;
/** Characters. */
const MAX_MODULE_ID = 256;
const MAX_PCRS = 32;
/** Certificates in `cabundle`; all known documents hold 4. */
const MAX_CABUNDLE = 8;
/** r and s of P-384, 48 bytes each. */
const SIGNATURE_BYTES = 96;
/** The protected header {1: -35}: alg = ES384. Compared as bytes, so no other spelling counts. */
export const PROTECTED_HEADER = Uint8Array.of(0xa1, 0x01, 0x38, 0x22);

/** What an emulator writes instead: alg = -1, and zeros for a signature. */
const UNSIGNED_HEADER = Uint8Array.of(0xa1, 0x01, 0x20);
const UNSIGNED_SIGNATURE = new Uint8Array(64);

/** What the enclave's NSM says. All byte strings are views into the document. */
export interface AttestationDocument {
  readonly moduleId: string;
  /** Milliseconds since the Unix epoch, from the hypervisor. */
  readonly timestamp: number;
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** The DER certificate whose key signs the document. */
  readonly certificate: Uint8Array;
  /** DER certificates, the root first. Carried by the document, hence not trusted by itself. */
  readonly cabundle: readonly Uint8Array[];
  readonly publicKey: Uint8Array | null;
  readonly userData: Uint8Array | null;
  readonly nonce: Uint8Array | null;
}

/** A document together with the original bytes its signature is over. */
export interface SignedDocument {
  readonly document: AttestationDocument;
  readonly protectedHeader: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

const FIELDS = [
  'module_id',
  'digest',
  'timestamp',
  'pcrs',
  'certificate',
  'cabundle',
  'public_key',
  'user_data',
  'nonce',
];

/**
 * Reads a document strictly: size, CBOR, header, then every field's type and size, unknown fields refused. Optional fields must be
 * present and may be null, as every NSM writes them. Does not check signature, certificates, PCR values or time. With `unsigned` it
 * reads what QEMU's emulated NSM writes, which anybody can write, and nothing else.
 */
export function parseDocument(bytes: Uint8Array, { unsigned = false } = {}): Result<SignedDocument> {
  if (bytes.length === 0 || bytes.length > MAX_DOCUMENT_BYTES) {
    return refuse('document-size', `${bytes.length} bytes`);
  }
  const outer = decodeCbor(bytes, { coseTag: true });
  if (!outer.ok) {
    return outer;
  }
  const envelope = readEnvelope(outer.value, unsigned);
  if (!envelope.ok) {
    return envelope;
  }
  const payload = decodeCbor(envelope.value.payload);
  if (!payload.ok) {
    return payload;
  }
  const document = readPayload(payload.value);
  return document.ok ? accept({ ...envelope.value, document: document.value }) : document;
}

function readEnvelope(value: CborValue, unsigned: boolean): Result<Omit<SignedDocument, 'document'>> {
  if (!Array.isArray(value) || value.length !== 4) {
    return refuse('document-structure');
  }
  const [protectedHeader, unprotectedHeader, payload, signature] = value;
  if (!isBytes(protectedHeader) || !isBytes(payload) || !isBytes(signature) || !(unprotectedHeader instanceof Map)) {
    return refuse('document-structure');
  }
  const header = unsigned ? UNSIGNED_HEADER : PROTECTED_HEADER;
  if (!sameBytes(protectedHeader, header) || unprotectedHeader.size !== 0) {
    return refuse('document-algorithm');
  }
  if (unsigned ? !sameBytes(signature, UNSIGNED_SIGNATURE) : signature.length !== SIGNATURE_BYTES) {
    return refuse('signature-length', `${signature.length} bytes`);
  }
  return accept({ protectedHeader, payload, signature });
}

function readPayload(value: CborValue): Result<AttestationDocument> {
  if (!(value instanceof Map)) {
    return refuse('payload-structure');
  }
  const map: ReadonlyMap<CborKey, CborValue> = value;
  const missing = FIELDS.find((name) => !map.has(name));
  if (missing !== undefined) {
    return refuse('field-missing', missing);
  }
  const unknown = [...map.keys()].find((key) => typeof key !== 'string' || !FIELDS.includes(key));
  if (unknown !== undefined) {
    return refuse('field-unknown', JSON.stringify(String(unknown).slice(0, 64)));
  }
  return readFields((name) => map.get(name) ?? null);
}

function readFields(get: (name: string) => CborValue): Result<AttestationDocument> {
  const moduleId = get('module_id');
  const timestamp = get('timestamp');
  const certificate = get('certificate');
  const fault = checkScalars(moduleId, get('digest'), timestamp);
  if (fault !== null) {
    return fault;
  }
  const pcrs = readPcrs(get('pcrs'));
  if (!pcrs.ok) {
    return pcrs;
  }
  const certificates = readCertificates(certificate, get('cabundle'));
  if (!certificates.ok) {
    return certificates;
  }
  const optional = readOptional(get);
  if (!optional.ok) {
    return optional;
  }
  return accept({
    moduleId: moduleId as string,
    timestamp: timestamp as number,
    pcrs: pcrs.value,
    ...certificates.value,
    ...optional.value,
  });
}

function checkScalars(
  moduleId: CborValue,
  digest: CborValue,
  timestamp: CborValue,
): { ok: false; refusal: Refusal } | null {
  if (typeof moduleId !== 'string') {
    return refuse('field-type', 'module_id');
  }
  if (moduleId.length === 0 || moduleId.length > MAX_MODULE_ID) {
    return refuse('module-id');
  }
  if (digest !== 'SHA384') {
    return refuse('digest');
  }
  if (typeof timestamp !== 'number' && typeof timestamp !== 'bigint') {
    return refuse('field-type', 'timestamp');
  }
  return typeof timestamp === 'number' && timestamp > 0 ? null : refuse('timestamp');
}

function readPcrs(value: CborValue): Result<ReadonlyMap<number, Uint8Array>> {
  if (!(value instanceof Map)) {
    return refuse('field-type', 'pcrs');
  }
  if (value.size === 0 || value.size > MAX_PCRS) {
    return refuse('pcr-count', `${value.size} entries`);
  }
  const pcrs = new Map<number, Uint8Array>();
  for (const [index, pcr] of value) {
    if (typeof index !== 'number' || index < 0 || index >= MAX_PCRS) {
      return refuse('pcr-index');
    }
    if (!isBytes(pcr)) {
      return refuse('field-type', `pcrs[${index}]`);
    }
    if (pcr.length !== PCR_BYTES) {
      return refuse('pcr-length', `PCR${index} has ${pcr.length} bytes`);
    }
    pcrs.set(index, pcr);
  }
  return accept(pcrs);
}

type Certificates = Pick<AttestationDocument, 'certificate' | 'cabundle'>;

function readCertificates(certificate: CborValue, cabundle: CborValue): Result<Certificates> {
  if (!isBytes(certificate)) {
    return refuse('field-type', 'certificate');
  }
  if (!Array.isArray(cabundle) || !cabundle.every(isBytes)) {
    return refuse('field-type', 'cabundle');
  }
  if (cabundle.length === 0 || cabundle.length > MAX_CABUNDLE) {
    return refuse('cabundle', `${cabundle.length} certificates`);
  }
  const size = [certificate, ...cabundle].find(({ length }) => length === 0 || length > MAX_CERTIFICATE_BYTES);
  return size === undefined ? accept({ certificate, cabundle }) : refuse('certificate-size', `${size.length} bytes`);
}

type Optional = Pick<AttestationDocument, 'publicKey' | 'userData' | 'nonce'>;

function readOptional(get: (name: string) => CborValue): Result<Optional> {
  for (const name of ['public_key', 'user_data', 'nonce']) {
    const value = get(name);
    const fault = checkOptional(value, name === 'public_key' ? 1 : 0);
    if (fault !== null) {
      return refuse(fault, name);
    }
  }
  return accept({
    publicKey: get('public_key') as Uint8Array | null,
    userData: get('user_data') as Uint8Array | null,
    nonce: get('nonce') as Uint8Array | null,
  });
}

function checkOptional(value: CborValue, least: number): AttestationCode | null {
  if (value === null) {
    return null;
  }
  if (!isBytes(value)) {
    return 'field-type';
  }
  return value.length < least || value.length > MAX_FIELD_BYTES ? 'field-size' : null;
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** Compares two byte strings of public data; not constant time. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
