/** Gate: the wallet exists. What the host says it has stored of it is taken note of first. */

import type { Enclave } from '../enclave.ts';
import { acknowledgeStored } from '../wallet/chain.ts';
import type { Wallet } from '../wallet/state.ts';

/** The wallet of a request of the agent plane, or `wallet-unknown`. */
export function openWallet({ wallets }: Enclave, { wallet, stored }: { wallet: string; stored: number }): Wallet {
  const found = wallets.find(wallet);
  acknowledgeStored(found.chain, stored);
  return found;
}
