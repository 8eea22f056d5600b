/** Ends a wallet's boot in order: the last receipt says what it spent, and nothing is charged after it. Only an owner's ticket may follow. */

import { listAmounts } from './amounts.ts';
import { voidApprovals } from './approvals.ts';
import type { ReceiptRef } from './chain.ts';
import { record } from './record.ts';
import { flushRefusals } from './refusals.ts';
import type { Wallet } from './state.ts';

/** Everything reserved is signed already: judging, reserving and signing are one step. */
export function closeWallet(wallet: Wallet, time: number, end: 'closed' | 'retired' = 'closed'): ReceiptRef {
  flushRefusals(wallet, time);
  voidApprovals(wallet.approvals);
  wallet.phase = end;
  return record(wallet, 'close', { spentInBoot: listAmounts(wallet.lease?.spentInBoot ?? {}) }, time);
}
