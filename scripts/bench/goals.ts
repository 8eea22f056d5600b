/** What the path must reach, as ratios of figures of the same round: noise of the machine divides out, as far as it hits both. */

import type { PathFigure, PathRound } from './path.ts';
import { median } from './path.ts';

export const BARE = 'bare signature';
export const AGENT = 'ssh-agent';
export const SIGN = 'sign, synced';
export const UNSYNCED = 'sign, not synced';
export const REFUSE = 'refuse';
export const EVALUATE = 'evaluate';
/** Connections under load. */
export const MANY = 32;

export interface PathGoal {
  readonly text: string;
  /** The ratio of one round; null where a yardstick is missing. */
  ratio(find: FindRound): number | null;
  readonly limit: number;
  readonly kind: 'at most' | 'at least';
  /** What is hoped for beyond the limit. */
  readonly aim?: number;
}

type FindRound = (name: string, connections: number) => PathRound | null;

/** The ratio of one figure of two cases, null where one was not measured. */
function ratioOf(of: PathRound | null, over: PathRound | null, field: 'p50' | 'rate'): number | null {
  return of === null || over === null ? null : of[field] / over[field];
}

export interface PathGoalResult {
  readonly text: string;
  readonly limit: number;
  readonly kind: 'at most' | 'at least';
  readonly aim?: number;
  /** The median over the rounds; null where a yardstick is missing on this machine. */
  readonly ratio: number | null;
  readonly met: boolean;
}

function spreadOf(round: PathRound | null): number | null {
  return round === null ? null : round.p99 / round.p50;
}

export const PATH_GOALS: readonly PathGoal[] = [
  {
    text: 'p50 of a synced signature at 1 connection, against ssh-agent’s',
    ratio: (find) => ratioOf(find(SIGN, 1), find(AGENT, 1), 'p50'),
    limit: 1,
    aim: 0.8,
    kind: 'at most',
  },
  {
    text: `synced signatures a second at ${MANY} connections, against ssh-agent’s`,
    ratio: (find) => ratioOf(find(SIGN, MANY), find(AGENT, MANY), 'rate'),
    limit: 2,
    aim: 4,
    kind: 'at least',
  },
  {
    text: `refusals a second at ${MANY} connections, against signatures`,
    ratio: (find) => ratioOf(find(REFUSE, MANY), find(SIGN, MANY), 'rate'),
    limit: 2,
    kind: 'at least',
  },
  {
    text: 'p50 of a signature at 1 connection, against a refusal’s',
    ratio: (find) => ratioOf(find(SIGN, 1), find(REFUSE, 1), 'p50'),
    limit: 2,
    kind: 'at least',
  },
  {
    text: 'p99 of a synced signature at 1 connection, against its p50',
    ratio: (find) => spreadOf(find(SIGN, 1)),
    limit: 3,
    kind: 'at most',
  },
];

/** Holds the figures against the goals. A goal whose yardstick is not on this machine counts as met, and says so. */
export function judgePath(figures: readonly PathFigure[], goals: readonly PathGoal[] = PATH_GOALS): PathGoalResult[] {
  const rounds = figures[0]?.rounds.length ?? 0;
  return goals.map(({ ratio, ...goal }) => {
    const ratios = Array.from({ length: rounds }, (_, round) => ratio(finder(figures, round)));
    const known = ratios.filter((each) => each !== null);
    if (known.length < rounds) return { ...goal, ratio: null, met: true };
    const middle = median(known);
    return { ...goal, ratio: middle, met: goal.kind === 'at most' ? middle <= goal.limit : middle >= goal.limit };
  });
}

function finder(figures: readonly PathFigure[], round: number): FindRound {
  return (name, connections) =>
    figures.find((figure) => figure.name === name && figure.connections === connections)?.rounds[round] ?? null;
}
