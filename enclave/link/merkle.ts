/**
 * The hash tree of RFC 9162 (section 2.1, as in RFC 6962), SHA-256: leaves and nodes are hashed under different first bytes, so that neither is
 * ever taken for the other, and an odd leaf is carried up, never doubled.
 */

import { createHash } from 'node:crypto';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The hash of one leaf, whose content is these parts in a row. */
export function hashLeaf(...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(LEAF, ...parts);
}

function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(NODE, left, right);
}

/** The root over leaf hashes. There is at least one. */
export function hashTree(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  const split = splitOf(leaves.length);
  return hashNode(hashTree(leaves.slice(0, split)), hashTree(leaves.slice(split)));
}

/** The hashes beside the way from a leaf to the root, lowest first. */
export function findPath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...findPath(left, index), hashTree(right)]
    : [...findPath(right, index - split), hashTree(left)];
}

/**
 * The root to which a path leads from the leaf at `index` of `size`, or null when such a leaf does not exist or its path has another length
 * (RFC 9162 section 2.1.3.2).
 */
export function followPath(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | null {
  if (index >= size) return null;
  let [at, last, hash] = [index, size - 1, leaf];
  for (const beside of path) {
    if (last === 0) return null;
    const isRight = at % 2 === 1;
    hash = isRight || at === last ? hashNode(beside, hash) : hashNode(hash, beside);
    // The last leaf of an odd row is carried up until it has a neighbour.
    if (at === last) while (at !== 0 && at % 2 === 0) [at, last] = [at / 2, last / 2];
    [at, last] = [at >> 1, last >> 1];
  }
  return last === 0 ? hash : null;
}

/** The largest power of two below `size`. */
function splitOf(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
