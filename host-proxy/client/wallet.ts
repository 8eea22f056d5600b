/** A wallet in the shape of web3.js 1.x, by duck typing: legacy `Transaction` and `VersionedTransaction`, no import of either. */

import { createHash } from 'node:crypto';
import { decodeBase58 } from '../transactions/base58.ts';
import type { Endpoint, SignedAnswer } from './api.ts';
import { ReeveUnavailable } from './errors.ts';

/** What of a public key web3.js style code uses. */
export interface DuckKey {
  toBase58(): string;
  toBytes(): Uint8Array;
  toString(): string;
  equals(other: { toBase58(): string }): boolean;
}

export interface WalletOptions {
  /** The `PublicKey` class of the caller's web3.js; then `publicKey` is a real one, as some libraries insist. */
  readonly PublicKey?: new (
    address: string,
  ) => DuckKey;
}

interface VersionedLike {
  readonly message: { readonly staticAccountKeys: readonly { toBase58(): string }[]; serialize(): Uint8Array };
  signatures: Uint8Array[];
  serialize(): Uint8Array;
}

interface LegacyLike {
  signatures: { publicKey: { toBase58(): string }; signature: Uint8Array | null }[];
  serialize(options: { requireAllSignatures: boolean; verifySignatures: boolean }): Uint8Array;
  serializeMessage(): Uint8Array;
}

export type TransactionLike = VersionedLike | LegacyLike;

export interface ReeveWallet {
  readonly publicKey: DuckKey;
  /** Puts the wallet's signature into the transaction and returns it. */
  signTransaction<Tx extends TransactionLike>(transaction: Tx): Promise<Tx>;
  /** Judged together: all are signed or none. */
  signAllTransactions<Tx extends TransactionLike>(transactions: Tx[]): Promise<Tx[]>;
}

export function makeWallet(endpoint: Endpoint, address: string, { PublicKey }: WalletOptions): ReeveWallet {
  async function signAll<Tx extends TransactionLike>(transactions: Tx[]): Promise<Tx[]> {
    if (transactions.length === 0) return [];
    const answer = await endpoint.sign(transactions.map(encode));
    for (const [index, transaction] of transactions.entries())
      place(transaction, address, readSignature(answer, index, transaction));
    return transactions;
  }
  const signOne = async <Tx extends TransactionLike>(transaction: Tx): Promise<Tx> => {
    await signAll([transaction]);
    return transaction;
  };
  const publicKey = PublicKey === undefined ? makeKey(address) : new PublicKey(address);
  return { publicKey, signTransaction: signOne, signAllTransactions: signAll };
}

function makeKey(address: string): DuckKey {
  return {
    toBase58: () => address,
    toString: () => address,
    toBytes: () => decodeBase58(address, 32) ?? new Uint8Array(),
    equals: (other) => other.toBase58() === address,
  };
}

const isVersioned = (transaction: TransactionLike): transaction is VersionedLike => 'message' in transaction;

function encode(transaction: TransactionLike): Uint8Array {
  if (isVersioned(transaction)) return transaction.serialize();
  return transaction.serialize({ requireAllSignatures: false, verifySignatures: false });
}

function readSignature(answer: SignedAnswer, index: number, transaction: TransactionLike): Uint8Array {
  const message = isVersioned(transaction) ? transaction.message.serialize() : transaction.serializeMessage();
  const hash = createHash('sha256').update(message).digest('hex');
  const signature = decodeBase58(answer.signatures[index] ?? '', 64);
  if (signature === null || answer.messageHashes[index] !== hash)
    throw new ReeveUnavailable('reply-mismatch', 'The answer does not belong to this transaction.');
  return signature;
}

function place(transaction: TransactionLike, address: string, signature: Uint8Array): void {
  if (isVersioned(transaction)) {
    const index = transaction.message.staticAccountKeys.findIndex((key) => key.toBase58() === address);
    transaction.signatures[index] = signature;
    return;
  }
  const slot = transaction.signatures.find(({ publicKey }) => publicKey.toBase58() === address);
  if (slot !== undefined) slot.signature = Buffer.from(signature);
}
