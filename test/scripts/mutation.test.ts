/** What runs the tests for mutation testing: it must fail where tap fails, and count where a mutant was met. */
import { join } from 'node:path';
import t from 'tap';
import type { Mutant, Report } from '../../scripts/build/check-mutation.ts';
import { compareSurvivors, listSurvivors } from '../../scripts/build/check-mutation.ts';
import { strykerPlugins } from '../../scripts/build/mutation-runner.ts';
import standIn, { runTests } from '../../scripts/build/mutation-tap.ts';
import { strykerPlugins as ignorers } from '../../scripts/build/mutation-texts.ts';

const everything = { wants: () => true, begins: () => undefined };

async function outcomesOf(load: () => unknown, wants = (_name: string) => true): Promise<string[]> {
  const outcomes = await runTests(async () => load(), { ...everything, wants });
  return outcomes.map(({ name, failure }) => `${name}: ${failure ?? 'ok'}`);
}

t.test('assertions fail where tap’s do', async (t) => {
  type Body = (inner: typeof standIn) => unknown;
  const throwing = (error: Error) => () => {
    throw error;
  };
  const rows: readonly [name: string, passes: boolean, body: Body][] = [
    ['ok', true, (inner) => inner.ok(1)],
    ['ok of nothing', false, (inner) => inner.ok(0)],
    ['notOk', false, (inner) => inner.notOk(1)],
    ['equal', false, (inner) => inner.equal(1, 1n)],
    ['not', false, (inner) => inner.not('a', 'a')],
    ['same, loosely', true, (inner) => inner.same([1n], [1])],
    ['same', false, (inner) => inner.same([1, 2], [1, null])],
    ['strictSame', false, (inner) => inner.strictSame([1n], [1])],
    ['match a part', true, (inner) => inner.match({ a: 'some text', b: 1 }, { a: 'text' })],
    ['match', false, (inner) => inner.match({ a: 'some text' }, { b: 1 })],
    ['notMatch', false, (inner) => inner.notMatch('some text', /text/)],
    ['throws', true, (inner) => inner.throws(throwing(new RangeError('x')), RangeError)],
    ['throws something else', false, (inner) => inner.throws(throwing(new RangeError('x')), TypeError)],
    ['does not throw', false, (inner) => inner.throws(() => 1)],
    ['doesNotThrow', false, (inner) => inner.doesNotThrow(throwing(new Error('x')))],
    ['fail', false, (inner) => inner.fail()],
    ['an error', false, throwing(new Error('x'))],
    ['a rejection', false, () => Promise.reject(new Error('x'))],
    ['a failure that the test itself catches', false, (inner) => Promise.reject(inner.equal(1, 2)).catch(() => 1)],
    ['a failure within a test within a test', false, (inner) => inner.test('inner', (innermost) => innermost.ok(0))],
  ];
  for (const [name, passes, body] of rows) {
    const outcomes = await runTests(async () => void standIn.test(name, body), everything);
    t.equal(outcomes.at(-1)?.failure === null, passes, name);
  }
});

t.test('tests of a file run in their order, wanted ones, to the first failure', async (t) => {
  const load = () => {
    for (const name of ['a', 'b', 'c', 'd']) void standIn.test(name, (inner) => inner.not(name, 'c', 'it is c'));
    void standIn.test('skipped', { skip: 'why' }, (inner) => inner.fail());
  };
  t.same(await outcomesOf(load), ['null: ok', 'a: ok', 'b: ok', 'c: it is c']);
  t.same(await outcomesOf(load, (name) => name !== 'c'), ['null: ok', 'a: ok', 'b: ok', 'd: ok']);
  t.same(await outcomesOf(() => standIn.equal(1, 2)), ['null: not equal'], 'a file that fails to load');
  await t.rejects(
    outcomesOf(() => import(String('./absent.ts'))),
    { code: 'ERR_MODULE_NOT_FOUND' },
    'a broken run',
  );
});

t.test('a real file is run again for each mutant, and nothing but what covers it', async (t) => {
  const file = join(import.meta.dirname, '..', 'policy', 'bytes.test.ts');
  const [plugin] = strykerPlugins;
  if (plugin === undefined) return t.fail('no plugin');
  const runner = plugin.factory({ inside: { testFiles: [file] } });
  runner.init();
  const { tests } = await runner.dryRun();
  t.ok(tests.length > 3);
  t.same(
    tests.filter(({ status }) => status === 1),
    [],
  );
  const run = (testFilter?: string[]) =>
    runner.mutantRun({ activeMutant: { id: '1' }, hitLimit: 10, ...(testFilter ? { testFilter } : {}) });
  const [loading, first] = tests;
  t.same(await run(), { status: 'survived', nrOfTests: tests.length });
  t.same(await run([loading?.id ?? '']), { status: 'survived', nrOfTests: tests.length }, 'met while loading: all');
  t.same(await run([first?.id ?? '']), { status: 'survived', nrOfTests: 2 });
  t.same(await run([]), { status: 'survived', nrOfTests: 0 });
});

t.test('what survives is written down with its reason', async (t) => {
  const at = (line: number, from: number, to: number) => ({
    start: { line, column: from },
    end: { line, column: to },
  });
  const source = 'if (a > b)\n  return `c`;\n';
  const survivor = { status: 'Survived', replacement: 'a >= b', location: at(1, 5, 10) };
  const uncovered = { status: 'NoCoverage', replacement: '``', location: at(2, 10, 13) };
  const killed = { status: 'Killed', replacement: 'true', location: at(1, 5, 10) };
  const report = (...mutants: Mutant[]): Report => ({ files: { 'policy/rules/x.ts': { source, mutants } } });
  const lines = ['- rules/x.ts: `a > b` → `a >= b`', "- rules/x.ts: `'c'` → `''`"];
  t.same(listSurvivors(report(survivor, killed, uncovered, survivor)), lines);
  const text = ['Text.', lines[0], '- rules/y.ts: `other` → `part`'].join('\n');
  const rows: readonly [name: string, report: Report, unexplained: unknown[], stale: unknown[]][] = [
    ['explained', report(survivor), [], []],
    ['one is not', report(survivor, uncovered), [lines[1]], []],
    ['killed by now', report(killed), [], [lines[0]]],
  ];
  for (const [name, found, unexplained, stale] of rows)
    t.same(compareSurvivors(found, text), { unexplained, stale }, name);
  const long = { ...survivor, replacement: 'x'.repeat(100) };
  t.match(listSurvivors(report(long))[0], /→ `x{70}…`$/, 'long code is cut');
});

t.test('sentences for people are left alone, codes and keys are not', async (t) => {
  const [plugin] = ignorers;
  const literal = (value: string) => ({ type: 'StringLiteral', value });
  const template = (...raw: string[]) => ({
    type: 'TemplateLiteral',
    quasis: raw.map((part) => ({ value: { raw: part } })),
  });
  const rows: readonly [name: string, node: object, isText: boolean][] = [
    ['a sentence', literal('it is made as a draft'), true],
    ['a sentence with values', template('', ' bytes, not ', ''), true],
    ['a code', literal('not-canonical'), false],
    ['a domain', literal('reeve/effects/v1'), false],
    ['a key of two values', template('', ' ', ''), false],
    ['a path', template('transactions[', ']'), false],
    ['no text', { type: 'NumericLiteral', value: 1 }, false],
  ];
  for (const [name, node, isText] of rows) {
    const path = { node, parentPath: null, key: null, listKey: null } as Parameters<
      NonNullable<typeof plugin>['value']['shouldIgnore']
    >[0];
    t.equal(plugin?.value.shouldIgnore(path) !== undefined, isText, name);
  }
});
