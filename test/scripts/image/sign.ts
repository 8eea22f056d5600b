/** Signs images as nitro-cli does: COSE_Sign1 over PCR0 by a key with a certificate, bytes written as lists of numbers. */

import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, sign } from 'node:crypto';
import { encodeCbor } from '../../../attestation/cbor.ts';
import { issueCertificate, toPem } from '../../../scripts/dev/pki.ts';
import type { Section } from '../../../scripts/image/eif.ts';
import { measureEif } from '../../../scripts/image/measurement.ts';

const ALGORITHMS = { prime256v1: [-7, 'sha256'], secp384r1: [-35, 'sha384'], secp521r1: [-36, 'sha512'] } as const;
const YEAR_MS = 31_536_000_000;

export interface SignatureOptions {
  /** What the signature says instead. */
  readonly register?: number;
  readonly algorithm?: number;
  /** The certificate says its key is a point that is on no curve. */
  readonly brokenKey?: boolean;
}

/** The signature section for an image of `sections`, and the certificate's DER. */
export function signImage(
  sections: readonly Section[],
  curve: keyof typeof ALGORITHMS,
  { register = 0, ...more }: SignatureOptions = {},
): { section: Section; certificate: Uint8Array } {
  const [algorithm, hash] = ALGORITHMS[curve];
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const name = { O: 'Reeve', CN: 'image signer' };
  const now = Date.now();
  const certificate = issueCertificate({
    subject: name,
    issuer: name,
    publicKey,
    signer: privateKey,
    notBefore: now,
    notAfter: now + YEAR_MS,
    extensions: [],
  });
  const { pcr0 } = measureEif({ architecture: 'x86_64', memory: 0n, cpus: 0n, sections });
  const head = encodeCbor(new Map([[1, more.algorithm ?? algorithm]]));
  const payload = encodeCbor(
    new Map<string, number | number[]>([
      ['register_index', register],
      ['register_value', [...pcr0]],
    ]),
  );
  const signed = encodeCbor(['Signature1', head, new Uint8Array(0), payload]);
  const signature = sign(hash, signed, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const cose = encodeCbor([head, new Map(), payload, signature]);
  const pem = Buffer.from(toPem(more.brokenKey ? breakKey(certificate, publicKey) : certificate));
  const body = encodeCbor([
    new Map([
      ['signing_certificate', [...pem]],
      ['signature', [...cose]],
    ]),
  ]);
  return { section: { kind: 'signature', flags: 0, body }, certificate };
}

/** The certificate with the last byte of its key's point changed. */
function breakKey(certificate: Uint8Array, publicKey: KeyObject): Uint8Array {
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const broken = Buffer.from(certificate);
  const last = broken.indexOf(key) + key.length - 1;
  broken[last] = (broken[last] ?? 0) ^ 1;
  return broken;
}
