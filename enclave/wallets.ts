/** The wallets of this enclave. A name is taken from the moment its wallet begins to be made, so that no two can race. */

import { WALLETS_PER_ENCLAVE, WALLETS_PER_OWNER } from './limits.ts';
import { ReeveError } from './link/errors.ts';
import type { ChainPool } from './wallet/chain.ts';
import { createPool } from './wallet/chain.ts';
import type { Wallet } from './wallet/state.ts';

export interface WalletRegistry {
  readonly pool: ChainPool;
  readonly size: number;
  /** The wallet, or `wallet-unknown`. */
  find(name: string): Wallet;
  /** The first `limit` wallets whose names follow `after`, in the order of names. */
  list(after: string, limit: number): Wallet[];
  /** Keeps the name for `owner` while `make` makes the wallet, then registers it. Throws `wallet-exists` or `wallets-full`. */
  add(name: string, owner: Uint8Array, make: () => Promise<Wallet>): Promise<Wallet>;
  /** Counts a wallet of `from` as one of `to`, or throws `wallets-full`. */
  changeOwner(from: Uint8Array, to: Uint8Array): void;
}

/** How many wallets each owner key has. */
function createCounts() {
  const counts = new Map<string, number>();
  const nameOf = (owner: Uint8Array) => Buffer.from(owner).toString('hex');
  const change = (owner: Uint8Array, by: number) => counts.set(nameOf(owner), (counts.get(nameOf(owner)) ?? 0) + by);
  return {
    take(owner: Uint8Array): void {
      if ((counts.get(nameOf(owner)) ?? 0) >= WALLETS_PER_OWNER)
        throw new ReeveError('wallets-full', { limit: WALLETS_PER_OWNER, per: 'owner' });
      change(owner, 1);
    },
    give: (owner: Uint8Array) => void change(owner, -1),
  };
}

/** Pages in the order of names, sorted once for all pages of a list: wallets are added rarely and never removed. */
function createLister(wallets: ReadonlyMap<string, Wallet>): WalletRegistry['list'] {
  let sorted: readonly string[] = [];
  return (after, limit) => {
    if (sorted.length !== wallets.size) sorted = [...wallets.keys()].sort();
    const from = after === '' ? 0 : sorted.findIndex((name) => name > after);
    const names = from < 0 ? [] : sorted.slice(from, from + limit);
    return names.map((name) => wallets.get(name) as Wallet);
  };
}

export function createRegistry(): WalletRegistry {
  const wallets = new Map<string, Wallet>();
  const taken = new Set<string>();
  const counts = createCounts();
  const pool = createPool();

  function find(name: string): Wallet {
    const wallet = wallets.get(name);
    if (wallet === undefined) throw new ReeveError('wallet-unknown', { wallet: name });
    return wallet;
  }

  async function add(name: string, owner: Uint8Array, make: () => Promise<Wallet>): Promise<Wallet> {
    const release = reserve(name, owner);
    try {
      const wallet = await make();
      wallets.set(name, wallet);
      return wallet;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Returns the step that gives name and place back. */
  function reserve(name: string, owner: Uint8Array): () => void {
    if (taken.has(name)) throw new ReeveError('wallet-exists', { wallet: name });
    if (taken.size >= WALLETS_PER_ENCLAVE) {
      throw new ReeveError('wallets-full', { limit: WALLETS_PER_ENCLAVE, per: 'enclave' });
    }
    counts.take(owner);
    taken.add(name);
    return () => {
      taken.delete(name);
      counts.give(owner);
    };
  }

  function changeOwner(from: Uint8Array, to: Uint8Array): void {
    if (Buffer.from(from).equals(to)) return;
    counts.take(to);
    counts.give(from);
  }

  return {
    pool,
    get size() {
      return wallets.size;
    },
    find,
    list: createLister(wallets),
    add,
    changeOwner,
  };
}
