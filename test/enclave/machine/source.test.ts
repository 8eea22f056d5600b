/** The machine program's source: its size, what it includes, and that Node is started as in development. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { enclaveArguments } from '../../../scripts/stack/enclave-flags.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'enclave', 'machine');
const sources = globSync('*.[ch]', { cwd: FOLDER }).map(
  (name) => [name, readFileSync(join(FOLDER, name), 'utf8')] as const,
);

t.test('at most 800 lines, no function over 60, libc and the kernel’s headers only', async (t) => {
  const lines = sources.reduce((sum, [, text]) => sum + text.split('\n').length - 1, 0);
  t.ok(lines > 500 && lines <= 800, `${lines} lines`);
  let functions = 0;
  for (const [name, text] of sources) {
    for (const [, body = ''] of text.matchAll(/^[a-z_].*\) \{\n([\s\S]*?)^\}/gm)) {
      functions++;
      t.ok(body.split('\n').length <= 60, name);
    }
    for (const [, header = ''] of text.matchAll(/^#include [<"](.*)[>"]$/gm))
      t.match(
        header,
        /^(machine|errno|fcntl|grp|poll|sched|std[a-z]+|string|time|unistd|sys\/[a-z]+|linux\/[a-z_]+)\.h$/,
        name,
      );
  }
  t.ok(functions > 40, `${functions} functions`);
});

t.test('Node is started with the flags of a development stack, and one more file it may read', async (t) => {
  const node = sources.find(([name]) => name === 'node.c')?.[1] ?? '';
  const list = /ARGUMENTS\[\] = \{([\s\S]*?), NULL\};/.exec(node)?.[1] ?? '';
  const [program, ...args] = list.split(',').map((word) => word.trim().replaceAll('"', ''));
  const isPath = (word: string) =>
    word.startsWith('/') || /^[A-Z_]+$/.test(word) || word.startsWith('--allow-fs-read=');
  t.equal(program, '/app/node');
  t.strictSame(
    args.filter((word) => !isPath(word)),
    enclaveArguments('/app', '/run').filter((word) => !isPath(word)),
  );
  t.strictSame(
    args.filter((word) => word.startsWith('--allow-fs-read=')),
    [
      '--allow-fs-read=/app/enclave.mjs',
      '--allow-fs-read=/app/trust',
      '--allow-fs-read=/sys/devices/system/clocksource/clocksource0/current_clocksource',
    ],
  );
});
