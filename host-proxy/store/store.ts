/** The host's disk: one folder per wallet under `wallets/`, one process at a time. Everything in it is ciphertext, signed, or public. */

import { createServer } from 'node:net';
import { join } from 'node:path';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { listenUnix } from '../http/listen.ts';
import { makeDirectory, readIfPresent } from './durable.ts';
import type { Files } from './files.ts';
import { DISK } from './files.ts';
import { listSegments } from './segments.ts';
import type { WalletStore } from './wallet.ts';
import { createWalletDirectory, openWalletStore } from './wallet.ts';

export interface Store {
  find(wallet: string): WalletStore | undefined;
  /** Wallets that can be served, by name. */
  list(): readonly WalletStore[];
  /** Wallets that are there and cannot be read: what is wrong with each. */
  readonly damaged: ReadonlyMap<string, ReeveError>;
  /** Makes an empty wallet, in place of what a create that never finished left. `wallet-exists` when there is a seal, or receipts: one of them holds it. */
  create(wallet: string): Promise<WalletStore>;
  /** Takes back a wallet that was never created in the enclave. One with receipts stays. */
  discard(wallet: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the store and holds its lock until `close`. `store-locked` when another process has it. Damaged wallets are left as they are and listed. */
export async function openStore(directory: string, files: Files = DISK): Promise<Store> {
  const root = join(directory, 'wallets');
  await makeDirectory(files, directory);
  const unlock = await lockStore(directory);
  await makeDirectory(files, root);
  await files.syncFolder(directory);
  const wallets = new Map<string, WalletStore>();
  const damaged = new Map<string, ReeveError>();
  for (const name of (await files.list(root)).sort()) await openInto({ wallets, damaged, files }, root, name);

  async function create(name: string): Promise<WalletStore> {
    const known = wallets.get(name);
    if (damaged.has(name) || (known !== undefined && (await isMade(known))))
      throw new ReeveError('wallet-exists', { wallet: name });
    if (known !== undefined) return known;
    await files.remove(join(root, name));
    await createWalletDirectory(join(root, name), files);
    await files.syncFolder(root);
    const wallet = await openWalletStore(name, join(root, name), files);
    wallets.set(name, wallet);
    return wallet;
  }

  async function discard(name: string): Promise<void> {
    const wallet = wallets.get(name);
    if (wallet === undefined || wallet.storedSeq() > 0) return;
    wallets.delete(name);
    await wallet.close();
    await files.remove(join(root, name));
    await files.syncFolder(root);
  }

  async function close(): Promise<void> {
    for (const wallet of wallets.values()) await wallet.close();
    await unlock();
  }

  return { find: (name) => wallets.get(name), list: () => [...wallets.values()], damaged, create, discard, close };
}

interface Opened {
  readonly wallets: Map<string, WalletStore>;
  readonly damaged: Map<string, ReeveError>;
  readonly files: Files;
}

/** Whether there is anything of a wallet: its seal, or receipts, the first of which hold it as well. */
export async function isMade(wallet: WalletStore): Promise<boolean> {
  return wallet.storedSeq() > 0 || (await wallet.readSeal()) !== null;
}

/** A folder with neither seal nor receipts is what a create that never finished left: it is not opened. */
async function openInto(into: Opened, root: string, name: string): Promise<void> {
  const { wallets, damaged, files } = into;
  const directory = join(root, name);
  const segments = await listSegments(files, join(directory, 'receipts')).catch(() => []);
  if (segments.length === 0 && (await readIfPresent(files, join(directory, 'seal.cbor'))) === null) return;
  try {
    const wallet = await openWalletStore(name, directory, files);
    if (await isMade(wallet)) wallets.set(name, wallet);
    else await wallet.close();
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
