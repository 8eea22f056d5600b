/** What is inside the bundles is a list, and the same sources give the same bytes wherever they lie. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { Bundle } from '../../scripts/build/bundle.ts';
import { bundleProgram } from '../../scripts/build/bundle.ts';

t.setTimeout(60_000);

const ROOT = join(import.meta.dirname, '..', '..');

/** Every package with code in the enclave. A new name here is a decision: it can read the agent's key. */
const ENCLAVE_PACKAGES = [
  '@aws-sdk/client-kms',
  '@aws-sdk/core',
  '@aws/lambda-invoke-store',
  '@noble/ed25519',
  '@peculiar/asn1-schema',
  '@peculiar/asn1-x509',
  '@peculiar/utils',
  '@smithy/core',
  '@smithy/node-http-handler',
  '@smithy/signature-v4',
  '@smithy/types',
  'ajv',
  'asn1js',
  'cbor-x',
  'pvtsutils',
  'pvutils',
  'tslib',
];

const [enclave, hostProxy] = await Promise.all([
  bundleProgram('enclave/main.ts', { schemasAhead: true }),
  bundleProgram('host-proxy/start.ts', { schemasAhead: false }),
]);

const textOf = ({ bytes }: Bundle) => Buffer.from(bytes).toString();

t.test('the enclave holds exactly these packages', (t) => {
  t.strictSame(enclave.packages, ENCLAVE_PACKAGES);
  t.end();
});

t.test('the enclave starts no process and has no provider of credentials', (t) => {
  const code = textOf(enclave);
  for (const wrong of [/child_process/, /worker_threads/, /credential-provider-(?!node)/, /@solana/])
    t.notOk(wrong.test(code), `${wrong}`);
  t.ok(code.includes('credentials are always given'), 'what stands in for the chain');
  t.end();
});

t.test('the host proxy holds no Solana library, no KMS client, no judgement', (t) => {
  const wrong = hostProxy.packages.filter((name) => /^@solana|^@aws-sdk|^@smithy|esbuild|litesvm/.test(name));
  t.strictSame(wrong, []);
  t.ok(hostProxy.packages.includes('fastify'), 'the list is of this bundle');
  t.notOk(/^\/\/ (policy|enclave\/(?!link\/))/m.test(textOf(hostProxy)), 'of the enclave only enclave/link/');
  t.ok(/^\/\/ enclave\/link\//m.test(textOf(hostProxy)));
  t.end();
});

/** A folder of packages where those named are real copies, as an install makes them, and what only builds is linked. */
function copyPackages(to: string, copied: readonly string[]): void {
  const from = join(ROOT, 'node_modules');
  const scopes = readdirSync(from).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(from, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  for (const name of scopes) {
    mkdirSync(dirname(join(to, name)), { recursive: true });
    if (copied.includes(name)) cpSync(join(from, name), join(to, name), { recursive: true });
    else symlinkSync(join(from, name), join(to, name));
  }
}

t.test('built twice from two folders, the bytes are the same', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-elsewhere-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const copy = join(folder, 'a longer name', 'of a checkout');
  for (const part of ['policy', 'attestation', 'enclave', 'host-proxy', 'scripts', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  copyPackages(join(copy, 'node_modules'), [...enclave.packages, ...hostProxy.packages]);
  const elsewhere = (await import(join(copy, 'scripts', 'build', 'bundle.ts'))) as {
    bundleProgram: typeof bundleProgram;
  };
  const again = await elsewhere.bundleProgram('enclave/main.ts', { schemasAhead: true });
  t.ok(Buffer.from(again.bytes).equals(enclave.bytes), 'enclave');
  const proxy = await elsewhere.bundleProgram('host-proxy/start.ts', { schemasAhead: false });
  t.ok(Buffer.from(proxy.bytes).equals(hostProxy.bytes), 'host proxy');
  for (const bundle of [enclave, hostProxy]) t.notOk(textOf(bundle).includes(ROOT), 'no path of the machine');
});
