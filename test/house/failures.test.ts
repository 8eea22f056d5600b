/** Every failure of the table has a promise and tests, and every test it names exists. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '..', '..');
const rows = readFileSync(join(ROOT, 'test', 'FAILURES.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| F[0-9]+ /.test(line))
  .map((line) => line.split(' | '));

t.test('F1 to F18 each name tests that exist', (t) => {
  t.strictSame(
    rows.map(([name]) => name),
    Array.from({ length: 18 }, (_, index) => `| F${index + 1}`),
  );
  for (const [name, , promise = '', tests = ''] of rows) {
    t.ok(promise.length > 10, `${name} promises`);
    const named = [...tests.matchAll(/`((?:policy|enclave|host-proxy|scripts)\/[a-z0-9/-]+)`/g)];
    t.ok(named.length > 0, `${name} names tests`);
    for (const [, test] of named) t.ok(existsSync(join(ROOT, 'test', `${test}.test.ts`)), `test/${test}.test.ts`);
  }
  t.end();
});
