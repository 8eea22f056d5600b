/**
 * The whole path of a signature beside what bounds it, on this machine, in one run: a bare signature, ssh-agent, an agent's HTTP socket through host
 * proxy and enclave. The cases take turns in every round, so what the machine does meanwhile happens to all of them.
 */

import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Job, LoadFigures } from './load.ts';
import type { Usage } from './processes.ts';
import { readUsage } from './processes.ts';

/** Every case runs once in each. */
export const ROUNDS = 5;
/** Milliseconds of one case in one round, and before the first. */
const ROUND_MS = 1_500;
const WARM_MS = 2_500;
/** Amounts one job may use before the next one's begin. */
const AMOUNTS_PER_JOB = 100_000;
const FIRST_AMOUNT = 1_000;

/** What a case says of its jobs: when and with which amounts is the run's to say. */
export type JobOf<Kind extends Job['kind']> = Omit<Extract<Job, { kind: Kind }>, 'ms' | 'from'>;
type AnyJob = JobOf<'loop'> | JobOf<'agent'> | JobOf<'http'>;

/** One thing to measure: what the load does, and whose processor time it costs. */
export interface PathCase {
  readonly name: string;
  readonly connections: number;
  readonly job: AnyJob;
  readonly pids: readonly number[];
}

/** One case in one round; processor microseconds of `pids` for one answer, null where the system does not say. */
export interface PathRound extends LoadFigures {
  readonly cpu: number | null;
}

export interface PathFigure {
  readonly name: string;
  readonly connections: number;
  readonly rounds: readonly PathRound[];
  /** Resident bytes of `pids` at the end, null where the system does not say. */
  readonly memory: number | null;
}

export interface PathTimes {
  readonly roundMs?: number;
  readonly warmMs?: number;
}

/** Measures all cases. Rejects when an answer is not the one expected. */
export async function measurePath(
  cases: readonly PathCase[],
  { roundMs = ROUND_MS, warmMs = WARM_MS }: PathTimes = {},
): Promise<PathFigure[]> {
  const load = fork(join(import.meta.dirname, 'load.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const send = startJobs(load);
  try {
    for (const { job } of cases) await send(job, warmMs);
    const rounds = cases.map((): PathRound[] => []);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, each] of cases.entries()) rounds[index]?.push(await runRound(each, send, roundMs));
    }
    return cases.map(({ name, connections, pids }, index) => {
      const memory = readUsage(pids)?.memory ?? null;
      return { name, connections, rounds: rounds[index] ?? [], memory };
    });
  } finally {
    load.disconnect();
  }
}

type Send = (job: AnyJob, ms: number) => Promise<LoadFigures>;

/** Jobs for the load process, none with a transaction that another one had. */
function startJobs(load: ChildProcess): Send {
  let from = FIRST_AMOUNT;
  const gone = new AbortController();
  load.once('exit', () => gone.abort());
  return async (job, ms) => {
    load.send({ ...job, ms, from });
    from += AMOUNTS_PER_JOB;
    const [answer] = (await once(load, 'message', gone)) as [{ figures?: LoadFigures; fault?: string }];
    if (answer.figures === undefined) throw new Error(`${job.kind}: ${answer.fault}`);
    return answer.figures;
  };
}

async function runRound({ job, pids }: PathCase, send: Send, ms: number): Promise<PathRound> {
  const before = readUsage(pids);
  const figures = await send(job, ms);
  return { ...figures, cpu: costOf(before, readUsage(pids), figures.answers) };
}

function costOf(before: Usage | null, after: Usage | null, answers: number): number | null {
  if (before === null || after === null) return null;
  return ((after.cpuMs - before.cpuMs) * 1_000) / answers;
}

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((first, second) => first - second);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
