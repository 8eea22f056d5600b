/** Who may import whom: the table of the folders, walked over every file. */

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDERS = ['policy', 'attestation', 'enclave', 'host-proxy', 'scripts'] as const;

/** Project paths a folder may import from, and Node's own modules it may use (null: any). */
const MAY_IMPORT: Readonly<
  Record<(typeof FOLDERS)[number], { paths: readonly string[]; builtins: readonly string[] | null }>
> = {
  policy: { paths: ['policy/'], builtins: [] },
  attestation: { paths: ['attestation/'], builtins: null },
  enclave: { paths: ['enclave/', 'policy/', 'attestation/'], builtins: null },
  'host-proxy': { paths: ['host-proxy/', 'enclave/link/'], builtins: null },
  scripts: { paths: ['scripts/', 'host-proxy/', 'enclave/link/', 'policy/', 'attestation/'], builtins: null },
};

/** The link is what the host sees of the enclave: it may name codes of the pure folders, and nothing of the enclave's inside. */
const LINK_PATHS = ['enclave/link/', 'policy/', 'attestation/'];

/** SHA-256 is the one thing of Node that pure code uses; it has no state and no effect. */
const ALLOWED_BUILTINS: Readonly<Record<string, readonly string[]>> = { 'policy/sha256.ts': ['node:crypto'] };

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g;

function listImports(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function refuse(file: string, target: string): string | null {
  const folder = file.slice(0, file.indexOf('/')) as (typeof FOLDERS)[number];
  const { builtins } = MAY_IMPORT[folder];
  const paths = file.startsWith('enclave/link/') ? LINK_PATHS : MAY_IMPORT[folder].paths;
  if (target.startsWith('node:')) {
    const allowed = builtins === null || ALLOWED_BUILTINS[file]?.includes(target) === true;
    return allowed ? null : `${file} uses ${target}`;
  }
  if (!target.startsWith('.')) return null;
  const path = normalize(join(dirname(file), target));
  return paths.some((prefix) => path.startsWith(prefix)) ? null : `${file} imports ${path}`;
}

for (const folder of FOLDERS) {
  t.test(`${folder}/ imports only what its place allows`, (t) => {
    const files = globSync(`${folder}/**/*.ts`, { cwd: ROOT });
    t.ok(files.length > 3, `${files.length} files`);
    const wrong = files
      .flatMap((file) => listImports(file).map((target) => refuse(file, target)))
      .filter((fault) => fault !== null);
    t.strictSame(wrong, []);
    t.end();
  });
}

t.test('the rule itself refuses', (t) => {
  for (const [file, target] of [
    ['policy/judge.ts', 'node:fs'],
    ['policy/judge.ts', '../enclave/link/cbor.ts'],
    ['attestation/verify.ts', '../policy/types.ts'],
    ['host-proxy/store.ts', '../enclave/wallets.ts'],
    ['host-proxy/store.ts', '../policy/types.ts'],
    ['scripts/owner/pause.ts', '../../enclave/seal.ts'],
    ['enclave/main.ts', '../host-proxy/store.ts'],
    ['enclave/link/client.ts', '../wallets.ts'],
  ] as const) {
    t.not(refuse(file, target), null, `${file} -> ${target}`);
  }
  t.end();
});

t.test('the top level holds what the map of the project names', (t) => {
  const names = globSync('*', { cwd: ROOT, exclude: ['node_modules', 'dist', '*.tgz', '*.md', '*.json'] });
  t.strictSame(names.sort(), [
    'LICENSE',
    'Makefile',
    'attestation',
    'enclave',
    'host-proxy',
    'policy',
    'scripts',
    'test',
  ]);
  t.end();
});
