/** Receipts of a wallet, with a checkpoint after every thousand. The state a receipt speaks of is changed before it is written. */

import { CHECKPOINT_EVERY } from '../link/limits.ts';
import type { ReceiptBody, ReceiptKind } from '../link/schema/receipt.ts';
import type { ReceiptRef } from './chain.ts';
import { appendReceipt } from './chain.ts';
import { encodeCheckpoint } from './checkpoint.ts';
import type { Wallet } from './state.ts';

/** Writes one receipt at `time` (Unix milliseconds) and returns its place. A `close` stays the last of its boot. */
export function record<Kind extends ReceiptKind>(
  wallet: Wallet,
  kind: Kind,
  body: ReceiptBody<Kind>,
  time: number,
): ReceiptRef {
  const place = appendReceipt(wallet.chain, kind, body, time);
  if (kind !== 'close' && wallet.chain.sinceCheckpoint >= CHECKPOINT_EVERY) recordCheckpoint(wallet, time);
  return place;
}

function recordCheckpoint(wallet: Wallet, time: number): void {
  const parts = encodeCheckpoint(wallet);
  for (const [index, state] of parts.entries()) {
    appendReceipt(wallet.chain, 'checkpoint', { part: index + 1, parts: parts.length, state }, time);
  }
  wallet.chain.sinceCheckpoint = 0;
}
