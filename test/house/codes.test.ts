/** Codes are a contract: unique, in their ranges, and all in the README. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attestationCodes } from '../../attestation/codes.ts';
import { ERRORS } from '../../enclave/link/errors.ts';
import { policyCodes } from '../../policy/codes.ts';
import { updateReadme } from '../../scripts/build/write-codes.ts';

const TABLES = {
  policy: [policyCodes, 1000, 1999],
  attestation: [attestationCodes, 2000, 2999],
  errors: [ERRORS, 3000, 5999],
} as const;

t.test('every number stands in its range and once', (t) => {
  const numbers = Object.values(TABLES).flatMap(([table]) => Object.values(table).map(({ number }) => number));
  t.ok(numbers.length > 150);
  t.equal(new Set(numbers).size, numbers.length);
  for (const [name, [table, from, to]] of Object.entries(TABLES)) {
    for (const [code, { number }] of Object.entries(table))
      t.ok(number >= from && number <= to, `${name} ${code} ${number}`);
  }
  t.end();
});

t.test('every name is one code only', (t) => {
  const names = Object.values(TABLES).flatMap(([table]) => Object.keys(table));
  t.strictSame(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
  for (const name of names) t.match(name, /^[a-z][a-z0-9-]*$/);
  t.end();
});

t.test('the README lists them all (make schema writes the list)', (t) => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
  t.equal(updateReadme(readme), readme);
  t.end();
});
