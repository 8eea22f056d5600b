/** `lease.grant`: what lets a wallet sign, bounded in time and amount. */

import { prepareLease } from '../wallet/leases.ts';
import { requirePhase } from '../wallet/phases.ts';
import type { CommandHandler } from './context.ts';

export const grantLease: CommandHandler<'lease.grant'> = ({ enclave, wallet, now }, { lease }) => {
  const take = prepareLease(wallet, enclave.bootHash, lease, wallet.policy, now);
  take();
  wallet.phase = requirePhase(wallet, 'lease.grant').success;
  return { lease };
};
