/** Files and functions stay small enough to read: the limits lint cannot express. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..', '..');
const SOURCES = globSync('{policy,attestation,enclave,host-proxy,scripts}/**/*.{ts,js}', { cwd: ROOT });

const MEDIAN_FILE_LINES = 130;
const FILE_LINES = 300;
const MEDIAN_FUNCTION_LINES = 12;
const P90_FUNCTION_LINES = 40;
const FUNCTION_LINES = 60;

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const quantile = (sorted: readonly number[], q: number) => sorted[Math.floor((sorted.length - 1) * q)] ?? 0;

function listFunctions(file: string): { name: string; lines: number }[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
  const found: { name: string; lines: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) {
      const lines =
        source.getLineAndCharacterOfPosition(node.end).line -
        source.getLineAndCharacterOfPosition(node.getStart()).line +
        1;
      found.push({ name: `${file}:${node.name?.getText() ?? 'default'}`, lines });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

t.test('files', (t) => {
  const lines = SOURCES.map((file) => ({ file, count: read(file).split('\n').length - 1 }));
  t.strictSame(
    lines.filter(({ count }) => count > FILE_LINES),
    [],
  );
  t.ok(
    quantile(
      lines.map(({ count }) => count).sort((a, b) => a - b),
      0.5,
    ) <= MEDIAN_FILE_LINES,
  );
  t.end();
});

t.test('functions', (t) => {
  const functions = SOURCES.flatMap(listFunctions);
  const lengths = functions.map(({ lines }) => lines).sort((a, b) => a - b);
  t.ok(functions.length > 100);
  t.strictSame(
    functions.filter(({ lines }) => lines > FUNCTION_LINES),
    [],
  );
  t.ok(quantile(lengths, 0.5) <= MEDIAN_FUNCTION_LINES, `median ${quantile(lengths, 0.5)}`);
  t.ok(quantile(lengths, 0.9) <= P90_FUNCTION_LINES, `nine in ten under ${quantile(lengths, 0.9)}`);
  t.end();
});

t.test('every top-level folder says what lives there, in at most 40 lines', (t) => {
  for (const folder of ['policy', 'attestation', 'enclave', 'host-proxy', 'scripts', 'test']) {
    const lines = read(`${folder}/README.md`).trimEnd().split('\n').length;
    t.ok(lines <= 40 && lines >= 5, `${folder}/README.md has ${lines} lines`);
  }
  t.ok(read('README.md').trimEnd().split('\n').length <= 250);
  t.end();
});

t.test('time is read in one place: no policy or enclave code asks the machine', (t) => {
  const files = SOURCES.filter((file) => /^(policy|enclave)\//.test(file));
  const wrong = files.filter((file) => /\bDate\.now\b|\bnew Date\(\)|Math\.random/.test(read(file)));
  t.strictSame(wrong, []);
  t.end();
});
