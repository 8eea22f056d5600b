/**
 * A newc cpio archive, the form of a ramdisk, that depends on nothing but names, modes and contents: sorted by name, inodes counted from 1, owner
 * root, all times zero. Source of the form: the kernel's `Documentation/driver-api/early-userspace/buffer-format.rst`.
 */

export interface CpioEntry {
  /** Without a slash at either end: `lib64/ld-linux-x86-64.so.2`. Its folders are entries of their own. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** The contents of a file; null makes a folder. */
  readonly bytes: Uint8Array | null;
}

const MAGIC = '070701';
const FOLDER = 0o040000;
const FILE = 0o100000;
const TRAILER = 'TRAILER!!!';
/** Heads and contents start at multiples of this, bytes. */
const ALIGNMENT = 4;
const NAME = /^[A-Za-z0-9._+-]+(\/[A-Za-z0-9._+-]+)*$/;

/** The archive of `entries`. Throws on a name twice, a name that is not plain, and a file whose folder is missing. */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const sorted = entries.toSorted((left, right) => (left.path < right.path ? -1 : 1));
  const folders = new Set<string>(['.']);
  const parts: Uint8Array[] = [];
  for (const [index, { path, mode, bytes }] of sorted.entries()) {
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
    if (!NAME.test(path) || path.split('/').some((word) => /^\.+$/.test(word)))
      throw new RangeError(`${path}: not a plain name`);
    if (!folders.has(parent)) throw new RangeError(`${path}: its folder is not in the archive`);
    if (sorted[index + 1]?.path === path) throw new RangeError(`${path}: twice`);
    if (bytes === null) folders.add(path);
    const kind = bytes === null ? FOLDER : FILE;
    parts.push(...writeEntry({ path, inode: index + 1, mode: kind | mode, links: bytes === null ? 2 : 1, bytes }));
  }
  parts.push(...writeEntry({ path: TRAILER, inode: 0, mode: 0, links: 1, bytes: null }));
  return Buffer.concat(parts);
}

interface Written {
  readonly path: string;
  readonly inode: number;
  readonly mode: number;
  readonly links: number;
  readonly bytes: Uint8Array | null;
}

function writeEntry({ path, inode, mode, links, bytes }: Written): Uint8Array[] {
  const size = bytes?.length ?? 0;
  const name = Buffer.from(`${path}\0`, 'latin1');
  // inode, mode, uid, gid, links, mtime, size, device (2), special device (2), length of the name, checksum (unused in this form)
  const fields = [inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name.length, 0];
  const head = MAGIC + fields.map((field) => field.toString(16).toUpperCase().padStart(8, '0')).join('');
  const lead = Buffer.concat([Buffer.from(head, 'latin1'), name]);
  return [lead, pad(lead.length), bytes ?? new Uint8Array(0), pad(size)];
}

function pad(length: number): Uint8Array {
  return new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}
