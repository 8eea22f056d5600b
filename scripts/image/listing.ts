/** What goes beside an image: every file in it with size and hash, and a bill of materials. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuiltImage } from './assemble.ts';

const PACKAGES = join(import.meta.dirname, '..', '..', 'node_modules');

/** One line an entry, sorted by path: mode, size in bytes, SHA-256, path; the kernel first. */
export function listImage({ entries, kernel }: Pick<BuiltImage, 'entries' | 'kernel'>): string[] {
  const line = (mode: string, bytes: Uint8Array | null, path: string) =>
    `${mode} ${String(bytes?.length ?? 0).padStart(10)} ${bytes === null ? '-'.repeat(64) : sha256(bytes)} ${path}`;
  const unique = new Map(entries.map((entry) => [entry.path, entry]));
  const sorted = [...unique.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
  return [
    line('kernel', kernel, '(kernel)'),
    ...sorted.map(({ path, mode, bytes }) =>
      line(`${bytes === null ? 'd' : '-'} ${mode.toString(8)}`.padEnd(6), bytes, `/${path}`),
    ),
  ];
}

/** A CycloneDX 1.6 bill of materials. Its text depends on the image alone: no date, no serial number. */
export function writeBill({ lock, bundled, entries }: Pick<BuiltImage, 'lock' | 'bundled' | 'entries'>): string {
  const node = entries.find(({ path }) => path === 'app/node')?.bytes;
  const components = [
    {
      type: 'platform',
      name: 'node',
      version: lock.node.version,
      purl: `pkg:npm/${lock.node.package}@${lock.node.version}`,
      ...hashes(node ?? null),
    },
    { type: 'operating-system', ...debian(lock.kernel) },
    ...lock.libraries.map((library) => ({ type: 'library', ...debian(library) })),
    ...bundled.map((name) => {
      const { version } = JSON.parse(readFileSync(join(PACKAGES, name, 'package.json'), 'utf8')) as { version: string };
      return {
        type: 'library',
        name,
        version,
        purl: `pkg:npm/${encodeURIComponent(name).replace('%2F', '/')}@${version}`,
      };
    }),
  ];
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'firmware', name: 'reeve-enclave' } },
    components,
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

function debian({ name, version, sha256: hash }: { name: string; version: string; sha256: string }): object {
  return {
    name,
    version,
    purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}`,
    hashes: [{ alg: 'SHA-256', content: hash }],
  };
}

function hashes(bytes: Uint8Array | null): object {
  return bytes === null ? {} : { hashes: [{ alg: 'SHA-256', content: sha256(bytes) }] };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
