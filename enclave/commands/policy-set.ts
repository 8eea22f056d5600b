/** `policy.set`: the next policy, with the lease it needs or without. Budgets stay; the old lease and what waited for approval end. */

import { ReeveError } from '../link/errors.ts';
import { voidApprovals } from '../wallet/approvals.ts';
import { prepareLease, withdrawLease } from '../wallet/leases.ts';
import { requirePhase } from '../wallet/phases.ts';
import { readPolicy } from '../wallet/policies.ts';
import type { CommandHandler } from './context.ts';

export const setPolicy: CommandHandler<'policy.set'> = ({ enclave, wallet, now }, { policyHash, version, lease }) => {
  const expected = wallet.policyVersion + 1;
  if (version !== expected) throw new ReeveError('policy-version', { expected, observed: version });
  const policy = readPolicy(enclave.blobs, policyHash);
  const takeLease = lease === undefined ? null : prepareLease(wallet, enclave.bootHash, lease, policy, now);
  withdrawLease(wallet);
  voidApprovals(wallet.approvals);
  wallet.policy = policy;
  wallet.policyVersion = version;
  wallet.phase = requirePhase(wallet, 'policy.set').success;
  if (takeLease !== null) {
    takeLease();
    wallet.phase = requirePhase(wallet, 'lease.grant').success;
  }
  enclave.blobs.drop(policyHash);
  return { policyHash, policyVersion: version, ...(lease === undefined ? {} : { lease }) };
};
