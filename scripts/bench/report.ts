/** The bench's figures for people. */

import type { PathGoalResult } from './goals.ts';
import { AGENT, BARE } from './goals.ts';
import type { PathFigure, PathRound } from './path.ts';
import { median, ROUNDS } from './path.ts';

const HEAD = ['', 'conn', 'p50 µs', 'p99 µs', 'a second', 'CPU µs', 'MB', 'p50/bare', 'p50/agent', 'rate/agent'];
const MEGABYTE = 1_000_000;

/** One row a case, medians of the rounds; the goals under it. */
export function formatPath(
  figures: readonly PathFigure[],
  goals: readonly PathGoalResult[],
  skipped: readonly string[],
): string {
  const rows = [HEAD, ...figures.map((figure) => describeFigure(figure, figures))];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '));
  const notes = skipped.map((text) => `  – not measured: ${text}`);
  return [
    `medians of ${ROUNDS} interleaved rounds; CPU of the serving processes for one answer`,
    '',
    ...lines,
    ...notes,
    '',
    ...goals.map(describeGoal),
    '',
  ].join('\n');
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? `  ${cell.padEnd(width)}` : cell.padStart(width);
}

function describeFigure({ name, connections, rounds, memory }: PathFigure, all: readonly PathFigure[]): string[] {
  const of = (field: 'p50' | 'p99' | 'rate') => median(rounds.map((round) => round[field]));
  const cpu = median(rounds.map((round) => round.cpu ?? Number.NaN));
  const against = (other: string, at: number, field: 'p50' | 'rate') =>
    compare(rounds, findRounds(all, other, at), field);
  return [
    name,
    String(connections),
    of('p50').toFixed(0),
    of('p99').toFixed(0),
    of('rate').toFixed(0),
    memory === null || memory === 0 ? '–' : cpu.toFixed(0),
    memory === null || memory === 0 ? '–' : (memory / MEGABYTE).toFixed(0),
    against(BARE, 1, 'p50'),
    against(AGENT, connections, 'p50'),
    against(AGENT, connections, 'rate'),
  ];
}

function findRounds(all: readonly PathFigure[], name: string, connections: number): readonly PathRound[] {
  return all.find((figure) => figure.name === name && figure.connections === connections)?.rounds ?? [];
}

/** The median of the rounds' ratios. */
function compare(rounds: readonly PathRound[], others: readonly PathRound[], field: 'p50' | 'rate'): string {
  if (others.length < rounds.length) return '–';
  return median(rounds.map((round, index) => round[field] / (others[index] as PathRound)[field])).toFixed(2);
}

function describeGoal({ text, kind, limit, aim, ratio, met }: PathGoalResult): string {
  if (ratio === null) return `  – ${text}: not measured here`;
  return `  ${met ? '✓' : '✗'} ${text}: ${ratio.toFixed(2)}, ${kind} ${limit}${aim === undefined ? '' : ` (aim ${aim})`}`;
}
