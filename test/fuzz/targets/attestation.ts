/** Attestation documents, and the CBOR they are made of. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeCbor, encodeCbor } from '../../../attestation/cbor.ts';
import { parseDocument } from '../../../attestation/document.ts';
import { AWS_NITRO_ROOT_FINGERPRINT } from '../../../attestation/roots.ts';
import { verifyDocument } from '../../../attestation/verify.ts';
import { forge, NOW, ROOT } from '../../attestation/forge.ts';
import { findVectors } from '../../vectors.ts';
import type { Answer, Target } from '../harness.ts';

const INDEFINITE_MAP = 0xbf;

/** Real documents, where they are: one of each NSM generation. */
function realDocuments(): Uint8Array[] {
  const dir = join(findVectors('attestation').dir, 'valid');
  const names = existsSync(dir) ? readdirSync(dir).sort() : [];
  return names.slice(0, 4).map((name) => new Uint8Array(readFileSync(join(dir, name))));
}

/** Reading alone: what is read without indefinite lengths is what would be written. */
function run(input: Uint8Array): Answer {
  const item = decodeCbor(input);
  const document = parseDocument(input);
  const code = document.ok ? 'ok' : document.refusal.reason;
  if (!item.ok || input.includes(INDEFINITE_MAP)) return { code };
  return { code, encoded: new Uint8Array(encodeCbor(item.value)) };
}

/** The whole verdict. Whatever is valid says what one of the seeds says: the changes cannot sign. */
function runVerdict(input: Uint8Array): Answer {
  const root = Buffer.from(input).includes(ROOT) ? ROOT : AWS_NITRO_ROOT_FINGERPRINT;
  const verdict = verifyDocument(input, { root, at: 'document' });
  if (!verdict.valid) return { code: verdict.reason };
  const payload = payloadOf(input);
  if (payload === null || !truths.has(payload)) throw new Error('a changed payload is valid');
  return { code: 'ok' };
}

function payloadOf(bytes: Uint8Array): string | null {
  const parsed = parseDocument(bytes);
  return parsed.ok ? Buffer.from(parsed.value.payload).toString('base64') : null;
}

const seeds = [new Uint8Array(forge()), new Uint8Array(forge({ fields: { timestamp: NOW + 1 } })), ...realDocuments()];
const truths = new Set(seeds.map(payloadOf));
const tokens =
  '00 1818 190100 40 5830 590400 5b0000ffffffffffff 60 80 9f a0 b820 bf bfff c0 d2 d9d9f7 f4 f6 f7 f97e00 ff a1013822';
const stock = {
  longest: 16_500,
  seeds,
  tokens: [
    ...tokens.split(' ').map((hex) => Uint8Array.fromHex(hex)),
    ...['module_id', 'pcrs', 'nonce', 'cabundle', 'digest'].map((name) => new Uint8Array(encodeCbor(name))),
  ],
};

export const documents: Target = { ...stock, name: 'documents', inputs: 150_000, run };
export const verdicts: Target = { ...stock, name: 'verdicts', inputs: 50_000, run: runVerdict };
