/** Old receipts leave the store, whole segments at a time, and only those that no restore will ever read. They are moved, never deleted. */

import { basename, join } from 'node:path';
import { ReeveError } from '../../enclave/link/errors.ts';
import { makeDirectory, writeFileDurably } from './durable.ts';
import type { Run } from './segments.ts';
import { segmentPath } from './segments.ts';
import { findOldestNeeded, findSeal, readTime } from './tail.ts';
import type { WalletStore } from './wallet.ts';

/**
 * Moves the segments all of whose receipts are older than `before` (milliseconds of Unix time) to `folder`, oldest first. A copy is on the disk before its
 * segment goes, so that it may be cut short anywhere and done again. `store-damaged` when the newest seal is not in its own file: then the receipts are needed.
 */
export async function moveOldReceipts(wallet: WalletStore, before: bigint, folder: string): Promise<readonly Run[]> {
  await checkSeal(wallet);
  const needed = await findOldestNeeded(wallet);
  const receipts = join(wallet.directory, 'receipts');
  const moved: Run[] = [];
  await makeDirectory(wallet.files, folder);
  for (const run of await wallet.listRuns()) {
    const newest = (await wallet.readRun(run)).at(-1);
    if (run.first + run.count > needed || newest === undefined || readTime(newest) >= before) break;
    const path = segmentPath(receipts, run.first);
    await writeFileDurably(wallet.files, join(folder, basename(path)), await wallet.files.read(path));
    await wallet.files.remove(path);
    moved.push(run);
  }
  if (moved.length > 0) await wallet.files.syncFolder(receipts);
  return moved;
}

async function checkSeal(wallet: WalletStore): Promise<void> {
  const [stored, newest] = [await wallet.readSeal(), await findSeal(wallet)];
  const isSafe = stored !== null && (newest === null || Buffer.from(newest).equals(stored));
  if (!isSafe) throw new ReeveError('store-damaged', { wallet: wallet.name, what: 'seal.cbor' });
}
