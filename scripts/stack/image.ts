/** Bundles the enclave with a trust file, as an image would hold them, and measures what it made. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Measurement } from '../../attestation/measure.ts';
import { measureBundle } from '../../attestation/measure.ts';
import { bundleProgram } from '../build/bundle.ts';

const TRUST_FILE = join(import.meta.dirname, '..', '..', 'enclave', 'image', 'trust.development');

export interface DevelopmentImage {
  readonly hostProxy: string;
  readonly pcrs: Measurement;
}

/**
 * Writes the enclave bundle, the development trust file naming this stack's own KMS root, and the host proxy's bundle into `folder`.
 * What is measured is the enclave's bundle followed by the trust file. Fast enough to do at every start, so it never is stale.
 */
export async function buildDevelopmentImage(folder: string, kmsRootPem: string): Promise<DevelopmentImage> {
  const [enclave, hostProxy] = await Promise.all([
    bundleProgram('enclave/main.ts', { schemasAhead: true }),
    bundleProgram('host-proxy/start.ts', { schemasAhead: false }),
  ]);
  const trust = Buffer.from(
    `${JSON.stringify({ ...readTrust(), kmsRoots: [{ name: 'development KMS', pem: kmsRootPem }] }, null, 2)}\n`,
  );
  const proxyFile = join(folder, 'host-proxy.mjs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'enclave.mjs'), enclave.bytes);
  writeFileSync(join(folder, 'trust'), trust);
  writeFileSync(proxyFile, hostProxy.bytes);
  return { hostProxy: proxyFile, pcrs: measureBundle(Buffer.concat([enclave.bytes, trust])) };
}

function readTrust(): object {
  return JSON.parse(readFileSync(TRUST_FILE, 'utf8')) as object;
}
