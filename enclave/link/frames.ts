/** Frames: u32 big-endian length, u32 big-endian CRC-32 (ISO-HDLC) of the body, body. */

import { crc32 } from 'node:zlib';
import { ReeveError } from './errors.ts';

const HEADER_BYTES = 8;

/** One frame around `body`. Promises nothing about the content. */
export function encodeFrame(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, body.length);
  view.setUint32(4, crc32(body));
  frame.set(body, HEADER_BYTES);
  return frame;
}

/** Cuts a byte stream into frame bodies. A length over `limit` or a wrong checksum throws and the stream is dead: the peer is not one of ours. */
export function createFrameReader(limit: number): (chunk: Uint8Array) => Uint8Array[] {
  let pending: Uint8Array = new Uint8Array(0);
  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    const bodies: Uint8Array[] = [];
    for (
      let size = frameSize(pending, limit);
      size !== null && pending.length >= size;
      size = frameSize(pending, limit)
    ) {
      bodies.push(readBody(pending, size));
      pending = pending.subarray(size);
    }
    return bodies;
  };
}

/** Bytes of the frame that starts `bytes`, or null while its header is incomplete. Refuses a hostile length before anything is kept for it. */
function frameSize(bytes: Uint8Array, limit: number): number | null {
  if (bytes.length < HEADER_BYTES) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (length === 0 || length > limit) throw new ReeveError('frame-size', { limit, observed: length });
  return HEADER_BYTES + length;
}

function readBody(bytes: Uint8Array, size: number): Uint8Array {
  const body = bytes.subarray(HEADER_BYTES, size);
  const expected = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
  if (crc32(body) !== expected) throw new ReeveError('frame-checksum', {});
  return body;
}
