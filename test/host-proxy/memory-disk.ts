/**
 * A disk in memory that does what disks may do. Until it is synced a write may be lost, torn at any sector or reach the disk before an older one; a name
 * may be lost or overtake another. A call can be made to fail, and a sync that fails drops what it should have written, as Linux does.
 */

import { basename, dirname } from 'node:path';
import type { Files, OpenFile } from '../../host-proxy/store/files.ts';

/** What a disk writes whole or not at all, bytes. */
const SECTOR_BYTES = 512;

type Change = { readonly at: number; readonly bytes: Buffer } | { readonly size: number };

interface Inode {
  kind: 'file';
  /** What the process sees, and what the disk holds. */
  content: Buffer;
  durable: Buffer;
  unsynced: Change[];
}

interface Folder {
  kind: 'folder';
  readonly names: Map<string, Node>;
  durable: Map<string, Node>;
  unsynced: { readonly name: string; readonly node: Node | null; readonly gone?: string }[];
}

type Node = Inode | Folder;

/** One call of the store: `write /a/b`. */
export type Call =
  `${'open' | 'write' | 'truncate' | 'sync' | 'rename' | 'remove' | 'folder' | 'syncFolder' | 'read' | 'list'} ${string}`;

export interface MemoryDisk extends Files {
  /** Called before each call; what it throws the call fails with. */
  before: (call: Call) => void;
  /** What may be on the disk when the power goes now; `draw` gives numbers in [0, 1). */
  cut(draw: () => number): MemoryDisk;
}

/** An error of the machine, as the runtime throws it. */
export function failure(code: 'ENOENT' | 'EEXIST' | 'ENOSPC' | 'EIO' | 'ENOTDIR'): Error {
  return Object.assign(new Error(code), { code });
}

const emptyFolder = (): Folder => ({ kind: 'folder', names: new Map(), durable: new Map(), unsynced: [] });

export function createMemoryDisk(root: Folder = emptyFolder()): MemoryDisk {
  const disk: MemoryDisk = {
    before: () => undefined,
    cut: (draw) => createMemoryDisk(cutFolder(root, draw)),
    async open(path, how) {
      disk.before(`open ${path}`);
      return openFile(disk, folderOf(root, path), path, how);
    },
    async read(path) {
      disk.before(`read ${path}`);
      return Buffer.from(fileAt(root, path).content);
    },
    async list(path) {
      disk.before(`list ${path}`);
      return [...folderAt(root, path).names.keys()];
    },
    async makeFolder(path) {
      disk.before(`folder ${path}`);
      const folder = folderOf(root, path);
      if (folder.names.has(basename(path))) return false;
      setName(folder, basename(path), emptyFolder());
      return true;
    },
    async rename(from, to) {
      disk.before(`rename ${to}`);
      const [folder, node] = [folderOf(root, from), fileAt(root, from)];
      if (folder !== folderOf(root, to)) throw new Error('renames stay in their folder');
      folder.names.delete(basename(from));
      folder.names.set(basename(to), node);
      folder.unsynced.push({ name: basename(to), node, gone: basename(from) });
    },
    async remove(path) {
      disk.before(`remove ${path}`);
      const folder = folderOf(root, path);
      if (folder.names.has(basename(path))) setName(folder, basename(path), null);
    },
    async syncFolder(path) {
      disk.before(`syncFolder ${path}`);
      const folder = folderAt(root, path);
      folder.durable = new Map(folder.names);
      folder.unsynced = [];
    },
  };
  return disk;
}

function setName(folder: Folder, name: string, node: Node | null): void {
  if (node === null) folder.names.delete(name);
  else folder.names.set(name, node);
  folder.unsynced.push({ name, node });
}

function folderAt(root: Folder, path: string): Folder {
  let node: Node = root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    if (node.kind !== 'folder') throw failure('ENOTDIR');
    const next: Node | undefined = node.names.get(name);
    if (next === undefined) throw failure('ENOENT');
    node = next;
  }
  if (node.kind !== 'folder') throw failure('ENOTDIR');
  return node;
}

const folderOf = (root: Folder, path: string) => folderAt(root, dirname(path));

function fileAt(root: Folder, path: string): Inode {
  const node = folderOf(root, path).names.get(basename(path));
  if (node?.kind !== 'file') throw failure('ENOENT');
  return node;
}

function openFile(disk: MemoryDisk, folder: Folder, path: string, how: 'update' | 'create' | 'replace'): OpenFile {
  const known = folder.names.get(basename(path));
  if (how === 'update' && known?.kind !== 'file') throw failure('ENOENT');
  if (how === 'create' && known !== undefined) throw failure('EEXIST');
  const inode: Inode =
    known?.kind === 'file' ? known : { kind: 'file', content: Buffer.alloc(0), durable: Buffer.alloc(0), unsynced: [] };
  if (known === undefined) setName(folder, basename(path), inode);
  if (how === 'replace') change(inode, { size: 0 });
  return {
    async write(bytes, at) {
      disk.before(`write ${path}`);
      change(inode, { at, bytes: Buffer.from(bytes) });
    },
    async truncate(size) {
      disk.before(`truncate ${path}`);
      change(inode, { size });
    },
    async sync() {
      try {
        disk.before(`sync ${path}`);
        inode.durable = inode.unsynced.reduce(apply, inode.durable);
      } finally {
        inode.unsynced = [];
      }
    },
    close: async () => undefined,
  };
}

function change(inode: Inode, next: Change): void {
  inode.content = apply(inode.content, next);
  inode.unsynced.push(next);
}

function apply(content: Buffer, next: Change): Buffer {
  if ('size' in next)
    return Buffer.concat([content.subarray(0, next.size), Buffer.alloc(Math.max(0, next.size - content.length))]);
  const result = Buffer.alloc(Math.max(content.length, next.at + next.bytes.length));
  content.copy(result);
  next.bytes.copy(result, next.at);
  return result;
}

/** A copy in which what was synced stands, and of the rest whatever `draw` picks, in whatever order. */
function cutFolder(folder: Folder, draw: () => number): Folder {
  const names = new Map(folder.durable);
  for (const { name, node, gone } of pick(folder.unsynced, draw)) {
    if (node === null) names.delete(name);
    else names.set(name, node);
    if (gone !== undefined) names.delete(gone);
  }
  const copy = new Map<string, Node>();
  for (const [name, node] of names)
    copy.set(name, node.kind === 'folder' ? cutFolder(node, draw) : cutFile(node, draw));
  return { kind: 'folder', names: copy, durable: new Map(copy), unsynced: [] };
}

function cutFile(inode: Inode, draw: () => number): Inode {
  const kept = pick(inode.unsynced.flatMap(cutSectors), draw);
  const content = kept.reduce(apply, inode.durable);
  return { kind: 'file', content, durable: content, unsynced: [] };
}

function cutSectors(next: Change): Change[] {
  if ('size' in next) return [next];
  const parts: Change[] = [];
  for (let start = next.at; start < next.at + next.bytes.length; ) {
    const end = Math.min((Math.floor(start / SECTOR_BYTES) + 1) * SECTOR_BYTES, next.at + next.bytes.length);
    parts.push({ at: start, bytes: next.bytes.subarray(start - next.at, end - next.at) });
    start = end;
  }
  return parts;
}

/** All, none, or some of the items; now and then in another order. */
function pick<Item>(items: readonly Item[], draw: () => number): Item[] {
  const share = [0, 1, draw()][Math.floor(draw() * 3)] ?? 1;
  const kept = items.filter(() => draw() < share);
  if (draw() < 0.5) return kept;
  return kept
    .map((item) => ({ item, key: draw() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
