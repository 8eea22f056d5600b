/** The few JSON-RPC methods of a Solana node that transfers need. Its answers decide nothing about what is signed: at worst a transfer does not land. */

import { ReeveError } from '../enclave/link/errors.ts';
import { askHttp } from './http/request.ts';

const RPC_TIMEOUT_MS = 5000;

export interface Blockhash {
  readonly blockhash: string;
  readonly lastValidBlockHeight: number;
}

/** What the node knows of a signature: null for nothing. */
export type SignatureState = { readonly kind: 'processed' | 'landed' | 'failed'; readonly slot: number } | null;

export interface Rpc {
  latestBlockhash(): Promise<Blockhash>;
  /** Height of the newest finalized block: what has not landed below it never will. */
  finalizedHeight(): Promise<number>;
  accountExists(address: string): Promise<boolean>;
  /** The data of an account, null where there is none. */
  accountData(address: string): Promise<Uint8Array | null>;
  signatureState(signature: string): Promise<SignatureState>;
  /** Sends the bytes. Rejects with the node's message; they may land all the same. */
  send(transaction: string): Promise<void>;
}

/** A client of the node at `url`. Every failure is `rpc-failed` with the node's own message, shortened. */
export function createRpc(url: string): Rpc {
  let id = 0;
  async function call(method: string, params: readonly unknown[]): Promise<unknown> {
    id += 1;
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    const headers = { 'content-type': 'application/json' };
    let answer: { result?: unknown; error?: { message?: unknown } };
    try {
      answer = JSON.parse(await askHttp({ url, method: 'POST', headers, body, timeoutMs: RPC_TIMEOUT_MS }));
    } catch (cause) {
      throw new ReeveError('rpc-failed', { method, reason: (cause as Error).message.slice(0, 120) }, cause);
    }
    if (answer.error !== undefined || answer.result === undefined)
      throw new ReeveError('rpc-failed', {
        method,
        reason: String(answer.error?.message ?? 'no result').slice(0, 200),
      });
    return answer.result;
  }
  const confirmed = { commitment: 'confirmed' };
  return {
    latestBlockhash: async () => readBlockhash(await call('getLatestBlockhash', [confirmed])),
    finalizedHeight: async () =>
      readNumber('getBlockHeight', await call('getBlockHeight', [{ commitment: 'finalized' }])),
    accountExists: async (address) => {
      const result = await call('getAccountInfo', [address, { ...confirmed, encoding: 'base64' }]);
      return (result as { value?: unknown }).value != null;
    },
    accountData: async (address) =>
      readData(await call('getAccountInfo', [address, { ...confirmed, encoding: 'base64' }])),
    signatureState: async (signature) =>
      readState(await call('getSignatureStatuses', [[signature], { searchTransactionHistory: true }])),
    send: async (transaction) => {
      await call('sendTransaction', [transaction, { encoding: 'base64', preflightCommitment: 'confirmed' }]);
    },
  };
}

function malformed(method: string): ReeveError {
  return new ReeveError('rpc-failed', { method, reason: 'unexpected answer' });
}

function readNumber(method: string, value: unknown): number {
  if (!Number.isSafeInteger(value)) throw malformed(method);
  return value as number;
}

function readData(result: unknown): Uint8Array | null {
  const { value } = result as { value?: { data?: unknown } | null };
  if (value === null || value === undefined) return null;
  const [text] = Array.isArray(value.data) ? value.data : [];
  if (typeof text !== 'string') throw malformed('getAccountInfo');
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function readBlockhash(result: unknown): Blockhash {
  const { blockhash, lastValidBlockHeight } = (result as { value?: Partial<Blockhash> }).value ?? {};
  if (typeof blockhash !== 'string') throw malformed('getLatestBlockhash');
  return { blockhash, lastValidBlockHeight: readNumber('getLatestBlockhash', lastValidBlockHeight) };
}

function readState(result: unknown): SignatureState {
  const list = (result as { value?: unknown }).value;
  if (!Array.isArray(list)) throw malformed('getSignatureStatuses');
  const status: { err?: unknown; slot?: unknown; confirmationStatus?: unknown } | null = list[0] ?? null;
  if (status === null) return null;
  const slot = readNumber('getSignatureStatuses', status.slot);
  if (status.confirmationStatus !== 'confirmed' && status.confirmationStatus !== 'finalized')
    return { kind: 'processed', slot };
  return { kind: status.err == null ? 'landed' : 'failed', slot };
}
