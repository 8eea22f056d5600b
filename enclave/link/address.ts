/** Where the enclave listens: `unix:PATH`, or `hybrid:PATH:PORT` (connect, send `CONNECT <port>\n`, read `OK …\n`: the convention of vhost-user vsock). */

import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { ReeveError } from './errors.ts';

export type LinkAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'hybrid'; readonly path: string; readonly port: number };

/** Longest path of a Unix socket on Linux, bytes without the final zero. */
export const SOCKET_PATH_BYTES = 107;
/** Longest line a hybrid peer may answer with, bytes. */
const HYBRID_LINE_BYTES = 64;
const CONNECT_TIMEOUT_MS = 5000;

/** Reads an address or throws `address-malformed`. */
export function parseAddress(text: string): LinkAddress {
  const unix = /^unix:(.+)$/s.exec(text);
  if (unix?.[1] !== undefined) return { kind: 'unix', path: checkPath(unix[1]) };
  const hybrid = /^hybrid:(.+):([0-9]{1,10})$/s.exec(text);
  if (hybrid?.[1] !== undefined && Number(hybrid[2]) <= 0xffffffff)
    return { kind: 'hybrid', path: checkPath(hybrid[1]), port: Number(hybrid[2]) };
  throw new ReeveError('address-malformed', { observed: text.slice(0, 120) });
}

function checkPath(path: string): string {
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_BYTES)
    throw new ReeveError('address-malformed', { limit: SOCKET_PATH_BYTES, observed: bytes });
  return path;
}

/** A connected stream to the address, or `connection-lost`. Does not check who listens there. */
export async function connectAddress(address: LinkAddress): Promise<Socket> {
  const socket = connect(address.path);
  try {
    await withTimeout(socket, onceEvent(socket, 'connect'));
    if (address.kind === 'hybrid') await withTimeout(socket, greetHybrid(socket, address.port));
    return socket;
  } catch (cause) {
    socket.destroy();
    throw new ReeveError('connection-lost', { address: `${address.kind}:${address.path}` }, cause);
  }
}

function onceEvent(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}

function withTimeout(socket: Socket, work: Promise<void>): Promise<void> {
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), CONNECT_TIMEOUT_MS);
  return work.finally(() => clearTimeout(timer));
}

async function greetHybrid(socket: Socket, port: number): Promise<void> {
  socket.write(`CONNECT ${port}\n`);
  let line = '';
  while (!line.endsWith('\n')) {
    if (line.length >= HYBRID_LINE_BYTES) throw new Error('no OK');
    const byte: Buffer | null = socket.read(1);
    if (byte === null) await onceEvent(socket, 'readable');
    else line += byte.toString('latin1');
  }
  if (!line.startsWith('OK ')) throw new Error('no OK');
}
