/** The closing line counts what it should: also a file that ends before any of its tests could fail. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { execPath } from 'node:process';
import t from 'tap';

const REPORTER = join(import.meta.dirname, '..', 'reporter.ts');
const CODE = `import Reporter from ${JSON.stringify(REPORTER)}; process.stdin.pipe(new Reporter());`;

const file = (name: string, ok: boolean, lines: readonly string[]) =>
  [
    `# Subtest: ${name}`,
    ...lines.map((line) => `    ${line}`),
    `    1..${lines.length}`,
    `${ok ? 'ok' : 'not ok'} - ${name}`,
  ].join('\n');

const rows: readonly (readonly [what: string, files: readonly string[], closing: string])[] = [
  ['tests that pass', [file('a', true, ['ok 1 - x', 'ok 2 - y'])], '2 passed, 0 failed, 0 skipped'],
  ['one that fails', [file('a', false, ['ok 1 - x', 'not ok 2 - y'])], '1 passed, 1 failed, 0 skipped'],
  ['one that is skipped', [file('a', true, ['ok 1 - x # SKIP absent'])], '0 passed, 0 failed, 1 skipped'],
  ['a file that ends before its first test', ['not ok - a'], '0 passed, 1 failed, 0 skipped'],
  ['a file that ends after a test', [file('a', false, ['ok 1 - x'])], '1 passed, 1 failed, 0 skipped'],
  [
    'a file after one that failed',
    [file('a', false, ['not ok 1 - x']), file('b', false, ['ok 1 - x'])],
    '1 passed, 2 failed, 0 skipped',
  ],
];

t.test('the closing line', async (t) => {
  for (const [what, files, closing] of rows) {
    const input = ['TAP version 14', ...files, `1..${files.length}`, ''].join('\n');
    const { stdout } = spawnSync(execPath, ['--input-type=module', '-e', CODE], { input, encoding: 'utf8', env: {} });
    t.equal(stdout.trimEnd().split('\n').at(-1), closing, what);
  }
});
