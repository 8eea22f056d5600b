/**
 * Makes certificates for the development stack: the simulated NSM's P-384 chain and the development KMS's TLS certificate. It signs
 * whatever it is asked to, so that tests can make validly signed certificates that mean the wrong thing.
 */
import type { KeyObject } from 'node:crypto';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
} from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { bitString, der, integer, octetString, oid, sequence, set, TRUE, time, utf8String } from './der.ts';

const ECDSA_WITH = { sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3' };
const ATTRIBUTES = { C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' };

/** An authority begins this long before it is made, so that a clock set back still finds it valid: a year in milliseconds. */
const BACKDATE_MS = 365 * 86_400_000;

/** Key usage bits by their place in the extension's bit string, from the left. */
const USAGE_BITS = { digitalSignature: 0, nonRepudiation: 1, keyCertSign: 5, cRLSign: 6 };
export type Usage = keyof typeof USAGE_BITS;

/** A subject, in order, e.g. `{O: 'Reeve', CN: 'root'}`. */
export type Name = Partial<Record<keyof typeof ATTRIBUTES, string>>;

export interface CertificateSpec {
  readonly subject: Name;
  readonly issuer: Name;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  /** Milliseconds since the epoch; whole seconds are written. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** DER extensions, as the functions below make them. */
  readonly extensions: readonly Uint8Array[];
  readonly hash?: 'sha256' | 'sha384';
}

/** Issues one X.509 version 3 certificate and returns its DER. */
export function issueCertificate(spec: CertificateSpec): Uint8Array {
  const hash = spec.hash ?? 'sha384';
  const algorithm = sequence(oid(ECDSA_WITH[hash]));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x01;
  const tbs = sequence(
    der(0xa0, integer(Uint8Array.of(2))),
    integer(serial),
    algorithm,
    encodeName(spec.issuer),
    sequence(time(spec.notBefore), time(spec.notAfter)),
    encodeName(spec.subject),
    spec.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...spec.extensions)),
  );
  return sequence(tbs, algorithm, bitString(sign(hash, tbs, spec.signer)));
}

function encodeName(name: Name): Buffer {
  const parts = Object.entries(name).map(([key, value]) =>
    set(sequence(oid(ATTRIBUTES[key as keyof typeof ATTRIBUTES]), utf8String(value))),
  );
  return sequence(...parts);
}

/** One extension; `value` is the DER inside its octet string. */
export function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [TRUE] : []), octetString(value));
}

export function basicConstraints(ca: boolean, pathLength?: number): Buffer {
  const parts = [...(ca ? [TRUE] : []), ...(pathLength === undefined ? [] : [integer(Uint8Array.of(pathLength))])];
  return extension('2.5.29.19', true, sequence(...parts));
}

export function keyUsage(usages: readonly Usage[], critical = true): Buffer {
  const bits = usages.reduce((byte, usage) => byte | (0x80 >> USAGE_BITS[usage]), 0);
  const unused = bits === 0 ? 0 : Math.clz32(bits & -bits) ^ 31;
  return extension('2.5.29.15', critical, bitString(Uint8Array.of(bits), unused));
}

/** DNS names and IPv4 addresses a TLS certificate is for. */
export function subjectAltNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIP(host) === 4 ? der(0x87, Uint8Array.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host, 'ascii')),
  );
  return extension('2.5.29.17', false, sequence(...names));
}

export function serverAuthentication(): Buffer {
  return extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1')));
}

export function subjectKeyIdentifier(publicKey: KeyObject): Buffer {
  return extension('2.5.29.14', false, octetString(keyIdentifier(publicKey)));
}

export function authorityKeyIdentifier(issuer: KeyObject): Buffer {
  return extension('2.5.29.35', false, sequence(der(0x80, keyIdentifier(issuer))));
}

function keyIdentifier(publicKey: KeyObject): Uint8Array {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** A certificate that can issue others: its name, its DER and its private key. */
export interface Authority {
  readonly name: Name;
  readonly certificate: Uint8Array;
  readonly key: KeyObject;
}

/** A fresh key pair on a NIST curve. */
export function generateEcKey(curve: 'P-256' | 'P-384'): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: curve });
}

interface AuthoritySpec {
  readonly file: string;
  readonly name: Name;
  readonly curve: 'P-256' | 'P-384';
  readonly lifeMs: number;
  readonly now: number;
}

/** Reads a self-signed authority from `file`, or makes it there once (mode 0600), whole even when two processes do so at a time. */
export function loadAuthority(spec: AuthoritySpec): Authority {
  if (!existsSync(spec.file)) {
    mkdirSync(dirname(spec.file), { recursive: true, mode: 0o700 });
    placeOnce(spec.file, JSON.stringify(createAuthority(spec)));
  }
  const { key, certificate } = JSON.parse(readFileSync(spec.file, 'utf8')) as { key: string; certificate: string };
  return { name: spec.name, key: createPrivateKey(key), certificate: Buffer.from(certificate, 'base64') };
}

function placeOnce(file: string, text: string): void {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  } finally {
    unlinkSync(draft);
  }
}

function createAuthority({ name, curve, lifeMs, now }: AuthoritySpec): { key: string; certificate: string } {
  const { privateKey } = generateEcKey(curve);
  const certificate = issueCertificate({
    subject: name,
    issuer: name,
    publicKey: createPublicKey(privateKey),
    signer: privateKey,
    notBefore: now - BACKDATE_MS,
    notAfter: now + lifeMs,
    extensions: [
      basicConstraints(true),
      subjectKeyIdentifier(createPublicKey(privateKey)),
      keyUsage(['digitalSignature', 'keyCertSign', 'cRLSign']),
    ],
    hash: curve === 'P-256' ? 'sha256' : 'sha384',
  });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    certificate: Buffer.from(certificate).toString('base64'),
  };
}

/** PEM of a DER certificate. */
export function toPem(certificate: Uint8Array): string {
  const lines =
    Buffer.from(certificate)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
