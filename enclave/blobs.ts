/** Byte strings too long for a frame, staged in parts under their SHA-256. Older ones make room for newer ones: only the host loses by that. */

import { createHash } from 'node:crypto';
import { ReeveError } from './link/errors.ts';
import { STAGED_BYTES } from './link/limits.ts';

interface Blob {
  readonly bytes: Uint8Array;
  have: number;
}

export interface BlobPart {
  readonly hash: Uint8Array;
  readonly total: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface BlobStore {
  /** Adds the next part, or starts anew with the first; returns how many bytes are there. Throws `blob-refused` for another place or wrong content. */
  put(part: BlobPart): number;
  /** A whole blob of this hash, or `blob-refused`. */
  read(hash: Uint8Array): Uint8Array;
  drop(hash: Uint8Array): void;
}

export function createBlobStore(): BlobStore {
  const blobs = new Map<string, Blob>();

  function put({ hash, total, offset, bytes }: BlobPart): number {
    const name = Buffer.from(hash).toString('hex');
    const known = blobs.get(name);
    if (known?.have === known?.bytes.length && known?.bytes.length === total) return total;
    const blob = offset === 0 ? start(name, total) : known;
    if (blob === undefined || blob.bytes.length !== total || blob.have !== offset || offset + bytes.length > total) {
      throw new ReeveError('blob-refused', { have: blob?.have ?? 0, offset, total });
    }
    blob.bytes.set(bytes, offset);
    blob.have += bytes.length;
    if (blob.have === total && !createHash('sha256').update(blob.bytes).digest().equals(hash)) {
      blobs.delete(name);
      throw new ReeveError('blob-refused', { what: 'hash' });
    }
    return blob.have;
  }

  function start(name: string, total: number): Blob {
    blobs.delete(name);
    let staged = total;
    for (const blob of blobs.values()) staged += blob.bytes.length;
    for (const [oldest, blob] of blobs) {
      if (staged <= STAGED_BYTES) break;
      blobs.delete(oldest);
      staged -= blob.bytes.length;
    }
    const blob = { bytes: new Uint8Array(total), have: 0 };
    blobs.set(name, blob);
    return blob;
  }

  function read(hash: Uint8Array): Uint8Array {
    const blob = blobs.get(Buffer.from(hash).toString('hex'));
    if (blob === undefined || blob.have !== blob.bytes.length)
      throw new ReeveError('blob-refused', { what: 'not whole' });
    return blob.bytes;
  }

  return { put, read, drop: (hash) => void blobs.delete(Buffer.from(hash).toString('hex')) };
}
