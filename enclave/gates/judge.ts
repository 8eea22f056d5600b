/** Gate: every effect of everything asked for is judged, together. */

import { effectsToJson, violationToJson } from '../../policy/json.ts';
import type { Judgement } from '../../policy/judge.ts';
import { judge } from '../../policy/judge.ts';
import { pubkeyFromBytes } from '../../policy/keys.ts';
import { refuse } from '../../policy/message.ts';
import type { Millis } from '../../policy/types.ts';
import { EFFECTS_BYTES } from '../limits.ts';
import { EFFECTS_PER_CALL, VIOLATIONS_PER_CALL } from '../link/limits.ts';
import type { EffectJson, ViolationJson } from '../link/schema/results.ts';
import { findApproved } from '../wallet/approvals.ts';
import { takeFitting } from '../wallet/budget.ts';
import { measureCbor } from '../wallet/chain.ts';
import type { Wallet } from '../wallet/state.ts';
import type { DecodedTransaction } from './decode.ts';

/** A judgement with its effects and violations as they are shown, each within its limit. */
export interface Ruling extends Judgement {
  readonly shownEffects: EffectJson[];
  readonly shownViolations: ViolationJson[];
}

export function judgeTransactions(
  wallet: Wallet,
  transactions: readonly DecodedTransaction[],
  owners: readonly Uint8Array[],
  now: Millis,
): Ruling {
  const { policy, agentKey, ledger, lease, lastSignedAt, approvals } = wallet;
  const judgement = judge({
    policy,
    agent: agentKey,
    messages: transactions.map(({ message }) => message),
    owners: owners.map(pubkeyFromBytes),
    ledger,
    lease,
    now,
    lastSignedAt,
    approved: (effectsHash) => findApproved(approvals, effectsHash, now) !== null,
  });
  const effects = effectsToJson(policy, judgement.effects);
  if (effects.length > EFFECTS_PER_CALL || measureCbor(effects) > EFFECTS_BYTES) return refuseSize(judgement);
  const shownViolations = judgement.violations.slice(0, VIOLATIONS_PER_CALL).map(violationToJson);
  return { ...judgement, shownEffects: effects, shownViolations };
}

/** What does not fit a frame can be shown to nobody, so it is not done. */
function refuseSize(judgement: Judgement): Ruling {
  const detail = `${judgement.effects.length} effects or more, ${EFFECTS_PER_CALL} or ${EFFECTS_BYTES} bytes of them at most`;
  const violation = refuse('too-many-effects', detail);
  const denied = { decision: 'deny', violations: [violation], approvalUsed: false, charges: [], entries: [] } as const;
  return { ...judgement, ...denied, shownEffects: [], shownViolations: [violationToJson(violation)] };
}

/** The first violations that fit `room` bytes; at least one of several. */
export function fitViolations(violations: readonly ViolationJson[], room: number): ViolationJson[] {
  const fitting = takeFitting(violations, room);
  return fitting.length > 0 ? fitting : violations.slice(0, 1);
}
