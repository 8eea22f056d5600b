/** Receipts that did not come with a reply: fetched on the owner plane until the store holds what the enclave has. */

import type { Logger } from 'pino';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import type { Store } from '../store/store.ts';

/** A refusal's receipt may travel with a later reply; after this it is fetched, milliseconds. */
const REFUSAL_FETCH_MS = 900;
/** Fetches after a refusal: the enclave folds many refusals of one second into a receipt it writes when the second is over. */
const REFUSAL_FETCHES = 2;

export interface GapFiller {
  /** Starts to fetch what is missing of a wallet; while that is under way, once more afterwards. */
  fill(wallet: string): void;
  /** Fetches within a second and once more, for receipts no reply brings. */
  fillSoon(wallet: string): void;
  /** Resolves when all the enclave has of the wallet now is stored. */
  fillNow(wallet: string): Promise<void>;
  /** Resolves when the wallet's receipts up to `seq` are stored, fetching what is missing. */
  waitStored(wallet: string, seq: number): Promise<void>;
  close(): void;
}

type FetchReceipts = (params: { wallet: string; seq: number }) => Promise<{ more: boolean }>;

/** `fetchReceipts` asks the enclave; what it sends has been given to the store when it resolves. */
export function createGapFiller(store: Store, fetchReceipts: FetchReceipts, log: Logger): GapFiller {
  /** Wallets being fetched, and whether to begin again. */
  const busy = new Map<string, boolean>();
  const timers = new Map<string, NodeJS.Timeout>();

  function fill(wallet: string): void {
    if (store.find(wallet) === undefined) return;
    const isBusy = busy.has(wallet);
    busy.set(wallet, isBusy);
    if (!isBusy) void fillUntilQuiet(wallet);
  }

  async function fillUntilQuiet(wallet: string): Promise<void> {
    try {
      for (let again = true; again; again = busy.get(wallet) === true) {
        busy.set(wallet, false);
        await fetchAll(store, fetchReceipts, wallet);
      }
    } catch (cause) {
      log.debug({ wallet, reason: isReeveError(cause) ? cause.code : 'internal' }, 'receipts not fetched');
    } finally {
      busy.delete(wallet);
    }
  }

  function fillSoon(wallet: string, times = REFUSAL_FETCHES): void {
    if (timers.has(wallet)) return;
    const timer = setTimeout(() => {
      timers.delete(wallet);
      fill(wallet);
      if (times > 1) fillSoon(wallet, times - 1);
    }, REFUSAL_FETCH_MS);
    timers.set(wallet, timer.unref());
  }

  async function fillNow(name: string): Promise<void> {
    await fetchAll(store, fetchReceipts, name);
    const wallet = store.find(name);
    await wallet?.waitStored(wallet.heldSeq());
  }

  async function waitStored(name: string, seq: number): Promise<void> {
    const wallet = store.find(name);
    if (wallet === undefined) throw new ReeveError('store-failed', { wallet: name, reason: 'unknown wallet' });
    // What the disk refused before anybody waited for it is fetched again: nothing else would bring it.
    const isComing = wallet.heldSeq() >= seq && (wallet.storedSeq() >= seq || wallet.isWriting());
    if (!isComing) fill(name);
    await wallet.waitStored(seq);
  }

  const close = () => {
    for (const timer of timers.values()) clearTimeout(timer);
  };
  return { fill, fillSoon, fillNow, waitStored, close };
}

/** The first page begins at what is stored, so that a head lost to a full disk comes again; the next ones at what is held. */
async function fetchAll(store: Store, fetchReceipts: FetchReceipts, wallet: string): Promise<void> {
  let seq = store.find(wallet)?.storedSeq() ?? 0;
  for (;;) {
    const { more } = await fetchReceipts({ wallet, seq });
    const held = store.find(wallet)?.heldSeq() ?? 0;
    if (!more || held <= seq) return;
    seq = held;
  }
}
