/** The host's disk: one folder per wallet under `wallets/`, one process at a time. Everything in it is ciphertext, signed, or public. */

import { readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { listenUnix } from '../http/listen.ts';
import { makeDirectory, readIfPresent, syncDirectory } from './files.ts';
import type { WalletStore } from './wallet.ts';
import { createWalletDirectory, openWalletStore } from './wallet.ts';

export interface Store {
  find(wallet: string): WalletStore | undefined;
  /** Wallets that can be served, by name. */
  list(): readonly WalletStore[];
  /** Wallets that are there and cannot be read: what is wrong with each. */
  readonly damaged: ReadonlyMap<string, ReeveError>;
  /** Makes an empty wallet, in place of what a create that never finished left. `wallet-exists` when there is a seal. */
  create(wallet: string): Promise<WalletStore>;
  /** Takes back a wallet that was never created in the enclave. One with a seal stays. */
  discard(wallet: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the store and holds its lock until `close`. `store-locked` when another process has it. Damaged wallets are left as they are and listed. */
export async function openStore(directory: string): Promise<Store> {
  const root = join(directory, 'wallets');
  await makeDirectory(directory);
  const unlock = await lockStore(directory);
  await makeDirectory(root);
  const wallets = new Map<string, WalletStore>();
  const damaged = new Map<string, ReeveError>();
  for (const name of (await readdir(root)).sort()) await openInto(wallets, damaged, root, name);

  async function create(name: string): Promise<WalletStore> {
    const known = wallets.get(name);
    if (damaged.has(name) || (known !== undefined && (await known.readSeal()) !== null))
      throw new ReeveError('wallet-exists', { wallet: name });
    if (known !== undefined) return known;
    await rm(join(root, name), { recursive: true, force: true });
    await createWalletDirectory(join(root, name));
    await syncDirectory(root);
    const wallet = await openWalletStore(name, join(root, name));
    wallets.set(name, wallet);
    return wallet;
  }

  async function discard(name: string): Promise<void> {
    const wallet = wallets.get(name);
    if (wallet === undefined || (await wallet.readSeal()) !== null) return;
    wallets.delete(name);
    await wallet.close();
    await rm(join(root, name), { recursive: true });
    await syncDirectory(root);
  }

  async function close(): Promise<void> {
    for (const wallet of wallets.values()) await wallet.close();
    await unlock();
  }

  return { find: (name) => wallets.get(name), list: () => [...wallets.values()], damaged, create, discard, close };
}

/** A folder without a seal is what a create that never finished left: it is not opened. */
async function openInto(
  wallets: Map<string, WalletStore>,
  damaged: Map<string, ReeveError>,
  root: string,
  name: string,
): Promise<void> {
  if ((await readIfPresent(join(root, name, 'seal.cbor'))) === null) return;
  try {
    wallets.set(name, await openWalletStore(name, join(root, name)));
  } catch (cause) {
    damaged.set(name, isReeveError(cause) ? cause : new ReeveError('store-damaged', { wallet: name }, cause));
  }
}

/** A listening socket is the lock: the kernel lets go of it when the process ends, however it ends. */
async function lockStore(directory: string): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.destroy());
  try {
    await listenUnix(server, join(directory, 'lock.sock'), { mode: 0o600 });
  } catch (cause) {
    throw isReeveError(cause, 'socket-in-use') ? new ReeveError('store-locked', { store: directory }, cause) : cause;
  }
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}
