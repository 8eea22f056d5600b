/** A host proxy over a real enclave: the enclave and the proxy each inside this process or as one that can be killed, everything driven through sockets. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Receipt } from '../../enclave/link/receipts.ts';
import type { CommandBody, CommandName } from '../../enclave/link/schema/command.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import { decodeStatement } from '../../enclave/link/statements.ts';
import { createLog } from '../../enclave/log.ts';
import { startEnclave } from '../../enclave/start.ts';
import { readConfig } from '../../host-proxy/config.ts';
import type { HostProxy } from '../../host-proxy/main.ts';
import { startHostProxy } from '../../host-proxy/main.ts';
import type { Files } from '../../host-proxy/store/files.ts';
import { DISK } from '../../host-proxy/store/files.ts';
import { pubkeyFromBytes } from '../../policy/keys.ts';
import type { Pubkey } from '../../policy/types.ts';
import { checkChain, readSegments } from '../../scripts/audit/chain.ts';
import { bundleProgram } from '../../scripts/build/bundle.ts';
import { devCredentials } from '../../scripts/dev/kms/server.ts';
import type { LeaseChanges, World } from '../enclave/helpers.ts';
import { createWorld, leaseBody, paymentOf, policyBlob, signCommand } from '../enclave/helpers.ts';
import { makeKey } from '../keys.ts';
import type { HttpAnswer } from './support.ts';
import { base64, call, QUIET, sendCommand, until } from './support.ts';

/** Limits far above what a test spends, where it does not say others. */
const AMPLE = { SOL: 10n ** 16n, signatures: 10n ** 9n };
/** What one lease allows. */
const SLICE = { SOL: 10n ** 13n, signatures: 10n ** 7n };
export const AMPLE_POLICY = {
  assets: {
    SOL: { perTransaction: '1000000000', windows: [{ seconds: 86_400, max: String(AMPLE.SOL) }] },
    signatures: { windows: [{ seconds: 3_600, max: String(AMPLE.signatures) }] },
  },
  lease: { maxSeconds: 86_400, slice: { SOL: String(SLICE.SOL), signatures: String(SLICE.signatures) } },
};

export interface RealHouse {
  readonly world: World;
  readonly admin: string;
  readonly store: string;
  readonly configFile: string;
  socket(wallet: string): string;
  /** In this process, or as one of its own. */
  startEnclave(): Promise<{ stop(): Promise<void> }>;
  spawnEnclave(more?: SpawnMore): Promise<ChildProcess>;
  startProxy(files?: Files): Promise<HostProxy>;
  spawnProxy(more?: SpawnMore): Promise<ChildProcess>;
  createWallet(name: string, policy?: object): Promise<Pubkey>;
  statement(wallet: string): Promise<Statement>;
  lease(wallet: string, changes?: LeaseChanges): Promise<void>;
  command<Name extends CommandName>(
    wallet: string,
    name: Name,
    body: CommandBody<Name>,
    signer?: string,
  ): Promise<HttpAnswer>;
  /** Everything the disk holds of a wallet now, its chain checked from the first receipt. */
  stored(wallet: string): readonly Receipt[];
}

export interface SpawnMore {
  /** A program bundled in place of the ordinary one. */
  readonly program?: string;
  /** A shell command before `exec`, such as `ulimit -n 64`. */
  readonly shell?: string;
}

/** A payment of `agent` to the shop as the agent's socket takes it; another `nonce` makes other bytes. */
export function payment(agent: Pubkey, nonce: number, lamports = 1_000n): { transaction: string } {
  return { transaction: base64(paymentOf(agent, lamports, nonce)) };
}

/** One program of the tests, bundled so that it starts quickly. Returns its file. */
export async function bundleInto(folder: string, entry: string): Promise<string> {
  const file = join(folder, `${entry.replaceAll('/', '-')}.mjs`);
  writeFileSync(file, (await bundleProgram(entry, { schemasAhead: false })).bytes);
  return file;
}

const isUp = async (admin: string): Promise<boolean> => {
  const health = await call(admin, 'GET', '/v1/health').catch(() => null);
  return health?.body.enclave === 'up' && Object.keys(health.body.unrestored).length === 0;
};

export async function openRealHouse(t: Test): Promise<RealHouse> {
  const world = await createWorld(t);
  const at = (name: string) => join(world.folder, name);
  const [admin, store, configFile] = [at('admin.sock'), at('store'), at('config.json')];
  const config = {
    enclave: { agent: `unix:${world.paths.agent}`, owner: `unix:${world.paths.owner}` },
    store: 'store',
    sockets: { directory: 'run' },
    admin: 'admin.sock',
    kms: { relay: 'relay.sock' },
    credentials: devCredentials,
    logLevel: 'fatal',
  };
  writeFileSync(configFile, JSON.stringify(config));
  const statement = (wallet: string) => readStatement(admin, wallet);
  const command: RealHouse['command'] = async (wallet, name, body, signer = 'owner') => {
    const { boot, commandSeq } = await statement(wallet);
    const answer = await sendCommand(
      admin,
      signCommand({ boot }, wallet, name, body, { seq: commandSeq + 1, key: makeKey(signer) }),
    );
    if (answer.status !== 200) throw new Error(`${name}: ${JSON.stringify(answer.body)}`);
    return answer;
  };
  return {
    world,
    admin,
    store,
    configFile,
    socket: (wallet) => join(world.folder, 'run', wallet, 'agent.sock'),
    startEnclave: () => startInside(t, world),
    spawnEnclave: (more = {}) => spawnEnclave(t, world, more),
    startProxy: async (files = DISK) => {
      const proxy = await startHostProxy(readConfig(configFile), QUIET, files);
      t.teardown(() => proxy.close({ closeWallets: false }));
      await until(() => isUp(admin));
      return proxy;
    },
    spawnProxy: async ({ program = 'host-proxy/start.ts', shell = ':' } = {}) => {
      const child = await spawnProgram(t, world, { program, shell }, ['--config', configFile]);
      await until(() => isUp(admin));
      return child;
    },
    createWallet: (name, policy = AMPLE_POLICY) => createWallet(world, admin, name, policy),
    statement,
    lease: async (wallet, changes = {}) => {
      const found = await statement(wallet);
      const ceiling = Object.entries(SLICE).map(([asset, amount]) => ({ asset, amount }));
      await command(wallet, 'lease.grant', leaseBody(found, { ceiling, ...changes }), 'renewer');
    },
    command,
    stored: (wallet) => checkChain(wallet, readSegments(join(store, 'wallets', wallet, 'receipts')), null).receipts,
  };
}

async function startInside(t: Test, world: World): Promise<{ stop(): Promise<void> }> {
  const enclave = await startEnclave(
    world.paths,
    createLog((line) => world.log.push(line)),
  );
  let stopped = false;
  const stop = async () => {
    if (!stopped) await enclave.stop();
    stopped = true;
  };
  t.teardown(stop);
  return { stop };
}

async function spawnEnclave(t: Test, world: World, { program = 'enclave/main.ts', shell = ':' }: SpawnMore) {
  const args = Object.entries(world.paths).flatMap(([name, path]) => [`--${name}`, path]);
  const child = await spawnProgram(t, world, { program, shell }, args);
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
      if (said.includes('enclave-ready')) resolve();
    });
    child.once('exit', () => reject(new Error(said)));
  });
  return child;
}

const bundles = new Map<string, Promise<string>>();

/** Clean environment: tap's own NODE_OPTIONS must not reach the process. It dies with the test. */
async function spawnProgram(t: Test, world: World, { program, shell }: Required<SpawnMore>, args: string[]) {
  const key = `${world.folder}/${program}`;
  const bundled = bundles.get(key) ?? bundleInto(world.folder, program);
  bundles.set(key, bundled);
  const file = await bundled;
  const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as ['ignore', 'ignore', 'pipe', 'ipc'];
  const child = spawn('/bin/sh', ['-c', `${shell}; exec "$0" "$@"`, process.execPath, file, ...args], {
    stdio,
    env: {},
  });
  child.stderr?.resume();
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

/** SIGKILL, and the end of it. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function readStatement(admin: string, wallet: string): Promise<Statement> {
  const nonce = base64(new Uint8Array(32));
  const { status, body } = await call(admin, 'POST', '/v1/attest', { nonce, wallets: [wallet] });
  if (status !== 200) throw new Error(`attest: ${JSON.stringify(body)}`);
  return decodeStatement(new Uint8Array(Buffer.from(body.statements[0], 'base64')));
}

async function createWallet(world: World, admin: string, wallet: string, changes: object): Promise<Pubkey> {
  const policy = policyBlob(changes);
  const { body } = await call(admin, 'GET', '/v1/hello');
  const boot = new Uint8Array(Buffer.from(body.boot, 'hex'));
  const create = {
    wallet,
    ownerPublicKey: makeKey('owner').key,
    kmsKeyArn: world.kmsKeyArn,
    policyHash: policy.hash,
  };
  const signed = signCommand({ boot }, wallet, 'wallet.create', create, { seq: 1 });
  const answer = await sendCommand(admin, { ...signed, policy: policy.bytes });
  if (answer.status !== 200) throw new Error(`create: ${JSON.stringify(answer.body)}`);
  return pubkeyFromBytes((await readStatement(admin, wallet)).agent);
}
