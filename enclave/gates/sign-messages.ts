/** Gate: the signatures, each computed twice and compared. */

import { isReeveError } from '../link/errors.ts';
import type { SignedMessage } from '../wallet/memory.ts';
import type { PhasedRequest } from '../wallet/phases.ts';
import { requirePhase } from '../wallet/phases.ts';
import type { Wallet } from '../wallet/state.ts';
import type { DecodedTransaction } from './decode.ts';

/** Signs every message, or none leaves: a fault ends the wallet's signing for this boot. */
export function signMessages(
  wallet: Wallet,
  messages: readonly Pick<DecodedTransaction, 'messageBytes' | 'hash'>[],
  request: PhasedRequest = 'sign',
): SignedMessage[] {
  try {
    return messages.map(({ messageBytes, hash }) => ({ hash, signature: wallet.agent.sign(messageBytes) }));
  } catch (error) {
    if (isReeveError(error, 'signature-fault')) wallet.phase = requirePhase(wallet, request).failure;
    throw error;
  }
}
