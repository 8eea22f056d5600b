/**
 * Measuring on a machine that does other things too: all cases take turns, time is the processor's time of this thread, each figure is the
 * median of the rounds, goals are the median of the ratios of one round.
 */
import { cpus, loadavg } from 'node:os';
import process from 'node:process';

/** Every case runs once in each. */
export const ROUNDS = 15;
/** Milliseconds of one case in one round, and before the first. */
const ROUND_MS = 120;
const WARM_MS = 400;
/** Runs between two looks at the clock. */
const BATCH = 20;

/** One thing to measure; `run` must do the whole work each time and is called very often. */
export interface Case {
  readonly name: string;
  readonly run: () => unknown;
}

/** Microseconds of one run. */
export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
}

/** One case may take at most `most` times as long as another. */
export interface Goal {
  readonly text: string;
  readonly of: string;
  readonly over: string;
  readonly most: number;
}

export interface GoalResult extends Goal {
  readonly ratio: number;
  readonly met: boolean;
}

export interface BenchReport {
  readonly figures: readonly Figure[];
  readonly goals: readonly GoalResult[];
}

/** Measures all cases side by side and holds them against the goals. */
export function bench(
  cases: readonly Case[],
  goals: readonly Goal[],
  { roundMs = ROUND_MS, warmMs = WARM_MS } = {},
): BenchReport {
  for (const { run } of cases) timeOf(run, warmMs);
  const times = cases.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, { run }] of cases.entries()) times[index]?.push(timeOf(run, roundMs));
  }
  const figures = cases.map(({ name }, index) => figureOf(name, times[index] ?? []));
  const find = (name: string) => findTimes(cases, times, name);
  return { figures, goals: goals.map((goal) => judgeGoal(goal, find)) };
}

/** Microseconds of one run, from as many as fit. */
function timeOf(run: () => unknown, forMs: number): number {
  const start = process.threadCpuUsage();
  let [runs, spent] = [0, 0];
  while (spent < forMs * 1_000) {
    for (let index = 0; index < BATCH; index += 1) run();
    runs += BATCH;
    const { user, system } = process.threadCpuUsage(start);
    spent = user + system;
  }
  return spent / runs;
}

function figureOf(name: string, rounds: readonly number[]): Figure {
  const sorted = [...rounds].sort((first, second) => first - second);
  const at = (index: number) => sorted[index] as number;
  return { name, median: at(sorted.length >> 1), fastest: at(0), slowest: at(sorted.length - 1) };
}

function findTimes(cases: readonly Case[], times: readonly number[][], name: string): readonly number[] {
  const found = times[cases.findIndex((each) => each.name === name)];
  if (found === undefined) throw new RangeError(`no case ${name}`);
  return found;
}

/** Both cases were measured in every round: what slowed one down slowed the other, and their ratio is steadier than either. */
function judgeGoal(goal: Goal, find: (name: string) => readonly number[]): GoalResult {
  const [of, over] = [find(goal.of), find(goal.over)];
  const ratios = of.map((time, round) => time / (over[round] as number)).sort((first, second) => first - second);
  const ratio = ratios[ratios.length >> 1] as number;
  return { ...goal, ratio, met: ratio <= goal.most };
}

/** What everything was measured on. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const [load = 0] = loadavg();
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}, ${process.platform}, load ${load.toFixed(1)}`;
}

/** The report for people. */
export function formatReport({ figures, goals }: BenchReport): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const rows = figures.map(
    ({ name, median, fastest, slowest }) =>
      `  ${name.padEnd(width)} ${median.toFixed(1).padStart(8)} µs   (${fastest.toFixed(1)} to ${slowest.toFixed(1)})`,
  );
  const verdicts = goals.map(
    ({ text, ratio, most, met }) => `  ${met ? '✓' : '✗'} ${text}: ${ratio.toFixed(2)}, at most ${most}`,
  );
  return `medians of ${ROUNDS} interleaved rounds\n\n${rows.join('\n')}\n\n${verdicts.join('\n')}\n`;
}
