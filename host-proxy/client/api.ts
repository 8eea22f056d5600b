/** The agent socket's routes as functions: HTTP over a Unix socket, JSON, errors as exceptions. */

import { request } from 'node:http';
import { ReeveApprovalNeeded, ReeveRefused, ReeveUnavailable } from './errors.ts';

/** Without a byte from the socket, milliseconds; longer than the longest wait a call may ask for. */
const IDLE_MS = 120_000;

/** Why a rule was broken; amounts are decimal strings in base units, `retryAfter` seconds. */
export interface Violation {
  readonly code: string;
  readonly detail: string;
  readonly asset?: string;
  readonly limit?: string;
  readonly observed?: string;
  readonly remaining?: string;
  readonly retryAfter?: number;
  readonly path?: string;
}

/** Decimal strings in base units. `now` is what can be spent at this moment. */
export interface AssetBudget {
  readonly asset: string;
  readonly now: string;
  readonly perTransaction?: string;
  readonly approvalAbove?: string;
  readonly windows: readonly { seconds: number; max: string; spent: string; unseen: string; remaining: string }[];
}

export interface Budget {
  readonly assets: readonly AssetBudget[];
  /** Unix milliseconds; null without a lease. */
  readonly leaseEndsAt: number | null;
  /** The enclave is away and this is what it last said. */
  readonly stale: boolean;
}

export interface SignedAnswer {
  readonly signatures: readonly string[];
  readonly transactions: readonly string[];
  readonly messageHashes: readonly string[];
}

export interface TransferOptions {
  /** 1 to 64 of `A-Z a-z 0-9 _ . -`. The same id never pays twice. */
  readonly id: string;
  readonly to: string;
  /** `SOL`, an asset's name in the policy, or a mint address. */
  readonly asset: string;
  /** Lamports or base units. */
  readonly amount: bigint | string;
  readonly memo?: string;
  /** A vault of the policy that pays, instead of the wallet’s own key. */
  readonly from?: string;
  /** Seconds to wait for the end, at most 90. */
  readonly wait?: number;
}

export interface TransferAnswer {
  readonly id: string;
  readonly status: 'sent' | 'landed' | 'failed' | 'expired';
  /** What landed only proposes the payment: the members of the vault’s multisig decide. */
  readonly proposal?: { readonly multisig: string; readonly index: string };
  readonly signature: string;
  readonly transaction: string;
  readonly messageHash: string;
  readonly repeated: boolean;
}

export interface Evaluation {
  decision: string;
  violations: Violation[];
  effects: unknown[];
  charges: Record<string, string>;
}

export interface Endpoint {
  wallet(): Promise<{ address: string }>;
  sign(transactions: readonly Uint8Array[]): Promise<SignedAnswer>;
  evaluate(transactions: readonly Uint8Array[]): Promise<Evaluation>;
  budget(): Promise<Budget>;
  /** The approval's state; `wait` (seconds, at most 60) holds the answer until the owner has decided. */
  approval(id: string, options?: { wait?: number }): Promise<{ id: string; state: string; signature?: string }>;
  transfer(options: TransferOptions): Promise<TransferAnswer>;
}

export function connectEndpoint(socketPath: string): Endpoint {
  const call = async (method: string, path: string, body?: object) =>
    readAnswer(await ask(socketPath, method, path, body));
  const encode = (transactions: readonly Uint8Array[]) =>
    transactions.map((wire) => Buffer.from(wire).toString('base64'));
  return {
    wallet: () => call('GET', '/v1/wallet') as ReturnType<Endpoint['wallet']>,
    sign: (wires) => call('POST', '/v1/sign', { transactions: encode(wires) }) as Promise<SignedAnswer>,
    evaluate: (wires) => call('POST', '/v1/evaluate', { transactions: encode(wires) }) as Promise<Evaluation>,
    budget: () => call('GET', '/v1/budget') as Promise<Budget>,
    approval: (id, { wait } = {}) => {
      const query = wait === undefined ? '' : `?wait=${Math.trunc(wait)}`;
      return call('GET', `/v1/approvals/${encodeURIComponent(id)}${query}`) as ReturnType<Endpoint['approval']>;
    },
    transfer: (options) =>
      call('POST', '/v1/transfer', { ...options, amount: String(options.amount) }) as Promise<TransferAnswer>,
  };
}

interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

function ask(socketPath: string, method: string, path: string, body?: object): Promise<RawAnswer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(new ReeveUnavailable('connection-lost', `${socketPath}: ${cause.message}`));
    const sent = request({ socketPath, method, path, headers, timeout: IDLE_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', fail);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', fail);
    sent.end(text);
  });
}

/** 200 gives the body, 202 throws ReeveApprovalNeeded, a refusal ReeveRefused, the rest ReeveUnavailable with the socket's code. */
function readAnswer({ status, text }: RawAnswer): unknown {
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new ReeveUnavailable('answer-malformed', `status ${status} without JSON`);
  }
  if (status === 200) return body;
  if (status === 202) {
    const { id, expiresAt } = body['approval'] as { id: string; expiresAt: number };
    throw new ReeveApprovalNeeded(id, expiresAt);
  }
  const [code, detail] = [String(body['code']), String(body['detail'])];
  if (status >= 500 || status === 408 || status === 429) throw new ReeveUnavailable(code, detail);
  throw new ReeveRefused(code, detail, (body['violations'] ?? []) as Violation[]);
}
