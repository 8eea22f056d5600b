/**
 * A strict reader of the BER that KMS writes: single-byte tags, definite lengths in shortest form, indefinite lengths with their
 * end-of-contents octets, nothing after the last byte. It reads structure only and gives no meaning to any type.
 */

/** One element. `content` holds a primitive's bytes, `children` a constructed one's elements, `bytes` the element's whole encoding. */
export interface BerNode {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
  readonly children: readonly BerNode[];
}

/** Levels of constructed elements inside each other. */
const MAX_DEPTH = 12;
const CONSTRUCTED = 0x20;
const LONG_TAG = 0x1f;
const INDEFINITE = 0x80;
const NOTHING = new Uint8Array(0);

/** Reads exactly one element from all of `bytes`, or null when it is not well-formed. Never throws. */
export function readBer(bytes: Uint8Array): BerNode | null {
  const node = readNode(bytes, 0, 0);
  return node !== null && node.bytes.length === bytes.length ? node : null;
}

function readNode(bytes: Uint8Array, start: number, depth: number): BerNode | null {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined || (tag & LONG_TAG) === LONG_TAG || depth > MAX_DEPTH) {
    return null;
  }
  if (first === INDEFINITE) {
    return (tag & CONSTRUCTED) === 0 ? null : readIndefinite(bytes, start, tag, depth);
  }
  const length = readLength(bytes, start + 1, first);
  if (length === null || length.from + length.value > bytes.length) {
    return null;
  }
  const end = length.from + length.value;
  const whole = bytes.subarray(start, end);
  if ((tag & CONSTRUCTED) === 0) {
    return { tag, bytes: whole, content: bytes.subarray(length.from, end), children: [] };
  }
  const children = readChildren(bytes.subarray(0, end), length.from, depth);
  return children === null ? null : { tag, bytes: whole, content: NOTHING, children };
}

/** A definite length of at most 65,535, in its shortest form, and where the content begins. */
function readLength(bytes: Uint8Array, at: number, first: number): { value: number; from: number } | null {
  const high = bytes[at + 1];
  const low = bytes[at + 2];
  if (first < 0x80) {
    return { value: first, from: at + 1 };
  }
  if (first === 0x81 && high !== undefined && high >= 0x80) {
    return { value: high, from: at + 2 };
  }
  return first === 0x82 && high !== undefined && low !== undefined && high > 0
    ? { value: high * 256 + low, from: at + 3 }
    : null;
}

function readChildren(bytes: Uint8Array, from: number, depth: number): readonly BerNode[] | null {
  const children: BerNode[] = [];
  for (let at = from; at < bytes.length; ) {
    const child = readNode(bytes, at, depth + 1);
    if (child === null || child.tag === 0) {
      return null;
    }
    children.push(child);
    at += child.bytes.length;
  }
  return children;
}

function readIndefinite(bytes: Uint8Array, start: number, tag: number, depth: number): BerNode | null {
  const children: BerNode[] = [];
  let at = start + 2;
  while (bytes[at] !== 0) {
    const child = readNode(bytes, at, depth + 1);
    if (child === null) {
      return null;
    }
    children.push(child);
    at += child.bytes.length;
  }
  return bytes[at + 1] === 0 ? { tag, bytes: bytes.subarray(start, at + 2), content: NOTHING, children } : null;
}
