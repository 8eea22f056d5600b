/** One plane: a Unix socket, frames, and a table of methods. Whatever breaks the protocol gets one error and ends its connection; others do not notice. */

import { unlinkSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { CONNECTIONS_PER_PLANE } from '../limits.ts';
import { ReeveError } from '../link/errors.ts';
import type { Plane } from '../link/schema/registry.ts';
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox.ts';
import type { Handlers } from './answer.ts';
import { refuseConnection, serveConnection } from './connection.ts';

/** Group and owner of this process may connect. */
const SOCKET_UMASK = 0o117;

export interface PlaneServer {
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

export interface PlaneOptions {
  readonly plane: Plane;
  readonly path: string;
  readonly handlers: Handlers;
  readonly outbox: Outbox;
  readonly log: Log;
}

/** Listens at `path`; a socket file that nobody serves is replaced. Rejects with `startup-refused`. */
export async function servePlane(options: PlaneOptions): Promise<PlaneServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (sockets.size >= CONNECTIONS_PER_PLANE) {
      refuseConnection(options.plane, socket);
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveConnection(socket, options);
  });
  await removeStale(options.path);
  await listen(server, options.path);
  return { close: () => stop(server, sockets) };
}

async function listen(server: Server, path: string): Promise<void> {
  const umask = process.umask(SOCKET_UMASK);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => resolve());
    });
  } catch (cause) {
    throw new ReeveError('startup-refused', { what: 'listen', path }, cause);
  } finally {
    process.umask(umask);
  }
}

/** Removes a socket file that a killed process left behind. */
async function removeStale(path: string): Promise<void> {
  const code = await probe(path);
  if (code === 'ENOENT') return;
  if (code !== 'ECONNREFUSED') throw new ReeveError('startup-refused', { what: 'the socket is in use', path });
  unlinkSync(path);
}

/** The error of connecting to `path`, or null when somebody accepts. */
function probe(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
  });
}

function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}
