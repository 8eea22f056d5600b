/**
 * The one place where the store touches the disk. Everything else of the store is given `Files`, so that a test can hand it a disk that fails, tears and
 * forgets; nothing here knows of tests.
 */

import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

export interface OpenFile {
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Resolves when content and size are on the disk (fdatasync); says nothing of the file's name. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** `update`: the file is there; `create`: it is not; `replace`: it is empty afterwards, there or not. */
export type OpenHow = 'update' | 'create' | 'replace';

export interface Files {
  open(path: string, how: OpenHow): Promise<OpenFile>;
  /** The whole content. */
  read(path: string): Promise<Buffer>;
  /** Names of a folder's entries, in no order. */
  list(path: string): Promise<string[]>;
  /** Makes one folder that only its user may enter; false where something of that name is. */
  makeFolder(path: string): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all in it. What is not there is removed already. */
  remove(path: string): Promise<void>;
  /** Resolves when created, renamed and removed names of the folder are on the disk. */
  syncFolder(path: string): Promise<void>;
}

const FLAGS: Readonly<Record<OpenHow, string>> = { update: 'r+', create: 'wx+', replace: 'w+' };

/** The disk of this machine. */
export const DISK: Files = {
  open: async (path, how) => wrapHandle(await open(path, FLAGS[how], FILE_MODE)),
  read: (path) => readFile(path),
  list: (path) => readdir(path),
  makeFolder,
  rename,
  remove: (path) => rm(path, { recursive: true, force: true }),
  syncFolder,
};

function wrapHandle(handle: FileHandle): OpenFile {
  return {
    write: (bytes, position) => writeAll(handle, bytes, position),
    truncate: (size) => handle.truncate(size),
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

/** A write goes to memory, which takes less than handing it to another thread would; what waits for the disk is the sync. */
async function writeAll({ fd }: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: DIRECTORY_MODE });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
