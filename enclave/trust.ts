/**
 * The trust file: what this enclave believes, measured with its image. Production means production: the combination of words is
 * checked here, so that no image can claim the mode and be lax.
 */

import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { ReeveError } from './link/errors.ts';
import type { Mode } from './link/schema/results.ts';

export interface Trust {
  readonly mode: Mode;
  /** `nitro`: documents must chain to AWS's root. */
  readonly nsm: 'nitro' | 'simulated';
  /** The clock source the kernel must use. */
  readonly clockSource: 'kvm-clock' | 'any';
  readonly refuseDebug: boolean;
  /** PEM certificates that a TLS peer must chain to when it says it is AWS KMS; no others count. */
  readonly kmsRoots: readonly string[];
}

const FIELDS = ['mode', 'nsm', 'clockSource', 'refuseDebug', 'kmsRoots'];

/** Reads a trust file or throws `startup-refused` naming the field. */
export function readTrust(text: string): Trust {
  const file = parse(text);
  const unknown = Object.keys(file).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw refuse(unknown);
  const mode = oneOf(file, 'mode', ['production', 'development'] as const);
  const trust: Trust = {
    mode,
    nsm: oneOf(file, 'nsm', ['nitro', 'simulated'] as const),
    clockSource: oneOf(file, 'clockSource', ['kvm-clock', 'any'] as const),
    refuseDebug: oneOf(file, 'refuseDebug', [true, false] as const),
    kmsRoots: readRoots(file['kmsRoots'], mode),
  };
  return mode === 'production' ? checkProduction(trust) : trust;
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // The refusal below says it for every reason.
  }
  throw new ReeveError('startup-refused', { what: 'the trust file is not a JSON object' });
}

function oneOf<Value>(file: Record<string, unknown>, field: string, values: readonly Value[]): Value {
  const found = values.find((value) => value === file[field]);
  if (found === undefined) throw refuse(field);
  return found;
}

function checkProduction(trust: Trust): Trust {
  if (trust.nsm !== 'nitro') throw refuse('nsm');
  if (trust.clockSource !== 'kvm-clock') throw refuse('clockSource');
  if (!trust.refuseDebug) throw refuse('refuseDebug');
  return trust;
}

function readRoots(value: unknown, mode: Mode): string[] {
  if (!Array.isArray(value)) throw refuse('kmsRoots');
  if (mode === 'production' && value.length === 0) throw refuse('kmsRoots');
  return value.map((entry: unknown, index) => {
    const { sha256, pem } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
    const root = typeof sha256 === 'string' ? findKnownRoot(sha256) : mode === 'development' ? readPem(pem) : null;
    if (root === null) throw refuse(`kmsRoots[${index}]`);
    return root;
  });
}

/** A root that Node carries, by the SHA-256 of its DER. */
function findKnownRoot(sha256: string): string | null {
  const wanted = sha256.toLowerCase();
  const known = rootCertificates.find(
    (pem) => new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase() === wanted,
  );
  return known ?? null;
}

function readPem(pem: unknown): string | null {
  try {
    return typeof pem === 'string' ? new X509Certificate(pem).toString() : null;
  } catch {
    return null;
  }
}

function refuse(field: string): ReeveError {
  return new ReeveError('startup-refused', { what: 'the trust file', field });
}
