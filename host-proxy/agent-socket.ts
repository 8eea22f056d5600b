/** The agent sockets: one per wallet, all answered by the same application. What an agent can reach is its wallet's socket and nothing else. */

import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ReeveError } from '../enclave/link/errors.ts';
import { closeServer, createApp, serveApp, walletOf } from './http/app.ts';
import type { ConnectionPool } from './http/connections.ts';
import { listenUnix } from './http/listen.ts';
import { sendProblem } from './http/problem.ts';
import type { Meters } from './metrics/meters.ts';
import { describeRoutes } from './routes/openapi.ts';
import {
  approvalRoute,
  attestationRoute,
  budgetRoute,
  healthRoute,
  policyRoute,
  walletRoute,
} from './routes/reading.ts';
import type { Answer, Route, Services } from './routes/route.ts';
import { evaluateRoute, messageRoute, signRoute } from './routes/sign.ts';
import { transferReadRoute, transferRoute } from './routes/transfer.ts';

/** Bytes of a request body; eight transactions with names of owners take less than half. */
const BODY_BYTES = 64 * 1024;
const SOCKET_MODE = 0o660;
const DIRECTORY_MODE = 0o750;

export const ROUTES: readonly Route[] = [
  signRoute,
  transferRoute,
  transferReadRoute,
  evaluateRoute,
  messageRoute,
  walletRoute,
  policyRoute,
  budgetRoute,
  approvalRoute,
  attestationRoute,
  healthRoute,
];

export interface AgentSockets {
  /** Opens the wallet's socket, unless it is open. `socket-in-use` when something else listens there. */
  open(wallet: string): Promise<void>;
  /** Stops listening and waits up to `graceMs` for what is being answered. */
  close(graceMs: number): Promise<void>;
}

export interface SocketPlace {
  readonly directory: string;
  readonly groupId: number | undefined;
}

export async function createAgentSockets(
  place: SocketPlace,
  services: Services,
  meters: Meters,
  pool: ConnectionPool,
  log: Logger,
): Promise<AgentSockets> {
  const app = createApp(log, BODY_BYTES, meters.countRequest);
  for (const route of ROUTES) addRoute(app, services, route);
  const document = describeRoutes(ROUTES);
  app.get('/openapi.json', async () => document);
  await app.ready();
  const servers = new Map<string, Server>();

  async function open(wallet: string): Promise<void> {
    if (servers.has(wallet)) return;
    const server = serveApp(app, pool, wallet);
    const directory = join(place.directory, wallet);
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    chmodSync(directory, DIRECTORY_MODE);
    if (place.groupId !== undefined) chownSync(directory, -1, place.groupId);
    await listenUnix(server, join(directory, 'agent.sock'), { mode: SOCKET_MODE, group: place.groupId });
    servers.set(wallet, server);
    pool.wallets += 1;
  }

  const close = async (graceMs: number) => {
    await Promise.all([...servers.values()].map((server) => closeServer(server, graceMs)));
  };
  return { open, close };
}

function addRoute(app: FastifyInstance, services: Services, route: Route): void {
  const schema = {
    ...(route.body !== undefined && { body: route.body }),
    ...(route.params !== undefined && { params: route.params }),
    ...(route.query !== undefined && { querystring: route.query }),
  };
  app.route({
    method: route.method,
    url: route.url,
    schema,
    handler: async (request, reply) => {
      const answer = await route.handle({
        services,
        wallet: findWallet(services, request),
        body: request.body,
        params: request.params,
        query: request.query,
        // Made only for the routes that wait.
        get gone() {
          return watchCaller(reply);
        },
      });
      return sendAnswer(reply, answer);
    },
  });
}

function findWallet({ store }: Services, request: FastifyRequest) {
  const name = walletOf(request);
  const wallet = store.find(name);
  if (wallet === undefined) throw new ReeveError('wallet-unknown', { wallet: name });
  return wallet;
}

function watchCaller(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  switch (answer.kind) {
    case 'done':
      return reply.code(answer.status).send(answer.body);
    case 'problem':
      if (answer.retryAfter !== undefined) void reply.header('retry-after', answer.retryAfter);
      return sendProblem(reply, answer.problem);
  }
}
