/** What a restart needs of a chain: the receipts the enclave rebuilds its state from, and the policy that was current at the end. */

import { decodeCbor } from '../../enclave/link/cbor.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { SetPolicy } from './policies.ts';
import { readPolicies } from './policies.ts';
import type { WalletStore } from './wallet.ts';

/** What the enclave remembers of ids and signed messages: so far back receipts are handed over, checkpoint or not. Milliseconds; receipts. */
const MEMORY_MS = 24n * 3600n * 1000n;
const MEMORY_RECEIPTS = 4096;
/** Bytes handed over at most, as far as the checkpoint leaves a choice: the enclave stages 32 MiB. */
const MEMORY_BYTES = 16 * 1024 * 1024;

interface ReceiptView {
  readonly kind?: string;
  readonly time?: bigint;
  readonly body?: Readonly<Record<string, unknown>>;
}

interface Search {
  /** From the newest to the oldest. */
  readonly receipts: Uint8Array[];
  bytes: number;
  newestTime: bigint | null;
  /** How many receipts reach back to the last whole checkpoint; 0 while it is not found. */
  checkpoint: number;
  /** Parts of a checkpoint seen in a row, from its last one on. */
  run: number;
  policyHash: string | null;
  /** Of the newest command that sealed. */
  seal: Uint8Array | null;
}

export interface Tail {
  readonly receipts: Uint8Array[];
  readonly policyHash: string | null;
  /** The seal a receipt of the tail brought, newer than any file; null where none did. */
  readonly seal: Uint8Array | null;
}

/** The stored receipts from the last whole checkpoint on, or all; longer where the memory of signed messages reaches further back. */
export async function readTail(wallet: WalletStore): Promise<Tail> {
  const found = { policyHash: null, seal: null };
  const search: Search = { receipts: [], bytes: 0, newestTime: null, checkpoint: 0, run: 0, ...found };
  for await (const receipt of walkBack(wallet)) {
    if (isEnough(search, receipt)) break;
    take(search, receipt);
  }
  return { receipts: search.receipts.reverse(), policyHash: search.policyHash, seal: search.seal };
}

/** The newest seal of the whole chain; null where no receipt brought one. Reads every receipt where there is none. */
export async function findSeal(wallet: WalletStore): Promise<Uint8Array | null> {
  for await (const receipt of walkBack(wallet)) {
    const seal = view(receipt).body?.['seal'];
    if (seal instanceof Uint8Array) return seal;
  }
  return null;
}

async function* walkBack(wallet: WalletStore): AsyncGenerator<Uint8Array> {
  for (const run of (await wallet.listRuns()).reverse()) yield* (await wallet.readRun(run)).reverse();
}

const view = (receipt: Uint8Array): ReceiptView => decodeCbor(receipt) as unknown as ReceiptView;

/** Whether `next`, the receipt before all that were taken, is not needed. */
function isEnough({ receipts, bytes, checkpoint, policyHash, newestTime }: Search, next: Uint8Array): boolean {
  if (checkpoint === 0 || policyHash === null) return false;
  if (receipts.length >= MEMORY_RECEIPTS || bytes + next.length > MEMORY_BYTES) return true;
  return (newestTime ?? 0n) - (view(next).time ?? 0n) > MEMORY_MS;
}

function take(search: Search, bytes: Uint8Array): void {
  const receipt = view(bytes);
  search.receipts.push(bytes);
  search.bytes += bytes.length;
  search.newestTime ??= receipt.time ?? null;
  search.run = countParts(search.run, receipt);
  const isWhole = search.run > 0 && search.run === receipt.body?.['parts'];
  if (isWhole && search.checkpoint === 0) search.checkpoint = search.receipts.length;
  search.policyHash ??= readPolicyHash(receipt);
  const seal = receipt.body?.['seal'];
  if (seal instanceof Uint8Array) search.seal ??= seal;
}

/** Parts are numbered from 1 and seen from the last to the first; any other receipt between them, or a part out of place, begins anew. */
function countParts(run: number, { kind, body }: ReceiptView): number {
  if (kind !== 'checkpoint') return 0;
  const [part, parts] = [Number(body?.['part']), Number(body?.['parts'])];
  if (part === parts) return 1;
  return run > 0 && part === parts - run ? run + 1 : 0;
}

/** The policy that was current when the receipt was written, hex, where it says so. */
function readPolicyHash({ kind, body }: ReceiptView): string | null {
  const names = kind === 'decision' || (kind === 'command' && body?.['policyVersion'] !== undefined);
  const hash = body?.['policyHash'];
  return names && hash instanceof Uint8Array ? Buffer.from(hash).toString('hex') : null;
}

/**
 * The policy that is current by what is stored. Where one and the same document was set more than once, the last command in the chain says which
 * version counts. `store-damaged` when the policy is not there.
 */
export async function readCurrentPolicy(wallet: WalletStore, policyHash: string | null): Promise<SetPolicy> {
  const kept = await readPolicies(wallet, policyHash ?? undefined);
  const version = policyHash !== null && kept.length > 1 ? await findVersion(wallet) : null;
  const policy = version === null ? kept[0] : kept.find((entry) => entry.version === version);
  if (policy === undefined) throw new ReeveError('store-damaged', { wallet: wallet.name, what: 'policy' });
  return policy;
}

async function findVersion(wallet: WalletStore): Promise<number | null> {
  for await (const receipt of walkBack(wallet)) {
    const version = view(receipt).body?.['policyVersion'];
    if (typeof version === 'number') return version;
  }
  return null;
}

/** Seq of the oldest receipt a restore reads: the tail's first, or the command that says which of several versions counts. */
export async function findOldestNeeded(wallet: WalletStore): Promise<number> {
  const { receipts, policyHash } = await readTail(wallet);
  const first = wallet.storedSeq() - receipts.length + 1;
  if (policyHash === null || (await readPolicies(wallet, policyHash)).length < 2) return first;
  let seq = wallet.storedSeq();
  for await (const receipt of walkBack(wallet)) {
    if (typeof view(receipt).body?.['policyVersion'] === 'number') break;
    seq -= 1;
  }
  return Math.min(first, Math.max(seq, 1));
}

/** When a receipt was written, milliseconds of Unix time. */
export function readTime(receipt: Uint8Array): bigint {
  return view(receipt).time ?? 0n;
}
