/** The limits on coverage: what is low fails, and so does what is not there. */
import t from 'tap';
import type { FileCoverage } from '../../scripts/build/check-coverage.ts';
import { hasCode, judgeCoverage } from '../../scripts/build/check-coverage.ts';

const file = (lines: number, branches: number): FileCoverage => ({
  lines: { total: 100, covered: lines },
  branches: { total: 10, covered: branches },
});
const limits = { lines: 90, branches: 80, fileLines: 70 };

t.test('one rule a row', async (t) => {
  const rows: [what: string, report: [string, FileCoverage][], faults: RegExp[]][] = [
    [
      'all covered',
      [
        ['a', file(100, 10)],
        ['b', file(100, 10)],
      ],
      [],
    ],
    [
      'just enough',
      [
        ['a', file(90, 8)],
        ['b', file(90, 8)],
      ],
      [],
    ],
    [
      'too few lines',
      [
        ['a', file(90, 10)],
        ['b', file(89, 10)],
      ],
      [/^89.5 % of lines/],
    ],
    [
      'too few branches',
      [
        ['a', file(100, 8)],
        ['b', file(100, 7)],
      ],
      [/^75.0 % of branches/],
    ],
    [
      'one file low, the sum high',
      [
        ['a', file(69, 10)],
        ['b', { ...file(100, 10), lines: { total: 1_000, covered: 1_000 } }],
      ],
      [/^a: 69.0/],
    ],
    ['a file nobody loads', [['a', file(100, 10)]], [/^b is in no report/]],
    [
      'a file without a line',
      [
        ['a', file(100, 10)],
        ['b', { lines: { total: 0, covered: 0 }, branches: { total: 0, covered: 0 } }],
      ],
      [],
    ],
  ];
  for (const [what, report, faults] of rows) {
    const verdict = judgeCoverage(['a', 'b'], new Map(report), limits);
    t.equal(verdict.faults.length, faults.length, what);
    for (const [index, fault] of faults.entries()) t.match(verdict.faults[index], fault, what);
  }
});

t.test('files of types only are not looked for', async (t) => {
  const types =
    "/** One. */\nimport type { A } from './a.ts';\nexport type B = A; // two\nexport interface C { readonly d: B }\n";
  t.equal(hasCode(types), false);
  t.equal(hasCode(`${types}export const e = 1;\n`), true);
  t.equal(hasCode(`${types}import './a.ts';\n`), true);
});
