/**
 * The way out of the enclave: bytes to AWS KMS and nowhere else. The enclave's first line says where to (`CONNECT kms.<region>.amazonaws.com:443`); after it bytes
 * go both ways unread. TLS runs inside the enclave, so this side can only cut or delay.
 */

import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Logger } from 'pino';
import { ReeveError } from '../enclave/link/errors.ts';
import { listenUnix } from './http/listen.ts';

/** Connections at a time; KMS is asked a few times per start and wallet. */
const CONNECTIONS_MAX = 32;
/** Bytes of the first line. */
const LINE_BYTES = 128;
const LINE_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 5000;
/** A connection without a byte is closed after this, milliseconds. */
const IDLE_TIMEOUT_MS = 60_000;
const TARGET = /^CONNECT (kms\.[a-z]{2}(?:-[a-z]+)+-[0-9]\.amazonaws\.com(?:\.cn)?):443$/;

export interface RelayConfig {
  readonly relay: string;
  /** Host names that are reached at another `host:port` (a development KMS, a VPC endpoint). */
  readonly endpoints?: Readonly<Record<string, string>> | undefined;
}

/** Listens until closed. */
export async function startRelay(config: RelayConfig, log: Logger): Promise<{ close(): void }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (inside) => {
    if (open.size >= CONNECTIONS_MAX) {
      inside.destroy();
      return;
    }
    open.add(inside);
    inside.once('close', () => open.delete(inside));
    relay(inside, config).catch((cause: Error) => {
      log.warn({ reason: cause.message }, 'relay connection ended');
      inside.destroy();
    });
  });
  await listenUnix(server, config.relay, { mode: 0o600 });
  const close = () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  return { close };
}

async function relay(inside: Socket, config: RelayConfig): Promise<void> {
  const { line, rest } = await readLine(inside);
  const name = TARGET.exec(line)?.[1];
  if (name === undefined) throw new ReeveError('request-malformed', { what: 'relay target' });
  const outside = await dial(config.endpoints?.[name] ?? `${name}:443`);
  outside.write(rest);
  join(inside, outside);
  join(outside, inside);
}

/** The line without its end, and the bytes that came with it. */
function readLine(socket: Socket): Promise<{ line: string; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const timer = setTimeout(() => reject(new Error('no target line in time')), LINE_TIMEOUT_MS);
    const stop = () => clearTimeout(timer);
    const gone = () => {
      stop();
      reject(new Error('closed before the target line'));
    };
    socket.once('error', gone).once('end', gone).once('close', gone);
    socket.on('data', function take(chunk: Buffer) {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf(10);
      if (end < 0 && seen.length <= LINE_BYTES) return;
      stop();
      socket.off('data', take).pause();
      if (end < 0 || end > LINE_BYTES) reject(new Error('no target line'));
      else resolve({ line: seen.toString('latin1', 0, end), rest: seen.subarray(end + 1) });
    });
  });
}

function dial(target: string): Promise<Socket> {
  const at = target.lastIndexOf(':');
  const socket = connect({ host: target.slice(0, at), port: Number(target.slice(at + 1)), allowHalfOpen: true });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error('no connection in time')), CONNECT_TIMEOUT_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.setNoDelay(true);
      resolve(socket);
    });
    socket.once('error', (cause) => {
      clearTimeout(timer);
      reject(cause);
    });
  });
}

/** One direction: an end is passed on as an end, a failure ends both. `pipe` holds the source back while the target is full. */
function join(from: Socket, to: Socket): void {
  from.setTimeout(IDLE_TIMEOUT_MS, () => from.destroy());
  from.on('error', () => to.destroy());
  from.once('close', () => to.destroySoon());
  from.pipe(to);
}
