/** The first receipt of a wallet in a boot. */

import type { Enclave } from '../enclave.ts';
import type { ReceiptBody } from '../link/schema/receipt.ts';
import type { Wallet } from './state.ts';

/** For a wallet whose chain this boot has not added to yet. */
export function describeBoot({ image, mode }: Enclave, wallet: Wallet): ReceiptBody<'boot'> {
  const { agent, chain, owner } = wallet;
  return { agent: agent.publicKey, receiptKey: chain.key.publicKey, owner, image, mode, recovered: chain.seq };
}
