/** The host's end of one plane: many requests in flight on one connection, replies checked against what was asked. */

import type { Socket } from 'node:net';
import type { LinkAddress } from './address.ts';
import { connectAddress } from './address.ts';
import type { ErrorCode } from './errors.ts';
import { isErrorCode, ReeveError } from './errors.ts';
import { createFrameReader } from './frames.ts';
import { REQUESTS_IN_FLIGHT } from './limits.ts';
import type { WireAppend, WireReply } from './messages.ts';
import { decodeReply, encodeMessage, FRAME_BYTES, hashParams } from './messages.ts';
import type { MethodName, Outcome, Params, Plane, SchemaName } from './schema/registry.ts';
import { isValid } from './validators.ts';

/** How long a reply may take unless the call says otherwise, milliseconds. KMS calls take longest. */
const REPLY_TIMEOUT_MS = 20_000;

/** A result, and the receipt that must be on disk before anyone may see it (null: none). Appends go to `onAppend`, in order, before the promise resolves. */
export interface LinkReply<P extends Plane, M extends MethodName<P>> {
  readonly result: Outcome<P, M>;
  readonly after: { readonly wallet: string; readonly seq: number } | null;
}

export interface LinkClient<P extends Plane> {
  /** Rejects with the enclave's error code, or `connection-lost`, `reply-mismatch`. */
  request<M extends MethodName<P>>(method: M, params: Params<P, M>, timeoutMs?: number): Promise<LinkReply<P, M>>;
  close(): void;
  /** Resolves when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;
}

interface Waiting {
  readonly method: string;
  readonly asked: Uint8Array;
  readonly timer: NodeJS.Timeout;
  resolve(reply: WireReply): void;
  reject(error: ReeveError): void;
}

/** Connects to one plane. `onAppend` gets every batch of receipts in the order the enclave sent them. */
export async function connectLink<P extends Plane>(
  plane: P,
  address: LinkAddress,
  onAppend: (append: WireAppend) => void,
): Promise<LinkClient<P>> {
  const socket = await connectAddress(address);
  const waiting = new Map<number, Waiting>();
  const closed = watchSocket(plane, socket, waiting, onAppend);
  const send = createSender(socket);
  let next = 0;

  async function request<M extends MethodName<P>>(
    method: M,
    params: Params<P, M>,
    timeoutMs = REPLY_TIMEOUT_MS,
  ): Promise<LinkReply<P, M>> {
    if (socket.destroyed) throw new ReeveError('connection-lost', {});
    if (waiting.size >= REQUESTS_IN_FLIGHT) throw new ReeveError('busy', { limit: REQUESTS_IN_FLIGHT });
    next = (next + 1) >>> 0;
    const n = next;
    const fields = params as Record<string, unknown>;
    const frame = encodeMessage(plane, { n, method, params: fields });
    const reply = await new Promise<WireReply>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(n);
        reject(new ReeveError('connection-lost', { method, waitedMs: timeoutMs }));
      }, timeoutMs);
      waiting.set(n, { method, asked: hashParams(fields), timer, resolve, reject });
      send(frame);
    });
    return { result: readResult(plane, method, reply) as Outcome<P, M>, after: reply.after ?? null };
  }

  return { request, close: () => socket.destroy(), closed };
}

/** Frames of one turn of the event loop go out in one write: each is a system call here and another one at the other end. */
function createSender(socket: Socket): (frame: Uint8Array) => void {
  let frames: Uint8Array[] = [];
  const flush = () => {
    const ready = frames;
    frames = [];
    if (!socket.destroyed) socket.write(Buffer.concat(ready));
  };
  return (frame) => {
    if (frames.push(frame) === 1) setImmediate(flush);
  };
}

function readResult(plane: Plane, method: string, reply: WireReply): unknown {
  if (reply.error !== undefined) {
    const code: ErrorCode = isErrorCode(reply.error.code) ? reply.error.code : 'internal';
    throw new ReeveError(code, { enclave: reply.error.detail });
  }
  if (!isValid(`${plane}/${method}/result` as SchemaName, reply.result))
    throw new ReeveError('reply-mismatch', { method });
  return reply.result;
}

/** Reads replies until the stream ends or breaks a rule; then everyone who waits is told. */
function watchSocket(
  plane: Plane,
  socket: Socket,
  waiting: Map<number, Waiting>,
  onAppend: (append: WireAppend) => void,
): Promise<void> {
  const readFrames = createFrameReader(FRAME_BYTES[plane]);
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const body of readFrames(chunk)) settle(decodeReply(body), waiting, onAppend);
    } catch (cause) {
      socket.destroy(cause as Error);
    }
  });
  socket.on('error', () => socket.destroy());
  return new Promise((resolve) => {
    socket.once('close', () => {
      for (const entry of waiting.values()) {
        clearTimeout(entry.timer);
        entry.reject(new ReeveError('connection-lost', { method: entry.method }));
      }
      waiting.clear();
      resolve();
    });
  });
}

function settle(reply: WireReply, waiting: Map<number, Waiting>, onAppend: (append: WireAppend) => void): void {
  for (const append of reply.append ?? []) onAppend(append);
  const entry = waiting.get(reply.n);
  if (entry === undefined) return;
  waiting.delete(reply.n);
  clearTimeout(entry.timer);
  if (Buffer.from(reply.asked).equals(entry.asked)) entry.resolve(reply);
  else entry.reject(new ReeveError('reply-mismatch', { method: entry.method }));
}
