/**
 * One wallet's chain on disk: receipts are taken in the order of the chain, synced, then the head over them is synced, and only then is what waited for
 * them let go. All that arrives while the disk works goes with the next sync (group commit).
 */

import { join } from 'node:path';
import { readMembers } from '../../enclave/link/cbor.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { WireAppend } from '../../enclave/link/messages.ts';
import { CHAIN_START, hashReceipt } from '../../enclave/link/receipts.ts';
import { makeDirectory, readIfPresent, removeDrafts, writeFileDurably } from './durable.ts';
import type { Files } from './files.ts';
import { DISK } from './files.ts';
import type { HeadFile, StoredHead } from './heads.ts';
import { createHeadFile, openHeadFile, readHead, writeHead } from './heads.ts';
import type { ChainEnd, Run, Segments } from './segments.ts';
import { appendReceipts, closeSegments, listRuns, openSegments, readRun } from './segments.ts';

/** How long a result waits for the disk before it is given up, milliseconds. */
const STORE_TIMEOUT_MS = 10_000;
/** Receipts given out in one page. */
const RECEIPTS_PER_PAGE = 500;

export interface WalletStore {
  readonly name: string;
  readonly directory: string;
  /** Where all of it is kept; what belongs to the wallet's folder is written through this. */
  readonly files: Files;
  /** Durable and covered by a durable head: what `stored` acknowledges. */
  storedSeq(): number;
  /** Taken from the enclave, on the disk or on its way. */
  heldSeq(): number;
  /** Whether anything is on its way to the disk now. */
  isWriting(): boolean;
  /** Takes receipts; false when some before them are missing and must be fetched. Throws `chain-invalid` for a chain that does not continue ours. */
  accept(append: WireAppend): boolean;
  /** Resolves when `seq` is stored; `store-failed` when the disk refuses or takes too long. */
  waitStored(seq: number): Promise<void>;
  newestHead(): StoredHead | null;
  /** Receipts after `seq`, oldest first, at most `limit`. */
  readReceipts(after: number, limit?: number): Promise<Uint8Array[]>;
  /** The files that hold receipts, oldest first, and one file's receipts; only what is stored. `store-damaged` when one of them is gone. */
  listRuns(): Promise<Run[]>;
  readRun(run: Run): Promise<Uint8Array[]>;
  readSeal(): Promise<Uint8Array | null>;
  writeSeal(seal: Uint8Array): Promise<void>;
  /** Cuts what no stored head covers: it was never released, and a new boot of the enclave goes on from the head. */
  rewind(): Promise<void>;
  /** Ends when nothing is waiting for the disk. */
  close(): Promise<void>;
}

interface Waiter {
  readonly seq: number;
  readonly timer: NodeJS.Timeout;
  settle(error: ReeveError | null): void;
}

interface State {
  readonly files: Files;
  /** The folder of the segments. */
  readonly receipts: string;
  readonly heads: HeadFile;
  /** Null after a cut that failed: then the files are opened again, up to `newest`, before anything is written. */
  segments: Segments | null;
  /** Receipts on the disk, whether or not a head covers them. */
  synced: ChainEnd;
  held: ChainEnd;
  newest: StoredHead | null;
  pending: Uint8Array[];
  nextHead: StoredHead | null;
  waiters: Waiter[];
  working: Promise<void> | null;
}

const FOLDERS = ['receipts', 'policies', 'transfers', 'transfers/open', 'transfers/done'] as const;

/** Not the other folders of transfers, which may hold very many: a draft left there is never read. */
const SWEPT_FOLDERS = ['', 'receipts', 'policies', 'transfers/open'] as const;

/** Makes an empty wallet folder. What exists already stays. */
export async function createWalletDirectory(directory: string, files: Files = DISK): Promise<void> {
  for (const folder of FOLDERS) await makeDirectory(files, join(directory, folder));
  if ((await readIfPresent(files, join(directory, 'head.slots'))) === null)
    await createHeadFile(files, join(directory, 'head.slots'));
}

/** Opens a wallet's folder and cuts what was written and never released. `store-damaged` when something stored is missing or changed. */
export async function openWalletStore(name: string, directory: string, files: Files = DISK): Promise<WalletStore> {
  for (const folder of FOLDERS.slice(1)) await makeDirectory(files, join(directory, folder));
  for (const folder of SWEPT_FOLDERS) await removeDrafts(files, join(directory, folder));
  const heads = await openHeadFile(files, join(directory, 'head.slots')).catch((cause) => {
    throw new ReeveError('store-damaged', { wallet: name, what: 'head.slots' }, cause);
  });
  const end = heads.newest?.head ?? CHAIN_START;
  const receipts = join(directory, 'receipts');
  const segments = await openSegments(files, receipts, end, !heads.damaged).catch(async (cause) => {
    await heads.file.close();
    throw cause;
  });
  const state: State = {
    files,
    receipts,
    heads,
    segments,
    synced: end,
    held: end,
    newest: heads.newest,
    pending: [],
    nextHead: null,
    waiters: [],
    working: null,
  };
  const storedSeq = () => state.newest?.head.seq ?? 0;
  const runs = {
    listRuns: () => listRuns(files, receipts, storedSeq()),
    readRun: (run: Run) => readRun(files, receipts, run),
  };
  return {
    name,
    directory,
    files,
    storedSeq,
    heldSeq: () => state.held.seq,
    isWriting: () => state.working !== null,
    accept: (append) => acceptReceipts(state, append),
    waitStored: (seq) => waitStored(state, seq),
    newestHead: () => state.newest,
    readReceipts: (after, limit = RECEIPTS_PER_PAGE) => readReceipts(runs, after, limit),
    ...runs,
    readSeal: () => readIfPresent(files, join(directory, 'seal.cbor')),
    writeSeal: (seal) => writeFileDurably(files, join(directory, 'seal.cbor'), seal),
    rewind: () => rewind(state),
    close: () => closeState(state),
  };
}

function acceptReceipts(state: State, append: WireAppend): boolean {
  const head = readHead(append.signedHead);
  if (!append.receipts.every((receipt) => takeReceipt(state, receipt))) return false;
  const known = state.nextHead ?? state.newest;
  if (known === null || head.seq > known.head.seq) state.nextHead = { head, signedHead: append.signedHead };
  state.working ??= work(state);
  return head.seq <= state.held.seq;
}

/** False when receipts before this one are missing. One that is held already is passed over. */
function takeReceipt(state: State, bytes: Uint8Array): boolean {
  const { seq, prev } = readLink(bytes);
  const hash = hashReceipt(bytes);
  if (seq > state.held.seq + 1) return false;
  if (seq < state.held.seq) return true;
  const expected = seq === state.held.seq ? hash : prev;
  if (!Buffer.from(state.held.hash).equals(expected)) throw new ReeveError('chain-invalid', { what: 'fork', seq });
  if (seq === state.held.seq) return true;
  state.held = { seq, hash };
  state.pending.push(bytes);
  return true;
}

function readLink(receipt: Uint8Array): { seq: number; prev: Uint8Array } {
  const { seq, prev } = readMembers(receipt, ['seq', 'prev']);
  if (typeof seq !== 'number' || !(prev instanceof Uint8Array))
    throw new ReeveError('chain-invalid', { what: 'a receipt does not match its schema' });
  return { seq, prev };
}

/** Syncs what is pending until nothing is. After a failure all that is not synced is forgotten: the enclave still holds it and gives it again. */
async function work(state: State): Promise<void> {
  await Promise.resolve();
  try {
    while (state.pending.length > 0 || isHeadDue(state)) await commit(state);
  } catch (cause) {
    state.pending = [];
    state.nextHead = null;
    state.held = state.synced;
    const error = new ReeveError('store-failed', { reason: (cause as NodeJS.ErrnoException).code ?? 'unknown' }, cause);
    for (const waiter of state.waiters.splice(0)) waiter.settle(error);
  } finally {
    state.working = null;
  }
}

function isHeadDue({ nextHead, synced, held }: State): boolean {
  return nextHead !== null && nextHead.head.seq <= Math.max(synced.seq, held.seq);
}

async function commit(state: State): Promise<void> {
  const receipts = state.pending;
  const end = state.held;
  const next = isHeadDue(state) ? state.nextHead : null;
  state.pending = [];
  if (receipts.length > 0) await appendReceipts(await findSegments(state), state.synced.seq + 1, receipts);
  state.synced = end;
  if (next === null) return;
  if (state.nextHead === next) state.nextHead = null;
  if (next.head.seq === end.seq && !Buffer.from(next.head.hash).equals(end.hash))
    throw new ReeveError('chain-invalid', { what: 'head', seq: end.seq });
  await writeHead(state.heads, next.signedHead);
  state.newest = next;
  const stored = next.head.seq;
  for (const waiter of state.waiters.filter(({ seq }) => seq <= stored)) waiter.settle(null);
  state.waiters = state.waiters.filter(({ seq }) => seq > stored);
}

function waitStored(state: State, seq: number): Promise<void> {
  if ((state.newest?.head.seq ?? 0) >= seq) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      state.waiters = state.waiters.filter((waiter) => waiter.timer !== timer);
      reject(new ReeveError('store-failed', { reason: 'timeout', seq }));
    }, STORE_TIMEOUT_MS);
    const settle = (error: ReeveError | null) => {
      clearTimeout(timer);
      if (error === null) resolve();
      else reject(error);
    };
    state.waiters.push({ seq, timer, settle });
  });
}

type Runs = Pick<WalletStore, 'listRuns' | 'readRun'>;

async function readReceipts(runs: Runs, after: number, limit: number): Promise<Uint8Array[]> {
  const all = await runs.listRuns();
  const oldest = all[0]?.first ?? 1;
  if (after + 1 < oldest) throw new ReeveError('receipts-pruned', { oldest, asked: after + 1 });
  const found: Uint8Array[] = [];
  for (const run of all.filter(({ first, count }) => first + count > after + 1)) {
    found.push(...(await runs.readRun(run)).slice(Math.max(0, after + 1 - run.first)));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}

async function rewind(state: State): Promise<void> {
  await state.working;
  const end = state.newest?.head ?? CHAIN_START;
  if (state.held.seq === end.seq && state.nextHead === null && state.segments !== null) return;
  const before = state.segments;
  Object.assign(state, { segments: null, synced: end, held: end, pending: [], nextHead: null });
  await before?.current?.file.close();
  await findSegments(state);
}

async function findSegments(state: State): Promise<Segments> {
  const end = state.newest?.head ?? CHAIN_START;
  state.segments ??= await openSegments(state.files, state.receipts, end, true);
  return state.segments;
}

async function closeState(state: State): Promise<void> {
  await state.working;
  await state.heads.file.close();
  if (state.segments !== null) await closeSegments(state.segments);
}
