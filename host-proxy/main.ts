/** `reeve host-proxy --config FILE`: the process on the parent host that owns store and sockets, and decides nothing. */

import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { pino } from 'pino';
import { isReeveError } from '../enclave/link/errors.ts';
import { startAdminSocket } from './admin/socket.ts';
import type { AgentSockets } from './agent-socket.ts';
import { createAgentSockets } from './agent-socket.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { watchCredentials } from './credentials.ts';
import { openEnclave } from './enclave/enclave.ts';
import { createConnectionPool } from './http/connections.ts';
import { createMeters } from './metrics/meters.ts';
import { startMetrics } from './metrics/server.ts';
import { startRelay } from './relay.ts';
import { createReads } from './routes/reads.ts';
import { createRpc } from './rpc.ts';
import type { Files } from './store/files.ts';
import { DISK } from './store/files.ts';
import { openStore } from './store/store.ts';
import { createTransfers } from './transfer/transfers.ts';

const USAGE = `usage: reeve host-proxy --config FILE [--close-on-exit]

  --config FILE     the one configuration file (JSON)
  --close-on-exit   on SIGTERM or SIGINT ask the enclave to close every wallet in order first
`;

/** At the end, for what is still being answered, milliseconds. */
const GRACE_MS = 2000;

export interface Io {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export interface HostProxy {
  close(options: { closeWallets: boolean }): Promise<void>;
}

/** Runs until SIGTERM or SIGINT. Exit codes: 0 ended in order, 1 could not start, 2 wrong use. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const options = readOptions(argv);
  if (options === null || options.help) {
    (options === null ? io.stderr : io.stdout).write(USAGE);
    return options === null ? 2 : 0;
  }
  try {
    const config = readConfig(options.config);
    const log = pino(
      { level: config.logLevel ?? 'info', base: { part: 'host-proxy' } },
      pino.destination({ dest: 2, sync: true }),
    );
    const signal = waitForSignal();
    const proxy = await startHostProxy(config, log);
    log.info({ admin: config.admin, sockets: config.sockets.directory }, 'ready');
    log.info({ signal: await signal }, 'stopping');
    await proxy.close({ closeWallets: options.closeOnExit || config.closeOnExit === true });
    return 0;
  } catch (cause) {
    const text = isReeveError(cause) ? `${cause.code}: ${cause.message}` : `internal: ${(cause as Error).message}`;
    io.stderr.write(`reeve host-proxy: ${text}\n`);
    return 1;
  }
}

function readOptions(argv: readonly string[]): { config: string; closeOnExit: boolean; help: boolean } | null {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { config: { type: 'string' }, 'close-on-exit': { type: 'boolean' }, help: { type: 'boolean' } },
    });
    const { config, help = false } = values;
    if (config === undefined && !help) return null;
    return { config: config ?? '', closeOnExit: values['close-on-exit'] === true, help };
  } catch {
    return null;
  }
}

function waitForSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

/** Starts every part; reads are answered before the enclave is there. Rejects, with everything closed again, when a socket or the store cannot be had. */
export async function startHostProxy(config: Config, log: Logger, files: Files = DISK): Promise<HostProxy> {
  const ends: (() => unknown)[] = [];
  const closeAll = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  const order = { closeWallets: false };
  try {
    await startParts({ config, log, files }, ends, order);
    const close = (wanted: { closeWallets: boolean }) => {
      Object.assign(order, wanted);
      return closeAll();
    };
    return { close };
  } catch (cause) {
    await closeAll();
    throw cause;
  }
}

/** In the order in which each needs the one before; `ends` undoes it from the last to the first. */
async function startParts(
  { config, log, files }: { config: Config; log: Logger; files: Files },
  ends: (() => unknown)[],
  order: { closeWallets: boolean },
): Promise<void> {
  const store = await openStore(config.store, files);
  ends.push(() => store.close());
  for (const [wallet, { code }] of store.damaged) log.error({ wallet, code }, 'wallet not opened');
  const relay = await startRelay(config.kms, log);
  ends.push(() => relay.close());
  const meters = createMeters();
  const enclave = openEnclave(config.enclave, store, meters, log);
  ends.push(() => enclave.close());
  ends.push(async () => {
    if (order.closeWallets) await enclave.closeWallets().catch(() => log.warn({}, 'wallets not closed'));
  });
  const transfers = createTransfers(store, enclave, config.rpc === undefined ? null : createRpc(config.rpc), log);
  const reads = createReads();
  const pool = createConnectionPool();
  ends.push(() => reads.close());
  const place = { directory: config.sockets.directory, groupId: config.groupId };
  const sockets = await createAgentSockets(place, { store, enclave, transfers, reads }, meters, pool, log);
  ends.push(() => sockets.close(GRACE_MS));
  for (const { name } of store.list()) await openSocket(sockets, name, log);
  const admin = { store, enclave, openSocket: (wallet: string) => openSocket(sockets, wallet, log) };
  const adminSocket = await startAdminSocket(config.admin, admin, pool, log);
  ends.push(() => adminSocket.close(GRACE_MS));
  if (config.metrics !== undefined) {
    const watched = { store, enclave, directory: config.store };
    const metrics = await startMetrics(config.metrics.listen, watched, meters, log);
    log.info({ port: metrics.port }, 'metrics');
    ends.push(() => metrics.close());
  }
  if (config.credentials !== undefined) {
    const watch = watchCredentials(config.credentials, log, enclave.setCredentials);
    ends.push(() => watch.close());
  }
  ends.push(() => transfers.close());
  void transfers.resume().catch((cause: Error) => log.error({ reason: cause.name }, 'transfers not resumed'));
}

/** One wallet's socket that cannot be had leaves everything else as it is: a new wallet's seal still goes to its owner. */
async function openSocket(sockets: AgentSockets, wallet: string, log: Logger): Promise<void> {
  await sockets.open(wallet).catch((cause) => {
    log.error({ wallet, code: isReeveError(cause) ? cause.code : 'internal' }, 'agent socket not opened');
  });
}
