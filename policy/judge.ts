/**
 * The one judgement: what a request would do, whether the policy allows it now, and what it costs. Pure and synchronous, so that the
 * enclave can judge and reserve in one step.
 */
import { hashEffects } from './approvals.ts';
import { liftOf } from './codes.ts';
import type { CalledInstruction } from './effects.ts';
import { gatherFacts } from './gather.ts';
import type { EffectJson } from './json.ts';
import type { LeaseState } from './lease.ts';
import type { Entry, Ledger } from './ledger.ts';
import { VIOLATIONS_REPORTED_MAX } from './limits.ts';
import type { Message } from './message.ts';
import type { Policy } from './policy.ts';
import { judgeCalls } from './rules/calls.ts';
import { judgeEffects, judgeSize } from './rules/effects.ts';
import type { Facts, Rule } from './rules/facts.ts';
import { judgeFees } from './rules/fees.ts';
import { judgeCeiling, judgeLease } from './rules/lease.ts';
import { judgeApprovalAbove, judgePerTransaction, judgeWindows } from './rules/limits.ts';
import { judgeNonce } from './rules/nonce.ts';
import { judgeMemos, judgeProgramApprovals, judgePrograms } from './rules/programs.ts';
import { judgeProposals } from './rules/proposals.ts';
import { judgeRecipientApprovals, judgeRecipients } from './rules/recipients.ts';
import { judgeCooldown, judgeSchedule } from './rules/schedule.ts';
import type { Charge, Decision, Effect, Hash, Millis, Pubkey, Violation } from './types.ts';

export { effectContext } from './gather.ts';

export interface Request {
  readonly policy: Policy;
  readonly agent: Pubkey;
  /** Judged together: all are signed or none. */
  readonly messages: readonly Message[];
  /** Recipients the request names, so that their token accounts can be derived. Naming somebody allows nothing. */
  readonly owners: readonly Pubkey[];
  readonly ledger: Ledger;
  readonly lease: LeaseState | null;
  readonly now: Millis;
  /** The last signature, or the boot's first lease if that is later. */
  readonly lastSignedAt: Millis | null;
  /** Whether the owner approved exactly these effects and the approval is unused and has not ended. Asked at most once. */
  readonly approved: (effectsHash: Hash) => boolean;
}

export interface Judgement {
  readonly decision: Decision;
  /** Every reason against it, in the order of the rules; empty for `allow`. */
  readonly violations: readonly Violation[];
  /** What an approval lifted. */
  readonly lifted: readonly Violation[];
  readonly effects: readonly Effect[];
  /** The effects as they are shown to people; none when they are too many, which is refused. */
  readonly shown: readonly EffectJson[];
  readonly programs: readonly CalledInstruction[];
  /** What it costs per asset; nothing when an approval was used. */
  readonly charges: readonly Charge[];
  /** The same by budget line: what `reserve` takes. */
  readonly entries: readonly Entry[];
  /** Made when somebody asks, and once: most decisions need no approval, and the hash costs more than the judgement. */
  readonly effectsHash: () => Hash;
  /** True when `allow` rests on an approval, which is used up by it. */
  readonly approvalUsed: boolean;
  /** Lamports of fees that an approval of these effects covers. */
  readonly feeCap: bigint;
}

/** The order of judgement, as one table: each row's findings are reported before the next row's. */
const rules: readonly Rule[] = [
  // Decoding.
  ({ refusals }) => [...refusals],
  judgeSize,
  // Named programs and effects.
  judgePrograms,
  judgeMemos,
  judgeCalls,
  judgeEffects,
  judgeNonce,
  judgeProposals,
  // Recipients, schedule, cooldown, fees.
  judgeRecipients,
  judgeSchedule,
  judgeCooldown,
  judgeFees,
  // Amounts, and what the owner wants to see.
  judgePerTransaction,
  judgeWindows,
  judgeApprovalAbove,
  judgeProgramApprovals,
  judgeRecipientApprovals,
  judgeLease,
];

/** Judges messages that `decodeMessage` accepted. Changes nothing: `reserve` and `chargeLease` do, with what is returned. */
export function judge(request: Request): Judgement {
  const facts = gatherFacts(request);
  const { policy, effects, programs, fees } = facts;
  const violations = rules.flatMap((rule) => rule(facts));
  const feeCap = policy.fees.perTransaction * BigInt(fees.length);
  let known: Hash | null = null;
  const effectsHash = (): Hash => {
    known ??= hashEffects(policy, effects, programs, feeCap);
    return known;
  };
  const verdict = decide(facts, violations, () => request.approved(effectsHash()));
  const { charges, entries } = verdict.approvalUsed ? { charges: [], entries: [] } : facts;
  return {
    ...verdict,
    violations: verdict.violations.slice(0, VIOLATIONS_REPORTED_MAX),
    effects,
    shown: facts.shown ?? [],
    programs,
    charges,
    entries,
    effectsHash,
    feeCap,
  };
}

type Verdict = Pick<Judgement, 'decision' | 'violations' | 'lifted' | 'approvalUsed'>;

/**
 * Deny wins: one violation that nothing lifts is enough. The ceiling is looked at only where the payment would be charged: what needs an
 * approval is not.
 */
function decide(facts: Facts, violations: readonly Violation[], isApproved: () => boolean): Verdict {
  const { lifts } = facts.policy.approvals;
  const liftable = violations.every(({ code }) => {
    const lift = liftOf(code);
    return lift !== null && lifts.has(lift);
  });
  if (liftable && violations.length > 0) {
    if (!isApproved()) return { decision: 'needs-approval', violations, lifted: [], approvalUsed: false };
    return { decision: 'allow', violations: [], lifted: violations, approvalUsed: true };
  }
  const all = [...violations, ...judgeCeiling(facts)];
  return { decision: all.length === 0 ? 'allow' : 'deny', violations: all, lifted: [], approvalUsed: false };
}
