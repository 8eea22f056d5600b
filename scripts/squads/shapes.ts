/**
 * Shapes of a multisig that an agent works with. One multisig has one threshold and no amount-dependent votes: the only split between small and
 * large on chain is spending limits, which the agent draws on by itself, against the threshold, for everything else.
 */

import { pubkeyToBase58 } from '../../policy/keys.ts';
import type { SquadsMember } from '../../policy/programs/squads-config.ts';
import type { Pubkey } from '../../policy/types.ts';

export const MAY_INITIATE = 1;
export const MAY_VOTE = 2;
export const MAY_EXECUTE = 4;
const MAY_ALL = MAY_INITIATE | MAY_VOTE | MAY_EXECUTE;
/** The longest time lock Squads takes, seconds: 90 days. */
export const TIME_LOCK_MAX = 7_776_000;

export interface Shape {
  readonly threshold: number;
  readonly members: readonly SquadsMember[];
  /** Seconds. */
  readonly timeLock: number;
}

/** The owner decides alone and at once; the agent is no member and has spending limits only. `recovery` may act too, after a time lock of its own. */
export function spendingShape(owner: Pubkey, recovery: Pubkey | null): Shape {
  const members = [owner, ...(recovery === null ? [] : [recovery])].map((key) => ({ key, permissions: MAY_ALL }));
  return { threshold: 1, members: sortMembers(members), timeLock: 0 };
}

/** Two of owner, agent and recovery. The agent proposes and votes but executes nothing: what it executes could demand its own signature. */
export function treasuryShape(owner: Pubkey, agent: Pubkey, recovery: Pubkey | null, timeLock: number): Shape {
  const others = [owner, ...(recovery === null ? [] : [recovery])].map((key) => ({ key, permissions: MAY_ALL }));
  const members = [...others, { key: agent, permissions: MAY_INITIATE | MAY_VOTE }];
  return { threshold: 2, members: sortMembers(members), timeLock };
}

/** Squads keeps members in the order of their bytes. */
function sortMembers(members: readonly SquadsMember[]): SquadsMember[] {
  return members.toSorted((left, right) => (left.key < right.key ? -1 : 1));
}

/** Why a shape must not be used, each reason a sentence; none for a good one. `agent` null: nobody of it is an agent. */
export function findDangers({ threshold, members, timeLock }: Shape, agent: Pubkey | null): string[] {
  const voters = members.filter(({ permissions }) => (permissions & MAY_VOTE) !== 0);
  const asAgent = members.find(({ key }) => key === agent);
  const agentVotes = asAgent !== undefined && (asAgent.permissions & MAY_VOTE) !== 0;
  const others = voters.length - (agentVotes ? 1 : 0);
  const dangers: string[] = [];
  if (new Set(members.map(({ key }) => key)).size !== members.length) dangers.push('a member is listed twice');
  if (threshold < 1 || threshold > voters.length)
    dangers.push(`a threshold of ${threshold} with ${voters.length} voters can never be reached`);
  if (agentVotes && threshold === 1)
    dangers.push('the agent votes at threshold 1: it could move everything and change the members by itself');
  if (agentVotes && others < threshold)
    dangers.push(
      `without the agent only ${others} of ${threshold} votes are left: a dead or captured agent freezes the funds and could never be removed; name a third voter with --recovery`,
    );
  if (voters.length === 2 && threshold === 2 && !agentVotes)
    dangers.push('two of two: one lost key freezes everything, and one alone can neither cancel nor revoke');
  if (asAgent !== undefined && (asAgent.permissions & MAY_EXECUTE) !== 0)
    dangers.push('the agent executes: what it executes may demand its own signature and take what it holds');
  if (timeLock < 0 || timeLock > TIME_LOCK_MAX) dangers.push(`a time lock is 0 to ${TIME_LOCK_MAX} seconds`);
  return dangers;
}

const NAMES: readonly [number, string][] = [
  [MAY_INITIATE, 'proposes'],
  [MAY_VOTE, 'votes'],
  [MAY_EXECUTE, 'executes'],
];

/** One line a member. `names` are the owner's words for keys. */
export function describeShape({ threshold, members, timeLock }: Shape, names: ReadonlyMap<Pubkey, string>): string[] {
  const lock = timeLock === 0 ? 'no time lock' : `time lock ${timeLock} s`;
  return [
    `threshold ${threshold}, ${lock}`,
    ...members.map(({ key, permissions }) => {
      const may = NAMES.filter(([bit]) => (permissions & bit) !== 0).map(([, word]) => word);
      return `${names.get(key) ?? 'somebody'} ${pubkeyToBase58(key)}: ${may.join(', ') || 'nothing'}`;
    }),
  ];
}
