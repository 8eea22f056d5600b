/**
 * The agent's library (`reeve/client`). It speaks HTTP to the wallet's Unix socket and holds no key. Uses Node's built-ins only and runs on Node 20.
 * It checks what comes back: a signature must be over the very bytes that were sent.
 */

import { createHash } from 'node:crypto';
import type { Address, SignatureBytes, SignatureDictionary, Transaction, TransactionPartialSigner } from '@solana/kit';
import type { Endpoint, Evaluation, SignedAnswer, TransferAnswer, TransferOptions } from './client/api.ts';
import { connectEndpoint } from './client/api.ts';
import { ReeveUnavailable } from './client/errors.ts';
import type { ReeveWallet, WalletOptions } from './client/wallet.ts';
import { makeWallet } from './client/wallet.ts';
import { decodeBase58 } from './transactions/base58.ts';
import { encodeCompact } from './transactions/compact.ts';

export type {
  AssetBudget,
  Budget,
  Evaluation,
  SignedAnswer,
  TransferAnswer,
  TransferOptions,
  Violation,
} from './client/api.ts';
export { ReeveApprovalNeeded, ReeveRefused, ReeveUnavailable } from './client/errors.ts';
export type { ReeveWallet, WalletOptions } from './client/wallet.ts';

/** How to reach a wallet. */
export interface ReeveOptions {
  /** The wallet's `agent.sock`. */
  readonly socketPath: string;
}

/** What both kinds of signer can do besides signing. */
export interface ReeveCalls {
  /** What the policy would say to these transactions. Charges nothing. */
  evaluate(transactions: readonly Transaction[]): Promise<Evaluation>;
  budget: Endpoint['budget'];
  approval: Endpoint['approval'];
  /** Pays once per `id`, whatever is retried. Throws as signing does. */
  transfer(options: TransferOptions): Promise<TransferAnswer>;
}

export type ReeveSigner<A extends string = string> = TransactionPartialSigner<A> & ReeveCalls;

/**
 * A `@solana/kit` signer for the wallet behind the socket. Several transactions in one call are judged together, all or none, at most eight.
 * Throws ReeveRefused, ReeveApprovalNeeded or ReeveUnavailable.
 */
export async function createReeveSigner({ socketPath }: ReeveOptions): Promise<ReeveSigner> {
  const endpoint = connectEndpoint(socketPath);
  const { address: name } = await endpoint.wallet();
  const address = name as Address;
  return {
    address,
    signTransactions: (transactions) => signTransactions(endpoint, address, transactions),
    evaluate: (transactions) => endpoint.evaluate(transactions.map(encodeTransaction)),
    budget: endpoint.budget,
    approval: endpoint.approval,
    transfer: endpoint.transfer,
  };
}

/** The `{publicKey, signTransaction, signAllTransactions}` that web3.js style libraries want. */
export async function createReeveWallet(options: ReeveOptions & WalletOptions): Promise<ReeveWallet> {
  const endpoint = connectEndpoint(options.socketPath);
  const { address } = await endpoint.wallet();
  return makeWallet(endpoint, address, options);
}

async function signTransactions(
  endpoint: Endpoint,
  address: Address,
  transactions: readonly Transaction[],
): Promise<readonly SignatureDictionary[]> {
  if (transactions.length === 0) return [];
  const answer = await endpoint.sign(transactions.map(encodeTransaction));
  return transactions.map(({ messageBytes }, index) => {
    const signature = checkAnswer(answer, index, messageBytes as unknown as Uint8Array);
    return { [address]: signature as SignatureBytes };
  });
}

/** The signature at `index`, if the enclave says it is over these bytes. */
function checkAnswer({ signatures, messageHashes }: SignedAnswer, index: number, message: Uint8Array): Uint8Array {
  const signature = decodeBase58(signatures[index] ?? '', 64);
  const hash = createHash('sha256').update(message).digest('hex');
  if (signature === null || messageHashes[index] !== hash)
    throw new ReeveUnavailable('reply-mismatch', 'The answer does not belong to this transaction.');
  return signature;
}

/** First byte of a v1 message (SIMD-0385), whose signatures stand behind it. */
const VERSION_1_BYTE = 0x81;

/** Wire bytes: the slots in the order kit keeps them, empty ones zero. */
function encodeTransaction({ messageBytes, signatures }: Transaction): Uint8Array {
  const message = messageBytes as unknown as Uint8Array;
  const slots = Object.values(signatures).map((signature) => signature ?? new Uint8Array(64));
  if (message[0] === VERSION_1_BYTE) return Buffer.concat([message, ...slots]);
  return Buffer.concat([Uint8Array.from(encodeCompact(slots.length)), ...slots, message]);
}
