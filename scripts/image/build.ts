/** `reeve image build`: the enclave image from this checkout. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Context } from '../cli/command.ts';
import { defineCommand } from '../cli/command.ts';
import { usageError } from '../cli/failures.ts';
import { EXIT } from '../cli/io.ts';
import { toHex } from '../cli/text.ts';
import { buildImage } from './assemble.ts';
import { readEif } from './eif.ts';
import { listImage, writeBill } from './listing.ts';
import { RECIPE } from './lock.ts';
import { measureEif } from './measurement.ts';

export const buildCommand = defineCommand(
  {
    usage: 'reeve image build --out FILE [OPTIONS]',
    summary:
      'Builds the enclave image (x86-64) and prints what it measures to. The first build takes a quarter of an hour, later ones a minute.',
    words: 0,
    options: {
      out: { value: 'FILE', text: 'the image; FILE.cdx.json beside it is its bill of materials' },
      trust: { value: 'production|development', text: 'what the image trusts (default: production)' },
      'kms-root': { value: 'PEM', text: 'development only: file of the root of the KMS to trust' },
      list: { text: 'every file in the image with size and SHA-256, also in FILE.list' },
      'accept-toolchain': { text: 'build with another compiler than the lock names; the measurements will differ' },
    },
  },
  build,
);

/** Exit 0 built, 1 not built, 2 wrong use. */
export const { run } = buildCommand;

async function build(context: Context): Promise<number> {
  const out = context.option('out');
  if (out === undefined) throw usageError('--out FILE is needed');
  const mode = context.option('trust') ?? 'production';
  if (mode !== 'production' && mode !== 'development') throw usageError('--trust is production or development');
  const trust = readTrustFile(mode, context.option('kms-root'));
  const built = await buildImage({
    trust,
    name: `reeve-${mode}`,
    acceptToolchain: context.flag('accept-toolchain'),
    say: (line) => void context.io.stderr.write(`${line}\n`),
  });
  const read = readEif(built.eif);
  if (!read.ok) throw new Error(`the image written cannot be read: ${read.refusal.detail}`);
  const pcrs = measureEif(read.value);
  const measured = { pcr0: toHex(pcrs.pcr0), pcr1: toHex(pcrs.pcr1), pcr2: toHex(pcrs.pcr2) };
  const lines = listImage(built);
  mkdirSync(dirname(resolve(out)), { recursive: true });
  writeFileSync(out, built.eif);
  writeFileSync(`${out}.cdx.json`, writeBill(built));
  writeFileSync(`${out}.list`, `${lines.join('\n')}\n`);
  context.report(
    { file: out, mode, bytes: built.eif.length, ...measured, ...(context.flag('list') ? { list: lines } : {}) },
    [
      `${out}: ${mode}, ${built.eif.length} bytes`,
      ...Object.entries(measured).map(([name, value]) => `${name}  ${value}`),
      ...(context.flag('list') ? lines : []),
    ],
  );
  return EXIT.done;
}

/** The trust file of a mode. A development image may name the root of the KMS it will meet; a production image names none but AWS's. */
export function readTrustFile(mode: 'production' | 'development', kmsRoot: string | undefined): Uint8Array {
  const bytes = readFileSync(join(RECIPE, `trust.${mode}`));
  if (kmsRoot === undefined) return bytes;
  if (mode === 'production') throw usageError('--kms-root is for development images');
  const trust = JSON.parse(bytes.toString()) as object;
  const kmsRoots = [{ name: 'development KMS', pem: readFileSync(kmsRoot, 'utf8') }];
  return Buffer.from(`${JSON.stringify({ ...trust, kmsRoots }, null, 2)}\n`);
}
