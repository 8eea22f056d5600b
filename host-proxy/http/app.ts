/** What the agent sockets and the admin socket have in common: strict bodies, one shape of errors, time limits, a cap on connections. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fastify } from 'fastify';
import type { Logger } from 'pino';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Problem } from './problem.ts';
import { makeProblem, PROBLEM_TYPE, problemOf, sendProblem } from './problem.ts';

/** Connections one socket serves; more get a ready-made 503. */
const CONNECTIONS_MAX = 64;
/** Connections that may wait for that 503. */
const CONNECTIONS_TURNED_AWAY = 64;
/** Until the head, the whole request, the next request of a kept connection; and without a byte, milliseconds. */
const HEAD_TIMEOUT_MS = 2000;
const REQUEST_TIMEOUT_MS = 4000;
const KEEP_ALIVE_MS = 30_000;
const IDLE_TIMEOUT_MS = 120_000;
const CHECK_INTERVAL_MS = 500;
/** Of a body that is too long, so much is read before the answer, and so long; bytes and milliseconds. */
const DISCARD_BYTES = 8 * 1024 * 1024;
const DISCARD_MS = 1000;

const wallets = new WeakMap<IncomingMessage, string>();

/** A Fastify application without a listener: sockets are given to it by `serveApp`. */
export function createApp(log: Logger, bodyLimit: number): FastifyInstance {
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
export function serveApp(app: FastifyInstance, wallet?: string): Server {
  const options = {
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    headersTimeout: HEAD_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const server = createServer(options, (request: IncomingMessage, response: ServerResponse) => {
    if (wallet !== undefined) wallets.set(request, wallet);
    app.routing(request, response);
  });
  server.timeout = IDLE_TIMEOUT_MS;
  server.maxConnections = CONNECTIONS_MAX + CONNECTIONS_TURNED_AWAY;
  limitConnections(server);
  server.on('clientError', answerBrokenHttp);
  return server;
}

function limitConnections(server: Server): void {
  let open = 0;
  server.prependListener('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
    if (open > CONNECTIONS_MAX) socket.end(rawAnswer(makeProblem('connections-full', { limit: CONNECTIONS_MAX })));
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

function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} Refused`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${body.length}`,
  ];
  return `${[...head, 'connection: close'].join('\r\n')}\r\n\r\n${body}`;
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
