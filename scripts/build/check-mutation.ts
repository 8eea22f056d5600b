/**
 * Holds the last report of mutation testing against `policy/SURVIVORS.md`: `make mutate`. What survives must stand there, in a line of its
 * own below the reason why it may; a line of what no longer survives is only named. The score itself is Stryker's to judge.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit, stdout } from 'node:process';

const ROOT = join(import.meta.dirname, '..', '..');
const SURVIVORS = 'policy/SURVIVORS.md';
/** Characters of code that a line shows; what is longer is cut, and enough to find it by. */
const SHOWN_CHARACTERS = 70;

interface Position {
  readonly line: number;
  readonly column: number;
}
export interface Mutant {
  readonly status: string;
  readonly replacement?: string;
  readonly location: { readonly start: Position; readonly end: Position };
}
export interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

/** What survived, one line for each different change: `- ledger.ts: CODE → CODE`. */
export function listSurvivors({ files }: Report): string[] {
  const lines = Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map(({ location, replacement }) => {
        const name = file.replace(/^policy\//, '');
        return `- ${name}: ${showCode(cut(source, location))} → ${showCode(replacement ?? '')}`;
      }),
  );
  return [...new Set(lines)];
}

/** Survivors that nobody explained, and explanations of what does not survive in the files that were mutated. */
export function compareSurvivors(report: Report, explained: string): { unexplained: string[]; stale: string[] } {
  const survivors = listSurvivors(report);
  const lines = explained.split('\n').filter((line) => line.startsWith('- '));
  const mutated = Object.keys(report.files).map((file) => `- ${file.replace(/^policy\//, '')}: `);
  return {
    unexplained: survivors.filter((line) => !lines.includes(line)),
    stale: lines.filter((line) => mutated.some((start) => line.startsWith(start)) && !survivors.includes(line)),
  };
}

function cut(source: string, { start, end }: Mutant['location']): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1)?.slice(0, end.column - 1) ?? '';
  lines[0] = lines[0]?.slice(start.column - 1) ?? '';
  return lines.join(' ');
}

function showCode(code: string): string {
  const flat = code.replace(/\s+/g, ' ').replaceAll('`', "'").trim();
  return `\`${flat.length > SHOWN_CHARACTERS ? `${flat.slice(0, SHOWN_CHARACTERS)}…` : flat}\``;
}

function main(parts: readonly string[]): number {
  const path = join(ROOT, SURVIVORS);
  const explained = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const found = parts.map((part) => {
    const report: Report = JSON.parse(readFileSync(join(ROOT, '.reeve', 'mutation', part, 'report.json'), 'utf8'));
    return compareSurvivors(report, explained);
  });
  const unexplained = found.flatMap((each) => each.unexplained);
  const stale = found.flatMap((each) => each.stale);
  if (stale.length > 0) stdout.write(`\nin ${SURVIVORS}, but killed:\n${stale.join('\n')}\n`);
  if (unexplained.length > 0) stdout.write(`\nsurvived, not in ${SURVIVORS}:\n${unexplained.join('\n')}\n`);
  return unexplained.length > 0 ? 1 : 0;
}

if (argv[1] === import.meta.filename) exit(main(argv.slice(2)));
