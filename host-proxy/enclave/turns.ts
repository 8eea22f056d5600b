/** How many requests of one wallet may be with the enclave at once, so that no wallet takes all places of the connection they share. */

import { ReeveError } from '../../enclave/link/errors.ts';

/** Requests of one wallet in flight; the connection has room for 1,024 of all wallets. */
const REQUESTS_PER_WALLET = 128;

export interface Turns {
  /** Runs `work`, or throws `wallet-busy` where too much of this wallet is under way. */
  run<Value>(wallet: string, work: () => Promise<Value>): Promise<Value>;
}

export function createTurns(limit = REQUESTS_PER_WALLET): Turns {
  const running = new Map<string, number>();
  async function run<Value>(wallet: string, work: () => Promise<Value>): Promise<Value> {
    const count = running.get(wallet) ?? 0;
    if (count >= limit) throw new ReeveError('wallet-busy', { wallet, limit });
    running.set(wallet, count + 1);
    try {
      return await work();
    } finally {
      const left = (running.get(wallet) ?? 1) - 1;
      if (left === 0) running.delete(wallet);
      else running.set(wallet, left);
    }
  }
  return { run };
}
