/** Gate: what it costs is taken from the budgets, in the same step of the event loop in which it was judged. */

import type { Judgement } from '../../policy/judge.ts';
import { chargeLease } from '../../policy/lease.ts';
import { reserve } from '../../policy/ledger.ts';
import type { Millis } from '../../policy/types.ts';
import { ReeveError } from '../link/errors.ts';
import { findApproved, useApproval } from '../wallet/approvals.ts';
import type { Wallet } from '../wallet/state.ts';

/** Charges ledger and lease, or uses up the approval it rests on, whose id is returned. The signature is the spend: nothing is given back. */
export function reserveCharges(wallet: Wallet, judgement: Judgement, now: Millis): string | undefined {
  const { lease, ledger, policy, approvals } = wallet;
  if (lease === null) throw new ReeveError('internal', { what: 'allowed without a lease' });
  const approval = judgement.approvalUsed ? findApproved(approvals, judgement.effectsHash(), now) : null;
  if (judgement.approvalUsed !== (approval !== null)) throw new ReeveError('internal', { what: 'approval' });
  if (approval !== null) useApproval(approvals, approval.id);
  reserve(ledger, policy, judgement.entries, now);
  wallet.lease = chargeLease(lease, judgement.charges);
  wallet.lastSignedAt = now;
  return approval?.id;
}
