/** A cache outside the tree: folders named by what they were made of, whole or absent. Deleting any of it costs time and nothing else. */

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Hex digits of a name. */
const NAME_DIGITS = 24;

/** `$XDG_CACHE_HOME/reeve`, or `~/.cache/reeve`. */
export function cacheRoot(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'reeve');
}

/**
 * The folder of `kind` made of `inputs`; `make` fills it when it is not there yet. What was begun and not finished stays under another name
 * and is never taken for whole; two at a time make it twice, and one of the two is kept.
 */
export async function keep(
  kind: string,
  inputs: readonly (string | Uint8Array)[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(createHash('sha256').update(input).digest());
  const folder = join(cacheRoot(), `${kind}-${hash.digest('hex').slice(0, NAME_DIGITS)}`);
  if (existsSync(folder)) return folder;
  const begun = `${folder}.${randomBytes(4).toString('hex')}`;
  mkdirSync(begun, { recursive: true });
  try {
    await make(begun);
    renameSync(begun, folder);
  } catch (error) {
    rmSync(begun, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
