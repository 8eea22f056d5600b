/**
 * Makes attestation documents that are validly signed and may mean anything: a private P-384 chain whose every certificate, and a payload
 * whose every field, a test can change.
 */
import type { KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import type { CborKey, CborValue } from '../../attestation/cbor.ts';
import { measureBundle } from '../../attestation/measure.ts';
import { encodeIndefiniteMap, signDocument } from '../../scripts/dev/nsm-device.ts';
import type { CertificateSpec } from '../../scripts/dev/pki.ts';
import { basicConstraints, generateEcKey, issueCertificate, keyUsage } from '../../scripts/dev/pki.ts';

/** When everything forged here is valid: milliseconds since the epoch. */
export const NOW = Date.UTC(2026, 5, 1, 12);
const HOUR = 3_600_000;
export const IMAGE = measureBundle(Buffer.from('an image'));
export const NONCE = Buffer.from('0123456789abcdef');

/** The places of a chain, root first. */
export const PLACES = ['root', 'regional', 'zonal', 'instance', 'leaf'] as const;
export type Place = (typeof PLACES)[number];

/** How deep a CA's chain may go below it, as in real chains; the root has no limit. */
const PATH_LENGTHS: Readonly<Partial<Record<Place, number>>> = { regional: 2, zonal: 1, instance: 0 };
const KEYS = Object.fromEntries(PLACES.map((place) => [place, generateEcKey('P-384').privateKey])) as Record<
  Place,
  KeyObject
>;

export interface Changes {
  /** Replaces parts of the certificate at a place. */
  readonly certificates?: Partial<Record<Place, Partial<CertificateSpec>>>;
  /** Replaces whole DER certificates after they were made. */
  readonly der?: Partial<Record<Place, (der: Uint8Array) => Uint8Array>>;
  /** Leaves CAs out of the bundle. */
  readonly without?: readonly Place[];
  /** Replaces, adds or (undefined) removes payload fields. */
  readonly fields?: Readonly<Record<string, CborValue | undefined>>;
  readonly signer?: KeyObject;
}

export function extensionsOf(place: Place): readonly Uint8Array[] {
  return place === 'leaf'
    ? [basicConstraints(false), keyUsage(['digitalSignature', 'nonRepudiation'], false)]
    : [basicConstraints(true, PATH_LENGTHS[place]), keyUsage(['digitalSignature', 'keyCertSign', 'cRLSign'])];
}

function makeCertificate(place: Place, changes: Changes): Uint8Array {
  const parent = PLACES[Math.max(0, PLACES.indexOf(place) - 1)] ?? 'root';
  const spec: CertificateSpec = {
    subject: { O: 'Test', CN: place },
    issuer: { O: 'Test', CN: parent },
    publicKey: createPublicKey(KEYS[place]),
    signer: KEYS[parent],
    notBefore: NOW - HOUR,
    notAfter: NOW + HOUR,
    extensions: extensionsOf(place),
    ...changes.certificates?.[place],
  };
  const der = issueCertificate(spec);
  return changes.der?.[place]?.(der) ?? der;
}

/** The unchanged root: what a verifier pins. */
export const ROOT = makeCertificate('root', {});

/** PCR0 to PCR15 of a release enclave. */
export function pcrs(changes: Readonly<Record<number, Uint8Array | null>> = {}): ReadonlyMap<CborKey, CborValue> {
  const values = Array.from({ length: 16 }, (_, index): [number, Uint8Array] => [index, new Uint8Array(48)]);
  const map = new Map<CborKey, CborValue>([...values, [0, IMAGE.pcr0], [1, IMAGE.pcr1], [2, IMAGE.pcr2]]);
  for (const [index, value] of Object.entries(changes)) {
    if (value === null) {
      map.delete(Number(index));
    } else {
      map.set(Number(index), value);
    }
  }
  return map;
}

/** A document that `verifyDocument` takes at NOW under ROOT, but for the changes asked for. */
export function forge(changes: Changes = {}): Uint8Array {
  const certificate = makeCertificate('leaf', changes);
  const cas = PLACES.filter((place) => place !== 'leaf' && !changes.without?.includes(place));
  // The root is made once: its signature differs each time, and it is pinned by its bytes.
  const rootChanged = changes.certificates?.root !== undefined || changes.der?.root !== undefined;
  const cabundle = cas.map((place) => (place === 'root' && !rootChanged ? ROOT : makeCertificate(place, changes)));
  const fields: Readonly<Record<string, CborValue | undefined>> = {
    module_id: 'i-0123456789abcdef0-enc0123456789abcdef',
    digest: 'SHA384',
    timestamp: NOW,
    pcrs: pcrs(),
    certificate,
    cabundle,
    public_key: null,
    user_data: Buffer.from('user data'),
    nonce: NONCE,
    ...changes.fields,
  };
  const entries = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return signDocument(encodeIndefiniteMap(entries), { leafKey: changes.signer ?? KEYS.leaf });
}
