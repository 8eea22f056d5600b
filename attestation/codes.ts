/**
 * Every reason for which attestation material is refused: `code -> {number, text}`. Numbers 2000 to 2999 are this folder's;
 * a code is never renumbered, reused or removed.
 */
export const attestationCodes = {
  'cbor-truncated': { number: 2001, text: 'the CBOR ends before its own lengths say it does' },
  'cbor-trailing': { number: 2002, text: 'bytes follow the end of the CBOR item' },
  'cbor-not-minimal': { number: 2003, text: 'a CBOR integer or length is not in its shortest form' },
  'cbor-unsupported': {
    number: 2004,
    text: 'a CBOR type that is never part of the format: float, tag, undefined, chunked string',
  },
  'cbor-duplicate-key': { number: 2005, text: 'a CBOR map holds the same key twice' },
  'cbor-key-type': { number: 2006, text: 'a CBOR map key is neither an integer nor text' },
  'cbor-too-deep': { number: 2007, text: 'the CBOR is nested too deeply' },
  'cbor-not-text': { number: 2008, text: 'a CBOR text string is not UTF-8' },

  'document-size': { number: 2020, text: 'the attestation document is empty or too long' },
  'document-structure': {
    number: 2021,
    text: 'the attestation document is not an array of four byte strings and maps as COSE_Sign1 wants',
  },
  'document-algorithm': {
    number: 2022,
    text: 'the protected header is not exactly ES384, or the unprotected one is not empty',
  },
  'signature-length': { number: 2023, text: 'the document signature is not 96 bytes' },
  'payload-structure': { number: 2024, text: 'the payload is not one map' },
  'field-missing': { number: 2025, text: 'a field of the payload is missing' },
  'field-unknown': { number: 2026, text: 'the payload has a field that is not part of the format' },
  'field-type': { number: 2027, text: 'a field of the payload has the wrong type' },
  'module-id': { number: 2028, text: 'module_id is empty or too long' },
  digest: { number: 2029, text: 'digest is not SHA384' },
  timestamp: { number: 2030, text: 'timestamp is not a positive number of milliseconds' },
  'pcr-count': { number: 2031, text: 'pcrs holds no entry or more than 32' },
  'pcr-index': { number: 2032, text: 'a PCR index is not a whole number from 0 to 31' },
  'pcr-length': { number: 2033, text: 'a PCR value is not 48 bytes' },
  cabundle: { number: 2034, text: 'cabundle is empty or has too many certificates' },
  'certificate-size': { number: 2035, text: 'a certificate is empty or longer than 1024 bytes' },
  'field-size': { number: 2036, text: 'public_key, user_data or nonce has a length the format does not allow' },

  'root-untrusted': { number: 2050, text: 'the chain does not start at the pinned root' },
  'certificate-malformed': { number: 2051, text: 'a certificate is not one DER encoded X.509 version 3 certificate' },
  'certificate-algorithm': {
    number: 2052,
    text: 'a certificate is not signed with ECDSA and SHA-384 over a P-384 key',
  },
  'certificate-issuer': {
    number: 2053,
    text: 'a certificate names another issuer than the one before it in the chain',
  },
  'certificate-signature': { number: 2054, text: 'a certificate is not signed by the one before it in the chain' },
  'certificate-extension-duplicate': { number: 2055, text: 'a certificate holds the same extension twice' },
  'certificate-extension-unknown': {
    number: 2056,
    text: 'a certificate has a critical extension this verifier does not know',
  },
  'certificate-extension-malformed': { number: 2057, text: 'a certificate extension cannot be read' },
  'certificate-not-ca': { number: 2058, text: 'an issuing certificate is not marked as a CA' },
  'certificate-path-length': {
    number: 2059,
    text: 'a CA certificate stands higher in the chain than its path length allows',
  },
  'certificate-key-usage': { number: 2060, text: 'a certificate lacks the key usage its place in the chain needs' },
  'leaf-is-ca': { number: 2061, text: 'the certificate that signs the document is marked as a CA' },
  'leaf-signs-certificates': { number: 2062, text: 'the certificate that signs the document may sign certificates' },
  'certificate-expired': { number: 2063, text: 'a certificate had ended at the time of verification' },
  'certificate-not-yet-valid': { number: 2064, text: 'a certificate had not begun at the time of verification' },
  'document-signature': { number: 2065, text: 'the document is not signed by its certificate' },

  'pcr-missing': { number: 2080, text: 'a PCR that was asked for, or one of PCR0 to PCR2, is not in the document' },
  'pcr-mismatch': { number: 2081, text: 'a PCR differs from the expected value' },
  debug: {
    number: 2082,
    text: 'the enclave runs in debug mode (one of PCR0 to PCR2 is zero): the parent can read its console',
  },
  'nonce-mismatch': { number: 2083, text: 'the nonce differs from the expected one' },
  'user-data-mismatch': { number: 2084, text: 'user_data differs from the expected one' },
  'public-key-mismatch': { number: 2085, text: 'public_key differs from the expected one' },
  stale: { number: 2086, text: 'the document is older than allowed' },
  future: { number: 2087, text: 'the document is dated ahead of now' },
  'time-missing': { number: 2088, text: 'a maximum age was asked for without a time to compare with' },

  'nsm-unreachable': { number: 2100, text: 'the NSM could not be reached or did not answer' },
  'nsm-request': { number: 2101, text: 'the request is longer than the NSM accepts' },
  'nsm-response': { number: 2102, text: 'the NSM answered something else than what was asked' },
  'nsm-error': { number: 2103, text: 'the NSM refused the request' },

  'cms-size': { number: 2120, text: 'the envelope is empty or too long' },
  'cms-encoding': { number: 2121, text: 'the envelope is not well-formed BER, or bytes follow it' },
  'cms-structure': { number: 2122, text: 'the envelope is not one EnvelopedData for one recipient as KMS makes it' },
  'cms-version': { number: 2123, text: 'a version in the envelope is not 2' },
  'cms-algorithm': {
    number: 2124,
    text: 'the envelope uses other algorithms than RSAES-OAEP with SHA-256 and AES-256-CBC',
  },
  'cms-recipient': { number: 2125, text: 'the envelope is for another public key' },
  'cms-key': { number: 2126, text: 'the content key of the envelope cannot be unwrapped' },
  'cms-content': { number: 2127, text: 'the content of the envelope cannot be decrypted' },

  'eif-size': { number: 2200, text: 'the image is shorter than its header' },
  'eif-magic': { number: 2201, text: 'the file is not an enclave image: it does not start with .eif' },
  'eif-version': { number: 2202, text: 'the image has another version of the format than 4' },
  'eif-flags': { number: 2203, text: 'the image has flags this format does not know' },
  'eif-reserved': { number: 2204, text: 'a reserved field of the image is not zero' },
  'eif-section-count': { number: 2205, text: 'the image has no section or more than 32' },
  'eif-table': { number: 2206, text: 'the table of sections is not zero after its last entry' },
  'eif-offset': { number: 2207, text: 'a section does not start where the one before it ends' },
  'eif-truncated': { number: 2208, text: 'the image ends before one of its sections does' },
  'eif-section-kind': { number: 2209, text: 'a section is of no known kind' },
  'eif-section-size': { number: 2210, text: 'a section has another size in its own header than in the table' },
  'eif-trailing': { number: 2211, text: 'bytes follow the last section' },
  'eif-crc': { number: 2212, text: 'the checksum of the image is wrong' },
  'eif-order': {
    number: 2213,
    text: 'the sections are not a kernel, a command line and ramdisks in this order, with at most one of metadata and signature',
  },
  'eif-metadata': { number: 2214, text: 'the metadata is not JSON' },
  'eif-signature': { number: 2215, text: 'the signature section is not one certificate with one signature of PCR0' },
  'eif-signature-invalid': { number: 2216, text: 'the signature is not one of this image’s PCR0 by its certificate' },
} as const satisfies Record<string, { readonly number: number; readonly text: string }>;

export type AttestationCode = keyof typeof attestationCodes;

/** Why something was refused. `detail` names the place for people; it holds no secret. */
export interface Refusal {
  readonly reason: AttestationCode;
  readonly detail: string;
}

/** Success with a value, or a refusal as a value: nothing here throws for what the outside sent. */
export type Result<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal };

/** Makes a success. */
export function accept<Value>(value: Value): Result<Value> {
  return { ok: true, value };
}

/** Makes a refusal; without `detail` the code's own text is used. */
export function refuse(
  reason: AttestationCode,
  detail: string = attestationCodes[reason].text,
): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { reason, detail } };
}
