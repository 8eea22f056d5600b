/** Gate: what was signed before is not signed for again. */

import type { Memory, SignedMessage } from '../wallet/memory.ts';
import { recallId, recallMessage } from '../wallet/memory.ts';
import type { DecodedTransaction } from './decode.ts';

export type Recollection =
  /** These bytes were signed before. */
  | { readonly kind: 'repeated'; readonly signed: readonly SignedMessage[] }
  /** The id was used for other bytes. */
  | { readonly kind: 'id-reused'; readonly signed: readonly SignedMessage[] }
  /** Indices of the transactions not signed before, each message once. */
  | { readonly kind: 'fresh'; readonly indices: readonly number[] };

/** Compares a call with what the wallet remembers. */
export function recallCall(
  memory: Memory,
  id: string | undefined,
  transactions: readonly DecodedTransaction[],
): Recollection {
  const first = id === undefined ? null : recallId(memory, id);
  if (first !== null && !isSameCall(first, transactions)) return { kind: 'id-reused', signed: first };
  const signed: SignedMessage[] = [];
  const fresh = new Map<string, number>();
  for (const [index, { hash }] of transactions.entries()) {
    const signature = recallMessage(memory, hash);
    const name = Buffer.from(hash).toString('hex');
    if (signature !== null) signed.push({ hash, signature });
    else if (!fresh.has(name)) fresh.set(name, index);
  }
  return fresh.size === 0 ? { kind: 'repeated', signed } : { kind: 'fresh', indices: [...fresh.values()] };
}

function isSameCall(first: readonly SignedMessage[], transactions: readonly DecodedTransaction[]): boolean {
  const same = (hash: Uint8Array, index: number) => Buffer.from(hash).equals(first[index]?.hash ?? new Uint8Array());
  return first.length === transactions.length && transactions.every(({ hash }, index) => same(hash, index));
}
