/** Trust files: what each field may say, and that production cannot be lax. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readTrust } from '../../enclave/trust.ts';

const IMAGE = join(import.meta.dirname, '..', '..', 'enclave', 'image');
const production = readFileSync(join(IMAGE, 'trust.production'), 'utf8');
const development = readFileSync(join(IMAGE, 'trust.development'), 'utf8');
const changed = (text: string, changes: object) => JSON.stringify({ ...JSON.parse(text), ...changes });

t.test('the two files of the image', (t) => {
  const trust = readTrust(production);
  t.match(trust, { mode: 'production', nsm: 'nitro', clockSource: 'kvm-clock', refuseDebug: true });
  t.equal(trust.kmsRoots.length, 5, 'every root is one that Node carries');
  t.ok(trust.kmsRoots.every((pem) => pem.startsWith('-----BEGIN CERTIFICATE-----')));
  t.match(readTrust(development), { mode: 'development', nsm: 'simulated' });
  t.end();
});

const PEM = readTrust(production).kmsRoots[0];
const REFUSED: readonly (readonly [name: string, text: string, field: string])[] = [
  ['not JSON', '{', 'JSON'],
  ['a list', '[]', 'JSON'],
  ['an unknown field', changed(development, { endpoint: 'x' }), 'endpoint'],
  ['another mode', changed(development, { mode: 'test' }), 'mode'],
  ['no NSM', changed(development, { nsm: undefined }), 'nsm'],
  ['a text for a flag', changed(development, { refuseDebug: 'true' }), 'refuseDebug'],
  ['roots that are no list', changed(development, { kmsRoots: {} }), 'kmsRoots'],
  ['a root nobody knows', changed(development, { kmsRoots: [{ sha256: 'ab'.repeat(32) }] }), 'kmsRoots[0]'],
  ['a certificate that is none', changed(development, { kmsRoots: [{ pem: 'x' }] }), 'kmsRoots[0]'],
  ['production with a simulated NSM', changed(production, { nsm: 'simulated' }), 'nsm'],
  ['production with any clock', changed(production, { clockSource: 'any' }), 'clockSource'],
  ['production with debug', changed(production, { refuseDebug: false }), 'refuseDebug'],
  ['production without roots', changed(production, { kmsRoots: [] }), 'kmsRoots'],
  ['production with a root of one’s own', changed(production, { kmsRoots: [{ pem: PEM }] }), 'kmsRoots[0]'],
];

t.test('what is refused, with the field named', (t) => {
  for (const [name, text, field] of REFUSED) {
    t.throws(() => readTrust(text), { code: 'startup-refused', message: field }, name);
  }
  t.end();
});
