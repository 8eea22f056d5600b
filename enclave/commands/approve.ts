/** `approve` and `deny`: the owner's word on one exceptional payment, bound to the hash of its effects. */

import { ReeveError } from '../link/errors.ts';
import { denyApproval, grantApproval } from '../wallet/approvals.ts';
import { toMillis } from '../wallet/leases.ts';
import type { CommandHandler } from './context.ts';

export const approve: CommandHandler<'approve'> = ({ wallet, now }, { approvalId, effectsHash, notAfter }) => {
  const until = toMillis(notAfter);
  if (until <= now) throw new ReeveError('command-expired', { what: 'approval' });
  const { ttlSeconds, maxPending } = wallet.policy.approvals;
  const rules = { ttlMs: ttlSeconds * 1000, maxPending };
  grantApproval(wallet.approvals, { id: approvalId, effectsHash, until }, rules, now);
  return { approvalId };
};

export const deny: CommandHandler<'deny'> = ({ wallet, now }, { approvalId, effectsHash }) => {
  denyApproval(wallet.approvals, approvalId, effectsHash, now);
  return { approvalId };
};
