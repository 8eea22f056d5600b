/** Exceptional payments and the owner's word on them. In memory only: after a restart old approvals are dead. */

import { randomBytes } from 'node:crypto';
import type { Hash } from '../../policy/types.ts';
import { DECIDED_APPROVALS } from '../limits.ts';
import { ReeveError } from '../link/errors.ts';
import type { Approval } from '../link/schema/results.ts';

const ID_BYTES = 16;

type StoredApproval = Omit<Approval, 'state'> & { state: Approval['state'] };

/** By id, oldest first. */
export type Approvals = Map<string, StoredApproval>;

/** What an approval is asked for; bound to `effectsHash`. */
export type Petition = Pick<Approval, 'effectsHash' | 'effects' | 'programs' | 'feeCap' | 'violations'>;

/** Milliseconds an approval may wait, and later be used, and how many may wait. */
export interface ApprovalRules {
  readonly ttlMs: number;
  readonly maxPending: number;
}

export function emptyApprovals(): Approvals {
  return new Map();
}

/** The approval that waits for these effects, or a new one. Throws `approvals-full` when too many wait. */
export function askApproval(approvals: Approvals, petition: Petition, rules: ApprovalRules, now: number): Approval {
  expire(approvals, now);
  const waiting = [...approvals.values()].filter(({ state }) => state === 'pending');
  const known = waiting.find(({ effectsHash }) => same(effectsHash, petition.effectsHash));
  if (known !== undefined) return known;
  if (waiting.length >= rules.maxPending) throw new ReeveError('approvals-full', { limit: rules.maxPending });
  const id = randomBytes(ID_BYTES).toString('hex');
  const times = { createdAt: BigInt(now), expiresAt: BigInt(now + rules.ttlMs) };
  const approval: StoredApproval = { id, state: 'pending', ...petition, ...times };
  approvals.set(id, approval);
  forgetDecided(approvals);
  return approval;
}

/** Takes the owner's yes, usable once until `until` at the latest. Throws `approval-unknown` unless it waits, `effects-mismatch` for other effects. */
export function grantApproval(
  approvals: Approvals,
  { id, effectsHash, until }: { id: string; effectsHash: Uint8Array; until: number },
  rules: ApprovalRules,
  now: number,
): void {
  const approval = findPending(approvals, id, effectsHash, now);
  approval.state = 'approved';
  approval.expiresAt = BigInt(Math.min(until, now + rules.ttlMs));
}

/** Takes the owner's no. */
export function denyApproval(approvals: Approvals, id: string, effectsHash: Uint8Array, now: number): void {
  findPending(approvals, id, effectsHash, now).state = 'denied';
}

/** The approval of exactly these effects that may be used now, or null. */
export function findApproved(approvals: Approvals, effectsHash: Hash, now: number): Approval | null {
  expire(approvals, now);
  const wanted = Buffer.from(effectsHash, 'hex');
  const usable = (approval: Approval) => approval.state === 'approved' && same(approval.effectsHash, wanted);
  return [...approvals.values()].find(usable) ?? null;
}

/** Uses an approval up. */
export function useApproval(approvals: Approvals, id: string): void {
  const approval = approvals.get(id);
  if (approval?.state !== 'approved') throw new ReeveError('internal', { what: 'approval used twice' });
  approval.state = 'used';
}

/** With another policy, what waits or was approved under the old one is void: names and limits may mean something else now. */
export function voidApprovals(approvals: Approvals): void {
  for (const approval of approvals.values()) {
    if (approval.state === 'pending' || approval.state === 'approved') approval.state = 'expired';
  }
}

/** How many wait for the owner. */
export function countPending(approvals: Approvals, now: number): number {
  expire(approvals, now);
  return [...approvals.values()].filter(({ state }) => state === 'pending').length;
}

export function readApproval(approvals: Approvals, id: string, now: number): Approval {
  expire(approvals, now);
  const approval = approvals.get(id);
  if (approval === undefined) throw new ReeveError('approval-unknown', { approval: id });
  return approval;
}

/** Approvals after `after` (all when absent or forgotten), oldest first. */
export function listApprovals(approvals: Approvals, after: string | undefined, now: number): Approval[] {
  expire(approvals, now);
  const all = [...approvals.values()];
  return all.slice(all.findIndex(({ id }) => id === after) + 1);
}

function findPending(approvals: Approvals, id: string, effectsHash: Uint8Array, now: number): StoredApproval {
  expire(approvals, now);
  const approval = approvals.get(id);
  if (approval?.state !== 'pending') throw new ReeveError('approval-unknown', { approval: id });
  if (!same(approval.effectsHash, effectsHash)) throw new ReeveError('effects-mismatch', { approval: id });
  return approval;
}

function expire(approvals: Approvals, now: number): void {
  for (const approval of approvals.values()) {
    const open = approval.state === 'pending' || approval.state === 'approved';
    if (open && approval.expiresAt <= BigInt(now)) approval.state = 'expired';
  }
}

/** Keeps the newest decided ones: agents and owners may still ask about them. */
function forgetDecided(approvals: Approvals): void {
  const decided = [...approvals.values()].filter(({ state }) => state !== 'pending' && state !== 'approved');
  for (const { id } of decided.slice(0, Math.max(0, decided.length - DECIDED_APPROVALS))) approvals.delete(id);
}

function same(first: Uint8Array, second: Uint8Array): boolean {
  return Buffer.from(first).equals(second);
}
