/** Unix sockets that have their mode from the first moment and never push a living listener aside. */

import { chownSync, lstatSync, statSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import { connect } from 'node:net';
import { SOCKET_PATH_BYTES } from '../../enclave/link/address.ts';
import { ReeveError } from '../../enclave/link/errors.ts';

export interface SocketAccess {
  /** File mode of the socket. */
  readonly mode: number;
  /** Numeric group that gets the socket. */
  readonly group?: number | undefined;
}

/** Two starters can both find a stale socket; the one whose socket was replaced meanwhile gives way after this time, milliseconds. */
const TAKEOVER_CHECK_MS = 50;

/**
 * Listens on `path`. A socket left by a process of this user that is gone is replaced; one that answers, another user's, or a path that is no
 * socket, is `socket-in-use`.
 */
export async function listenUnix(server: Server, path: string, access: SocketAccess): Promise<void> {
  const observed = Buffer.byteLength(path);
  if (observed > SOCKET_PATH_BYTES) throw new ReeveError('address-malformed', { limit: SOCKET_PATH_BYTES, observed });
  const stale = await removeStale(path);
  await bind(server, path, access.mode);
  if (access.group !== undefined) chownSync(path, -1, access.group);
  if (!stale) return;
  const { ino } = statSync(path);
  await new Promise((resolve) => setTimeout(resolve, TAKEOVER_CHECK_MS));
  if (statSync(path, { throwIfNoEntry: false })?.ino !== ino) throw new ReeveError('socket-in-use', { path });
}

async function removeStale(path: string): Promise<boolean> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  const isOurs = found.uid === process.getuid?.();
  if (!found.isSocket() || !isOurs || (await doesListen(path))) throw new ReeveError('socket-in-use', { path });
  unlinkSync(path);
  return true;
}

function doesListen(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** The umask is set only while Node binds, which it does before `listen` returns. */
function bind(server: Server, path: string, mode: number): Promise<void> {
  const before = process.umask(0o777 & ~mode);
  try {
    return new Promise((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        reject(cause.code === 'EADDRINUSE' ? new ReeveError('socket-in-use', { path }, cause) : cause);
      });
      server.listen(path, () => resolve());
    });
  } finally {
    process.umask(before);
  }
}
