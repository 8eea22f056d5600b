/** Holds the last coverage report against limits per folder: `make coverage`. A file that no test ever loaded is in no report, and fails it. */
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join, relative } from 'node:path';
import { argv, exit, stdout } from 'node:process';

const ROOT = join(import.meta.dirname, '..', '..');
const REPORT = '.tap/report/coverage-summary.json';

/** Per cent that each folder must reach in all, and each of its files alone. Files of types only run no line and are left out. */
const LIMITS = {
  policy: { lines: 99, branches: 94, fileLines: 90 },
} as const;

export interface Counts {
  readonly total: number;
  readonly covered: number;
}
export interface FileCoverage {
  readonly lines: Counts;
  readonly branches: Counts;
}
export type Limits =
  | (typeof LIMITS)[keyof typeof LIMITS]
  | Readonly<Record<'lines' | 'branches' | 'fileLines', number>>;

export interface Verdict {
  readonly lines: number;
  readonly branches: number;
  readonly faults: readonly string[];
}

/** One folder's figures, and everything that is under its limits. `files` are all that there are; `report` is by the same names. */
export function judgeCoverage(
  files: readonly string[],
  report: ReadonlyMap<string, FileCoverage>,
  limits: Limits,
): Verdict {
  const present = files.flatMap((file) => report.get(file) ?? []);
  const lines = percent(present.map((each) => each.lines));
  const branches = percent(present.map((each) => each.branches));
  const absent = files.filter((file) => !report.has(file)).map((file) => `${file} is in no report: no test loads it`);
  const low = files.flatMap((file) => {
    const reached = percent([report.get(file)?.lines ?? { total: 0, covered: 0 }]);
    return reached < limits.fileLines
      ? [`${file}: ${reached.toFixed(1)} % of lines, at least ${limits.fileLines}`]
      : [];
  });
  const sums = [
    ...(lines < limits.lines ? [`${lines.toFixed(1)} % of lines, at least ${limits.lines}`] : []),
    ...(branches < limits.branches ? [`${branches.toFixed(1)} % of branches, at least ${limits.branches}`] : []),
  ];
  return { lines, branches, faults: [...absent, ...low, ...sums] };
}

function percent(counts: readonly Counts[]): number {
  const total = counts.reduce((sum, each) => sum + each.total, 0);
  const covered = counts.reduce((sum, each) => sum + each.covered, 0);
  return total === 0 ? 100 : (covered / total) * 100;
}

/** Whether anything is left of a file's source without its types and comments. */
export function hasCode(source: string): boolean {
  return stripTypeScriptTypes(source).replace(/\/\*[\s\S]*?\*\/|\/\/.*|[\s;]/g, '') !== '';
}

function readReport(): ReadonlyMap<string, FileCoverage> {
  const entries = Object.entries(JSON.parse(readFileSync(join(ROOT, REPORT), 'utf8')) as Record<string, FileCoverage>);
  return new Map(entries.map(([file, coverage]) => [relative(ROOT, file), coverage]));
}

function main(): number {
  const report = readReport();
  let failed = false;
  for (const [folder, limits] of Object.entries(LIMITS)) {
    const files = globSync(`${folder}/**/*.ts`, { cwd: ROOT })
      .filter((file) => hasCode(readFileSync(join(ROOT, file), 'utf8')))
      .sort();
    const { lines, branches, faults } = judgeCoverage(files, report, limits);
    stdout.write(
      `${folder}/: ${files.length} files, ${lines.toFixed(1)} % of lines, ${branches.toFixed(1)} % of branches\n`,
    );
    for (const fault of faults) stdout.write(`  ✗ ${folder}/: ${fault}\n`);
    failed ||= faults.length > 0;
  }
  return failed ? 1 : 0;
}

if (argv[1] === import.meta.filename) exit(main());
