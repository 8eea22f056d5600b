/** Searching bytes for a secret in every form in which one usually slips out. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBase58 } from '../../../policy/base58.ts';

export interface Secret {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Place {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * What to look for: the bytes, hex in both cases, a list of numbers, base58 (alone and with the public key behind it, as wallets export keys), and the
 * characters of base64 (plain and for URLs) that are the same whatever stands before and behind.
 */
function listForms({ bytes }: Secret, companions: readonly Uint8Array[]): Buffer[] {
  const hex = Buffer.from(bytes).toString('hex');
  const numbers = [...bytes].join(',');
  const pairs = companions.map((key) => encodeBase58(new Uint8Array(Buffer.concat([bytes, key]))));
  const texts = [hex, hex.toUpperCase(), numbers, numbers.replaceAll(',', ', '), encodeBase58(bytes), ...pairs];
  const base64 = [0, 1, 2].map((before) => sliceBase64(bytes, before));
  const urls = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [Buffer.from(bytes), ...[...texts, ...base64, ...urls].map((text) => Buffer.from(text))];
}

/** The secret inside a longer base64 text, `before` bytes after the start of a group of three; without the characters others share. */
function sliceBase64(bytes: Uint8Array, before: number): string {
  const text = Buffer.concat([new Uint8Array(before), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const whole = Math.floor((before + bytes.length) / 3) * 4;
  return text.slice(Math.ceil((before * 4) / 3), whole);
}

/** `secret in place` for every hit. `companions` are public keys a secret may stand before. */
export function findSecrets(
  secrets: readonly Secret[],
  places: readonly Place[],
  companions: readonly Uint8Array[],
): string[] {
  return secrets.flatMap((secret) => {
    const forms = listForms(secret, companions);
    const found = places.filter(({ bytes }) => forms.some((form) => Buffer.from(bytes).includes(form)));
    return found.map((place) => `${secret.name} in ${place.name}`);
  });
}

/** Every regular file below `folder`, but for `except`; names count as content. */
export function readTree(folder: string, except: readonly string[]): Place[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files
    .filter((file) => !except.includes(file))
    .map((file) => ({ name: file, bytes: Buffer.concat([Buffer.from(`${file}\n`), readFileSync(file)]) }));
}

/** What the kernel shows of a process to others of its user: command line and environment. */
export function readProcess(name: string, pid: number): Place[] {
  return ['cmdline', 'environ'].map((file) => ({
    name: `${name} ${file}`,
    bytes: readFileSync(`/proc/${pid}/${file}`),
  }));
}
