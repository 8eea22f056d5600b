/** Whole files that are either the old or the new content after a crash, and folders that remember their entries. */

import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

let temporary = 0;

/** Replaces `path` by `bytes`, durable when it resolves: temporary file, sync, rename, sync of the folder. */
export async function writeFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  temporary += 1;
  const draft = `${path}.${process.pid}-${temporary}.tmp`;
  const handle = await open(draft, 'wx', FILE_MODE);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/** Makes a created, renamed or removed entry of this folder durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a folder only its user may enter; one that exists stays as it is. */
export async function makeDirectory(path: string): Promise<void> {
  const created = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  if (created !== undefined) await syncDirectory(dirname(path));
}

/** A file's content, or null where there is none. Every other failure is thrown. */
export async function readIfPresent(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}

/** Opens for reading and writing in place, created if absent. */
export async function openInPlace(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
  }
  const handle = await open(path, 'wx+', FILE_MODE);
  await syncDirectory(dirname(path));
  return handle;
}

/** Writes all of `bytes` at `position` and waits for the disk. Repeating it after a failure is safe: the place is the same. */
export async function writeInPlace(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
  await handle.datasync();
}
