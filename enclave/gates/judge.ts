/** Gate: every effect of everything asked for is judged, together. */

import { violationToJson } from '../../policy/json.ts';
import type { Judgement } from '../../policy/judge.ts';
import { judge } from '../../policy/judge.ts';
import { pubkeyFromBytes } from '../../policy/keys.ts';
import type { Millis } from '../../policy/types.ts';
import { VIOLATIONS_PER_CALL } from '../link/limits.ts';
import type { ViolationJson } from '../link/schema/results.ts';
import { findApproved } from '../wallet/approvals.ts';
import { takeFitting } from '../wallet/budget.ts';
import type { Wallet } from '../wallet/state.ts';
import type { DecodedTransaction } from './decode.ts';

/** A judgement with its violations as they are shown. */
export interface Ruling extends Judgement {
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
  return { ...judgement, shownViolations: judgement.violations.slice(0, VIOLATIONS_PER_CALL).map(violationToJson) };
}

/** The first violations that fit `room` bytes; at least one of several. */
export function fitViolations(violations: readonly ViolationJson[], room: number): ViolationJson[] {
  const fitting = takeFitting(violations, room);
  return fitting.length > 0 ? fitting : violations.slice(0, 1);
}
