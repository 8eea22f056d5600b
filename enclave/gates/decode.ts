/** Gate: every byte of every transaction is decoded, strictly. */

import { hash } from 'node:crypto';
import type { Message } from '../../policy/message.ts';
import { decodeTransaction } from '../../policy/transaction.ts';
import type { Result, Violation } from '../../policy/types.ts';

export interface DecodedTransaction {
  readonly message: Message;
  readonly messageBytes: Uint8Array;
  /** SHA-256 of the message's bytes. */
  readonly hash: Uint8Array;
}

/** All transactions, or the first refusal, its path naming the transaction. */
export function decodeTransactions(wires: readonly Uint8Array[]): Result<DecodedTransaction[], Violation> {
  const decoded: DecodedTransaction[] = [];
  for (const [index, wire] of wires.entries()) {
    const transaction = decodeTransaction(wire);
    if (!transaction.ok) {
      const { path } = transaction.refusal;
      const place = `transactions[${index}]`;
      const refusal = { ...transaction.refusal, path: path === undefined ? place : `${place}.${path}` };
      return { ok: false, refusal };
    }
    const { message, messageBytes } = transaction.value;
    decoded.push({ message, messageBytes, hash: hashMessage(messageBytes) });
  }
  return { ok: true, value: decoded };
}

export function hashMessage(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}
