/**
 * The exclusive lock on a witness folder. It is a lock of the kernel (SQLite's, on an empty database file): it ends with its holder, however that
 * ends, so there is no stale lock to judge. It holds between processes of one machine, not between machines that share a network folder.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ReeveError } from '../../enclave/link/errors.ts';

/** SQLite's result for "somebody else holds it". */
const SQLITE_BUSY = 5;

export interface Lock {
  release(): void;
}

/** Takes the lock or rejects at once with `witness-locked`, naming the process that said it holds it. */
export function takeLock(folder: string): Lock {
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  const holder = join(folder, 'lock.holder');
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new ReeveError('witness-locked', { folder, holder: readHolder(holder) }, error);
  }
  try {
    writeFileSync(holder, `pid ${process.pid} since ${new Date().toISOString()}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    throw error;
  }
  return { release: () => database.close() };
}

/** For the error text only. */
function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().slice(0, 80);
  } catch {
    return 'unknown';
  }
}
