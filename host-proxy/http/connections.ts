/**
 * How many connections this process holds. Past the limit of its descriptors the runtime closes new connections without a word; so the cap lies below it,
 * and one connection too many is told so. The admin socket has places of its own: agents cannot keep their owner out.
 */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { makeProblem, rawAnswer } from './problem.ts';

/** Connections one socket serves, however many descriptors there are. */
const CONNECTIONS_PER_SOCKET = 256;
/** Connections of the admin socket that no agent can take. */
const ADMIN_CONNECTIONS = 4;
/** Connections served even where the limit of descriptors leaves no room for them. */
const CONNECTIONS_MIN = 4;
/** Descriptors of the runtime, the lock, the relay and its connections, the two planes, with some to spare. */
const DESCRIPTORS_OF_PROCESS = 36;
/** A wallet's listener, its segment and its head. */
const DESCRIPTORS_PER_WALLET = 3;
/** A connection and the file its request may be writing. */
const DESCRIPTORS_PER_CONNECTION = 2;
/** Refused connections that may still read their answer, and for how long, milliseconds. */
const TURNED_AWAY_MAX = 64;
const TURNED_AWAY_MS = 1000;

/** What all sockets of the process share. */
export interface ConnectionPool {
  /** The process's own limit of open descriptors. */
  readonly descriptors: number;
  wallets: number;
  open: number;
  /** Told that there is no room, not yet closed; oldest first. */
  readonly turnedAway: Set<Socket>;
}

export function createConnectionPool(descriptors = readDescriptorLimit()): ConnectionPool {
  return { descriptors, wallets: 0, open: 0, turnedAway: new Set() };
}

interface Report {
  excludeNetwork: boolean;
  getReport(): { userLimits: { open_files: { soft: number | 'unlimited' } } };
}

/** RLIMIT_NOFILE as the runtime left it: it raises the soft limit to the hard one at its start. */
function readDescriptorLimit(): number {
  const report = process.report as unknown as Report;
  // Without this it would look up names of network addresses.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport();
  const { soft } = userLimits.open_files;
  return typeof soft === 'number' ? soft : Number.MAX_SAFE_INTEGER;
}

/** Connections that fit, those of the admin socket included. */
export function countRoom({ descriptors, wallets }: ConnectionPool): number {
  const free = descriptors - DESCRIPTORS_OF_PROCESS - DESCRIPTORS_PER_WALLET * wallets;
  return Math.max(CONNECTIONS_MIN, Math.floor(free / DESCRIPTORS_PER_CONNECTION));
}

/** Refused connections that may linger: a quarter of the room. */
function countLingering(pool: ConnectionPool): number {
  return Math.min(TURNED_AWAY_MAX, countRoom(pool) >> 2);
}

/** Puts the cap before everything the server does with a connection. */
export function limitConnections(server: Server, pool: ConnectionPool, kind: 'agent' | 'admin'): void {
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');
  let own = 0;
  server.on('connection', (socket: Socket) => {
    const room = countRoom(pool) - countLingering(pool) - (kind === 'agent' ? ADMIN_CONNECTIONS : 0);
    const limit = Math.min(CONNECTIONS_PER_SOCKET, Math.max(1, room));
    if (own >= limit || pool.open >= Math.max(1, room)) {
      turnAway(socket, pool, limit);
      return;
    }
    own += 1;
    pool.open += 1;
    socket.once('close', () => {
      own -= 1;
      pool.open -= 1;
    });
    for (const listener of serve) listener.call(server, socket);
  });
}

/** The answer is written before anything is read: it lies with the peer even when the connection is closed for a newer one. */
function turnAway(socket: Socket, pool: ConnectionPool, limit: number): void {
  pool.turnedAway.add(socket);
  const timer = setTimeout(() => socket.destroy(), TURNED_AWAY_MS).unref();
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    clearTimeout(timer);
    pool.turnedAway.delete(socket);
  });
  socket.once('end', () => socket.destroySoon());
  socket.resume();
  socket.end(rawAnswer(makeProblem('connections-full', { limit })));
  for (const oldest of pool.turnedAway) {
    if (pool.turnedAway.size <= countLingering(pool)) break;
    oldest.destroy();
    pool.turnedAway.delete(oldest);
  }
}
