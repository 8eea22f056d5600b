/** Every invariant names its tests, and every test it names exists. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '..', '..');
const sections = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8').split(/^### /m).slice(1);

t.test('I1 to I8 each have a section that names tests', (t) => {
  t.strictSame(
    sections.map((section) => section.slice(0, 2)),
    ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8'],
  );
  for (const section of sections) {
    const body = section.split(/^## /m)[0] ?? '';
    const names = [
      ...body.matchAll(/`((?:policy|enclave|attestation|host-proxy|scripts|house|corpus)\/[a-z0-9/-]+)`/g),
    ];
    t.ok(names.length >= 3, `${section.slice(0, 9).trim()} names ${names.length} tests`);
    for (const [, name] of names) t.ok(existsSync(join(ROOT, 'test', `${name}.test.ts`)), `test/${name}.test.ts`);
  }
  t.end();
});
