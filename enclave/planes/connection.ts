/** One connection: bytes to frames to requests, many in flight. A peer that dawdles or does not read is cut off and holds up nobody. */

import type { Socket } from 'node:net';
import { FRAME_DEADLINE_MS, REQUESTS_PER_TURN, UNREAD_DEADLINE_MS } from '../limits.ts';
import { isReeveError, ReeveError } from '../link/errors.ts';
import { createFrameReader } from '../link/frames.ts';
import { REQUESTS_IN_FLIGHT, UNREAD_BYTES } from '../link/limits.ts';
import type { WireRequest } from '../link/messages.ts';
import { decodeRequest, encodeMessage, FRAME_BYTES, hashParams } from '../link/messages.ts';
import type { Plane, SchemaName } from '../link/schema/registry.ts';
import { isValid } from '../link/validators.ts';
import { describeFault } from '../log.ts';
import type { ReplySink } from '../outbox.ts';
import { forgetSink } from '../outbox.ts';
import type { Answer } from './answer.ts';
import type { PlaneOptions } from './server.ts';

/** A reply to nothing in particular. */
const NO_REQUEST = { n: 0, asked: new Uint8Array(32) };
const FRAME_HEAD_BYTES = 8;

interface Connection extends ReplySink {
  inFlight: number;
  isEnding: boolean;
}

/** Serves requests until the peer leaves or breaks the protocol. */
export function serveConnection(socket: Socket, options: PlaneOptions): void {
  const connection = openConnection(socket, options.plane);
  const readFrames = createFrameReader(FRAME_BYTES[options.plane]);
  const watchFrame = createFrameWatch(socket);
  const guard = (work: () => void) => {
    try {
      work();
    } catch (error) {
      fail(connection, NO_REQUEST, toFault(error), options);
    }
  };
  const serve = takeTurns(socket, (body) => guard(() => takeRequest(connection, body, options)));
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    watchFrame(0, []);
    forgetSink(connection);
  });
  socket.on('data', (chunk: Buffer) => {
    if (connection.isEnding) return;
    guard(() => {
      const bodies = readFrames(chunk);
      watchFrame(chunk.length, bodies);
      serve(bodies);
    });
  });
}

/**
 * Serves a few requests, then gives the other connections a turn and the replies so far their way out: the host stores and answers them
 * while the next are signed. While requests wait, nothing more is read.
 */
function takeTurns(socket: Socket, serve: (body: Uint8Array) => void): (bodies: readonly Uint8Array[]) => void {
  const waiting: Uint8Array[] = [];
  const turn = () => {
    for (const body of waiting.splice(0, REQUESTS_PER_TURN)) serve(body);
    if (waiting.length > 0) setImmediate(turn);
    else if (socket.isPaused() && !socket.writableNeedDrain) socket.resume();
  };
  return (bodies) => {
    const isTurning = waiting.length > 0;
    waiting.push(...bodies);
    if (waiting.length > REQUESTS_PER_TURN) socket.pause();
    if (!isTurning) turn();
  };
}

/** One connection too many: told so, and closed. */
export function refuseConnection(plane: Plane, socket: Socket): void {
  const error = { code: 'busy', detail: 'too many connections' };
  socket.on('error', () => socket.destroy());
  socket.end(encodeMessage(plane, { ...NO_REQUEST, error }), () => socket.destroy());
}

function openConnection(socket: Socket, plane: Plane): Connection {
  let stall: NodeJS.Timeout | undefined;
  socket.on('drain', () => {
    clearTimeout(stall);
    stall = undefined;
    socket.resume();
  });
  socket.once('close', () => clearTimeout(stall));
  const limitStall = () => {
    stall ??= setTimeout(() => socket.destroy(), UNREAD_DEADLINE_MS).unref();
  };
  return {
    plane,
    handed: new Set(),
    inFlight: 0,
    isEnding: false,
    isOpen: () => socket.writable,
    write(frames) {
      // Nothing more is read from a peer that does not read.
      if (!socket.write(frames)) {
        socket.pause();
        limitStall();
      }
      if (socket.writableLength > UNREAD_BYTES) socket.destroy();
    },
    end() {
      limitStall();
      socket.end(() => socket.destroy());
    },
  };
}

/** Cuts a peer off that begins a frame and does not end it in time. Called with every chunk and the frames it completed. */
function createFrameWatch(socket: Socket): (received: number, bodies: readonly Uint8Array[]) => void {
  let pending = 0;
  let timer: NodeJS.Timeout | undefined;
  return (received, bodies) => {
    pending += received;
    for (const body of bodies) pending -= FRAME_HEAD_BYTES + body.length;
    if (bodies.length > 0 || received === 0) {
      clearTimeout(timer);
      timer = undefined;
    }
    if (pending > 0 && received > 0) timer ??= setTimeout(() => socket.destroy(), FRAME_DEADLINE_MS).unref();
  };
}

function takeRequest(connection: Connection, body: Uint8Array, options: PlaneOptions): void {
  if (connection.isEnding) return;
  const request = decodeRequest(body);
  const place = { n: request.n, asked: hashParams(request.params as Record<string, unknown>) };
  if (!Object.hasOwn(options.handlers, request.method)) {
    fail(connection, place, new ReeveError('method-unknown', {}), options);
    return;
  }
  const refuse = (error: ReeveError) => options.outbox.push({ sink: connection, ...place, outcome: { error } });
  if (connection.inFlight >= REQUESTS_IN_FLIGHT) {
    refuse(new ReeveError('busy', { limit: REQUESTS_IN_FLIGHT }));
  } else if (!isValid(`${options.plane}/${request.method}/params` as SchemaName, request.params)) {
    refuse(new ReeveError('request-malformed', { method: request.method }));
  } else {
    runRequest(connection, request, place, options);
  }
}

type Place = { readonly n: number; readonly asked: Uint8Array };

/** Calls the handler. One that answers at once is answered in this very turn. */
function runRequest(connection: Connection, request: WireRequest, place: Place, options: PlaneOptions): void {
  const { outbox, log, handlers } = options;
  const finish = (answer: Answer<object>) => {
    connection.inFlight -= 1;
    outbox.push({ sink: connection, ...place, outcome: { answer } });
  };
  const refuse = (error: unknown) => {
    connection.inFlight -= 1;
    const fault = toFault(error);
    if (fault.code === 'internal') log.error('request-failed', { method: request.method, ...describeFault(error) });
    outbox.push({ sink: connection, ...place, outcome: { error: fault } });
  };
  connection.inFlight += 1;
  try {
    const answer = handlers[request.method]?.(request.params as never);
    if (answer instanceof Promise) answer.then(finish, refuse);
    else if (answer !== undefined) finish(answer);
  } catch (error) {
    refuse(error);
  }
}

/** The last reply of a connection: nothing after a broken frame can be told apart. */
function fail(connection: Connection, place: Place, error: ReeveError, { outbox, log, plane }: PlaneOptions): void {
  connection.isEnding = true;
  log.error('connection-refused', { plane, code: error.code });
  outbox.push({ sink: connection, ...place, outcome: { error }, isLast: true });
}

/** Unknown errors are `internal` to the peer: their text could hold anything. */
function toFault(error: unknown): ReeveError {
  return isReeveError(error) ? error : new ReeveError('internal', {});
}
