/** Whole files that are either the old or the new content after a crash, and folders that remember their entries. */

import { dirname, join } from 'node:path';
import type { Files, OpenFile } from './files.ts';

/** What a file is called until its content is on the disk. */
const DRAFT = /\.[0-9]+-[0-9]+\.tmp$/;

let drafts = 0;

/** Replaces `path` by `bytes`, durable when it resolves: draft, sync, rename, sync of the folder. A failure leaves no draft behind. */
export async function writeFileDurably(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  drafts += 1;
  const draft = `${path}.${process.pid}-${drafts}.tmp`;
  try {
    const file = await files.open(draft, 'create');
    try {
      await file.write(bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(draft, path);
  } catch (cause) {
    await files.remove(draft).catch(() => undefined);
    throw cause;
  }
  await files.syncFolder(dirname(path));
}

/** Replaces `path` by `bytes` without waiting for the disk: a crash may leave anything of either. */
export async function writeFileLoosely(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.open(path, 'replace');
  try {
    await file.write(bytes, 0);
  } finally {
    await file.close();
  }
}

/** Removes what a process that was killed left of its drafts. */
export async function removeDrafts(files: Files, folder: string): Promise<void> {
  for (const name of await files.list(folder)) if (DRAFT.test(name)) await files.remove(join(folder, name));
}

/** Makes a folder, and those it lies in, that only their user may enter. One that exists stays as it is. */
export async function makeDirectory(files: Files, path: string): Promise<void> {
  let created: boolean;
  try {
    created = await files.makeFolder(path);
  } catch (cause) {
    if (!isAbsent(cause) || dirname(path) === path) throw cause;
    await makeDirectory(files, dirname(path));
    created = await files.makeFolder(path);
  }
  if (created) await files.syncFolder(dirname(path));
}

/** A file's content, or null where there is none. Every other failure is thrown. */
export async function readIfPresent(files: Files, path: string): Promise<Buffer | null> {
  try {
    return await files.read(path);
  } catch (cause) {
    if (isAbsent(cause)) return null;
    throw cause;
  }
}

function isAbsent(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Writes at `position` and waits for the disk. Repeating it after a failure is safe: the place is the same. */
export async function writeInPlace(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  await file.write(bytes, position);
  await file.sync();
}
