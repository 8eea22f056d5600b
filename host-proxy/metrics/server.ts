/** `GET /metrics` for Prometheus, where the configuration says so. It shows names of wallets and amounts: no secret, and nobody else's business either. */

import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Logger } from 'pino';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Watched } from './gauges.ts';
import { readGauges } from './gauges.ts';
import type { Meters } from './meters.ts';
import { formatFamilies, METRICS_TYPE } from './text.ts';

/** Connections served at once, and how long a request may take to arrive; milliseconds. */
const CONNECTIONS = 8;
const REQUEST_TIMEOUT_MS = 2000;

export interface MetricsServer {
  /** Where it listens; the port is the one the system chose when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** Listens until closed. `socket-in-use` when the port is taken. */
export async function startMetrics(
  { host, port }: Listen,
  watched: Watched,
  meters: Meters,
  log: Logger,
): Promise<MetricsServer> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (ask, reply) => {
      ask.resume();
      if (ask.method !== 'GET' || ask.url !== '/metrics') reply.writeHead(404).end();
      else void answer(reply, watched, meters, log);
    },
  );
  server.maxConnections = CONNECTIONS;
  await listen(server, host, port);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(reply: ServerResponse, watched: Watched, meters: Meters, log: Logger): Promise<void> {
  try {
    const text = formatFamilies([...(await readGauges(watched)), ...meters.families()]);
    reply.writeHead(200, { 'content-type': METRICS_TYPE }).end(text);
  } catch (cause) {
    log.warn({ reason: (cause as Error).name }, 'metrics not read');
    reply.writeHead(500).end();
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      reject(taken ? new ReeveError('socket-in-use', { path: `${host}:${port}` }, cause) : cause);
    });
    server.listen(port, host, () => resolve());
  });
}
