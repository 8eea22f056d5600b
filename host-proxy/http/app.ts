/** What the agent sockets and the admin socket have in common: strict bodies, one shape of errors, time limits, a cap on connections. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fastify } from 'fastify';
import type { Logger } from 'pino';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { ConnectionPool } from './connections.ts';
import { limitConnections } from './connections.ts';
import { makeProblem, problemOf, rawAnswer, sendProblem } from './problem.ts';

/** Until the head, the whole request, the next request of a kept connection; and without a byte, milliseconds. */
const HEAD_TIMEOUT_MS = 2000;
const REQUEST_TIMEOUT_MS = 4000;
const KEEP_ALIVE_MS = 30_000;
const IDLE_TIMEOUT_MS = 120_000;
/** How long an answer may lie unread before its connection is cut, milliseconds. */
const UNREAD_TIMEOUT_MS = 5000;
const CHECK_INTERVAL_MS = 500;
/** Of a body that is too long, so much is read before the answer, and so long; bytes and milliseconds. */
const DISCARD_BYTES = 8 * 1024 * 1024;
const DISCARD_MS = 1000;

const wallets = new WeakMap<IncomingMessage, string>();

/** A Fastify application without a listener: sockets are given to it by `serveApp`. `count` gets route and status of every answer. */
export function createApp(
  log: Logger,
  bodyLimit: number,
  count?: (route: string, status: number) => void,
): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit,
    exposeHeadRoutes: false,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply as FastifyReply, problemOf(error)),
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        useDefaults: false,
        strict: true,
        ownProperties: true,
        allowUnionTypes: true,
        // The schemas are ours and tested: to check each against the meta-schema is half of a start.
        meta: false,
        validateSchema: false,
      },
    },
  });
  app.removeContentTypeParser('text/plain');
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, makeProblem('route-unknown', { method: request.method })),
  );
  app.setErrorHandler(async (error, request, reply) => {
    const problem = problemOf(error);
    if (problem.code === 'body-too-large') await discardBody(request.raw);
    const place = (error as Error).stack?.split('\n')[1]?.trim();
    if (problem.code === 'internal')
      log.error({ ...describeRequest(request), place, reason: (error as Error).name }, 'internal');
    return sendProblem(reply, problem);
  });
  // A line for every request would cost more than its decision: they are for debugging, what went wrong on this side is not.
  app.addHook('onResponse', (request, reply, done) => {
    count?.(request.routeOptions.url ?? 'unknown', reply.statusCode);
    const level = reply.statusCode >= 500 ? 'warn' : 'debug';
    if (log.isLevelEnabled(level)) {
      const ms = Math.round(reply.elapsedTime * 10) / 10;
      log[level]({ ...describeRequest(request), status: reply.statusCode, ms }, 'request');
    }
    done();
  });
  return app;
}

/** A peer that is still sending would lose the answer with its connection: what it sends is read and thrown away for a moment. */
function discardBody(request: IncomingMessage): Promise<void> {
  let room = DISCARD_BYTES;
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, DISCARD_MS);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once('end', end).once('close', end);
    request.on('data', (chunk: Buffer) => {
      room -= chunk.length;
      if (room < 0) end();
    });
  });
}

/** Which route was asked for, never what was in it. */
function describeRequest(request: FastifyRequest): Record<string, unknown> {
  const wallet = wallets.get(request.raw);
  return {
    method: request.method,
    route: request.routeOptions.url ?? 'unknown',
    ...(wallet !== undefined && { wallet }),
  };
}

/** The wallet whose socket this request came in by. */
export function walletOf(request: FastifyRequest): string {
  const wallet = wallets.get(request.raw);
  if (wallet === undefined) throw new ReeveError('internal', {});
  return wallet;
}

/** An HTTP server (not yet listening) whose requests `app` answers; all of them belong to `wallet`, where one is named. */
export function serveApp(app: FastifyInstance, pool: ConnectionPool, wallet?: string): Server {
  const options = {
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    headersTimeout: HEAD_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const server = createServer(options, (request: IncomingMessage, response: ServerResponse) => {
    if (wallet !== undefined) wallets.set(request, wallet);
    // While the server ends, a kept connection is told to.
    if (!server.listening) response.shouldKeepAlive = false;
    limitUnread(response);
    app.routing(request, response);
  });
  server.timeout = IDLE_TIMEOUT_MS;
  limitConnections(server, pool, wallet === undefined ? 'admin' : 'agent');
  server.on('clientError', answerBrokenHttp);
  return server;
}

/** Cuts off a peer that leaves its answer unread. */
function limitUnread(response: ServerResponse): void {
  response.once('prefinish', () => {
    const timer = setTimeout(() => response.destroy(), UNREAD_TIMEOUT_MS).unref();
    response.once('finish', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  });
}

function answerBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  socket.end(rawAnswer(makeProblem(late ? 'request-timeout' : 'http-malformed')));
}

/** Stops listening, closes idle connections, and the others once they are answered or `graceMs` is over. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(timer);
}
