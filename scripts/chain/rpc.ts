/**
 * A Solana node as the owner's tools use it. Its answers are not trusted to be true: what is signed is decoded from bytes and shown, and what they
 * say can make a command stop or show something missing, but nobody's approval rests on a name or a number of theirs alone.
 */

import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';

/** How long one call may take, milliseconds. A program's whole account is fetched in one. */
const CALL_TIMEOUT_MS = 30_000;
/** Between two looks at a signature, milliseconds. */
const LOOK_MS = 250;
/** Accounts of one question. */
const ACCOUNTS_PER_CALL = 100;
/** Signatures of one page. */
export const SIGNATURES_PER_PAGE = 1_000;

export interface ChainAccount {
  readonly address: string;
  readonly lamports: bigint;
  readonly owner: string;
  readonly data: Uint8Array;
}

export interface Lifetime {
  readonly blockhash: string;
  readonly lastValidBlockHeight: bigint;
}

export interface Landed {
  readonly signature: string;
  readonly slot: number;
  /** Unix seconds, null where the node does not know. */
  readonly time: number | null;
  readonly failed: boolean;
}

export interface ReadTransaction {
  readonly wire: Uint8Array;
  readonly units: bigint;
  /** Lamports. */
  readonly fee: bigint;
  readonly failed: boolean;
}

export interface Chain {
  readonly url: string;
  readAccount(address: string): Promise<ChainAccount | null>;
  readAccounts(addresses: readonly string[]): Promise<(ChainAccount | null)[]>;
  /** Accounts of a program whose data hold these bytes at these places. */
  findAccounts(program: string, filters: readonly { offset: number; bytes: Uint8Array }[]): Promise<ChainAccount[]>;
  latestBlockhash(): Promise<Lifetime>;
  rentFor(bytes: number): Promise<bigint>;
  /** Sends wire bytes and waits until they landed; `transaction-failed` with the node's words when they did not. */
  land(wire: Uint8Array, signature: string, lifetime: Lifetime): Promise<void>;
  /** What landed that names the address, newest first, down to the end the node knows. */
  listSignatures(address: string): Promise<Landed[]>;
  readTransaction(signature: string): Promise<ReadTransaction | null>;
  call(method: string, params: readonly unknown[]): Promise<unknown>;
}

/** A client of the node at `url`. Every failure is `rpc-failed` with the node's words, shortened. */
export function openChain(url: string): Chain {
  let id = 0;
  const call = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    id += 1;
    return callNode(url, id, method, params);
  };
  const chain: Chain = {
    url,
    call,
    async readAccount(address) {
      return readValue(address, unwrap(await call('getAccountInfo', [address, BASE64])));
    },
    readAccounts: (addresses) => readMany(call, addresses),
    async findAccounts(program, filters) {
      const wanted = filters.map(({ offset, bytes }) => ({
        memcmp: { offset, bytes: Buffer.from(bytes).toString('base64'), encoding: 'base64' },
      }));
      const found = await call('getProgramAccounts', [program, { ...BASE64, filters: wanted }]);
      return readList('getProgramAccounts', found).map(readListed);
    },
    async latestBlockhash() {
      const { blockhash, lastValidBlockHeight } = unwrap(await call('getLatestBlockhash', [CONFIRMED])) as Lifetime;
      return { blockhash: String(blockhash), lastValidBlockHeight: BigInt(lastValidBlockHeight) };
    },
    rentFor: async (bytes) => BigInt((await call('getMinimumBalanceForRentExemption', [bytes])) as number),
    land: (wire, signature, lifetime) => landBytes(call, wire, signature, lifetime),
    listSignatures: (address) => listSignatures(call, address),
    readTransaction: (signature) => readTransaction(call, signature),
  };
  return chain;
}

type Call = Chain['call'];
const CONFIRMED = { commitment: 'confirmed' };
const BASE64 = { ...CONFIRMED, encoding: 'base64' };

async function callNode(url: string, id: number, method: string, params: readonly unknown[]): Promise<unknown> {
  let answer: { result?: unknown; error?: { message?: unknown; data?: { logs?: unknown; err?: unknown } } };
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    answer = (await response.json()) as typeof answer;
  } catch (cause) {
    throw new ReeveError('rpc-failed', { method, reason: (cause as Error).message.slice(0, 120) }, cause);
  }
  if (answer.error === undefined && answer.result !== undefined) return answer.result;
  const logs = answer.error?.data?.logs;
  const last = Array.isArray(logs) ? logs.filter((line) => /Error|failed/.test(String(line))).slice(0, 2) : [];
  const reason = [String(answer.error?.message ?? 'no result'), ...last.map(String)].join('; ').slice(0, 400);
  throw new ReeveError('rpc-failed', { method, reason });
}

function malformed(method: string): ReeveError {
  return new ReeveError('rpc-failed', { method, reason: 'unexpected answer' });
}

function unwrap(result: unknown): unknown {
  return (result as { value?: unknown } | null)?.value ?? null;
}

function readList(method: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(method);
  return value;
}

function readValue(address: string, value: unknown): ChainAccount | null {
  if (value === null || value === undefined) return null;
  const { lamports, owner, data } = value as { lamports?: unknown; owner?: unknown; data?: unknown };
  const text = Array.isArray(data) ? data[0] : undefined;
  if (typeof owner !== 'string' || typeof text !== 'string' || typeof lamports !== 'number')
    throw malformed('getAccountInfo');
  return { address, lamports: BigInt(lamports), owner, data: new Uint8Array(Buffer.from(text, 'base64')) };
}

function readListed(item: unknown): ChainAccount {
  const { pubkey, account } = item as { pubkey?: unknown; account?: unknown };
  const found = readValue(String(pubkey), account);
  if (found === null) throw malformed('getProgramAccounts');
  return found;
}

async function readMany(call: Call, addresses: readonly string[]): Promise<(ChainAccount | null)[]> {
  const found: (ChainAccount | null)[] = [];
  for (let at = 0; at < addresses.length; at += ACCOUNTS_PER_CALL) {
    const batch = addresses.slice(at, at + ACCOUNTS_PER_CALL);
    const values = readList('getMultipleAccounts', unwrap(await call('getMultipleAccounts', [batch, BASE64])));
    found.push(...batch.map((address, index) => readValue(address, values[index])));
  }
  return found;
}

/** The same bytes again until they landed or can never land. Preflight tells at once what could not. */
async function landBytes(call: Call, wire: Uint8Array, signature: string, { lastValidBlockHeight }: Lifetime) {
  const send = () =>
    call('sendTransaction', [
      Buffer.from(wire).toString('base64'),
      { encoding: 'base64', preflightCommitment: 'confirmed' },
    ]);
  try {
    await send();
  } catch (error) {
    if (!isReeveError(error, 'rpc-failed')) throw error;
    throw new ReeveError('transaction-failed', { detail: String(error.context['reason'] ?? '') }, error);
  }
  for (;;) {
    const height = BigInt((await call('getBlockHeight', [CONFIRMED])) as number);
    const [status] = readList('getSignatureStatuses', unwrap(await call('getSignatureStatuses', [[signature]])));
    const { err, confirmationStatus } = (status ?? {}) as { err?: unknown; confirmationStatus?: unknown };
    if (err !== undefined && err !== null)
      throw new ReeveError('transaction-failed', { signature, detail: JSON.stringify(err) });
    if (confirmationStatus === 'confirmed' || confirmationStatus === 'finalized') return;
    if (height > lastValidBlockHeight) throw new ReeveError('transaction-failed', { signature, detail: 'expired' });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    await send().catch(() => undefined);
  }
}

async function listSignatures(call: Call, address: string): Promise<Landed[]> {
  const found: Landed[] = [];
  for (;;) {
    const before = found.at(-1)?.signature;
    const options = { ...CONFIRMED, limit: SIGNATURES_PER_PAGE, ...(before === undefined ? {} : { before }) };
    const page = readList('getSignaturesForAddress', await call('getSignaturesForAddress', [address, options]));
    for (const item of page) {
      const { signature, slot, blockTime, err } = item as Record<string, unknown>;
      const time = typeof blockTime === 'number' ? blockTime : null;
      found.push({ signature: String(signature), slot: Number(slot), time, failed: err !== null && err !== undefined });
    }
    if (page.length < SIGNATURES_PER_PAGE) return found;
  }
}

async function readTransaction(call: Call, signature: string) {
  const options = { ...BASE64, maxSupportedTransactionVersion: 1 };
  const value = (await call('getTransaction', [signature, options])) as {
    transaction?: [string, string];
    meta?: { computeUnitsConsumed?: number; fee?: number; err?: unknown };
  } | null;
  if (value?.transaction === undefined) return null;
  const wire = new Uint8Array(Buffer.from(value.transaction[0], 'base64'));
  const { computeUnitsConsumed = 0, fee = 0, err = null } = value.meta ?? {};
  return { wire, units: BigInt(computeUnitsConsumed), fee: BigInt(fee), failed: err !== null };
}
