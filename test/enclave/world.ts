/** A whole small world around an enclave: simulated NSM, development KMS, the host's byte relay, a host that stores. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { LinkClient } from '../../enclave/link/client.ts';
import { connectLink } from '../../enclave/link/client.ts';
import type { WireAppend } from '../../enclave/link/messages.ts';
import { decodeReceipt } from '../../enclave/link/receipts.ts';
import { createLog } from '../../enclave/log.ts';
import { startEnclave } from '../../enclave/start.ts';
import type { Interferer } from '../../scripts/dev/kms/interference.ts';
import { STANDARD_POLICY } from '../../scripts/dev/kms/policy.ts';
import type { DevKms } from '../../scripts/dev/kms/server.ts';
import { devCredentials, startDevKms } from '../../scripts/dev/kms/server.ts';
import { startSimulatedNsm } from '../../scripts/dev/nsm.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'enclave', 'main.ts');

export interface World {
  readonly folder: string;
  /** What an enclave is started with. */
  readonly paths: Paths;
  readonly kmsKeyArn: string;
  /** Another sealing key in the development KMS, with this key policy. */
  createKey(policy?: string): string;
  /** The development KMS: its faults, its keys. */
  readonly kms: DevKms;
  /** Where the host's relay really connects. */
  relayPort: number;
  /** Milliseconds the NSM's clock is ahead of the machine's. */
  nsmOffset: number;
  /** Host names the relay was asked for. */
  readonly relayed: string[];
  /** Lines the enclave wrote to standard error. */
  readonly log: string[];
  /** An enclave inside this process: quick. */
  startInside(): Promise<TestEnclave>;
  /** An enclave as its own process, which can be killed. */
  startProcess(): Promise<TestEnclave>;
}

export interface TestEnclave {
  readonly boot: Uint8Array;
  readonly agent: LinkClient<'agent'>;
  readonly owner: LinkClient<'owner'>;
  readonly store: HostStore;
  readonly agentPath: string;
  readonly ownerPath: string;
  /** Of its process; null inside this one. */
  readonly pid: number | null;
  /** SIGTERM. Resolves to the exit code; null inside this process. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

/** What a host keeps of the receipts it was handed, by wallet. */
export interface HostStore {
  readonly receipts: Map<string, Uint8Array[]>;
  readonly heads: Map<string, Uint8Array>;
  append(append: WireAppend): void;
  /** Seq of the newest receipt of the wallet. */
  stored(wallet: string): number;
}

/** Keeps receipts by seq; what it has already it skips, as a host does; a gap is left for `receipts.since`. */
export function createStore(): HostStore {
  const receipts = new Map<string, Uint8Array[]>();
  const heads = new Map<string, Uint8Array>();
  return {
    receipts,
    heads,
    stored: (wallet) => receipts.get(wallet)?.length ?? 0,
    append({ wallet, receipts: added, signedHead }) {
      const kept = receipts.get(wallet) ?? [];
      for (const bytes of added) if (decodeReceipt(bytes).seq === kept.length + 1) kept.push(bytes);
      receipts.set(wallet, kept);
      const last = added.at(-1);
      if (last !== undefined && decodeReceipt(last).seq === kept.length) heads.set(wallet, signedHead);
    },
  };
}

/** Starts everything but the enclave; the test's end stops it all and removes its files. */
export async function createWorld(t: Test, options: { trust?: object; interferer?: Interferer } = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'rv-enclave-'));
  const at = (name: string) => join(folder, name);
  const relayed: string[] = [];
  const log: string[] = [];
  let nsmOffset = 0;
  const pcr = new Uint8Array(48).fill(7);
  const nsm = await startSimulatedNsm({
    socketPath: at('nsm.sock'),
    stateDir: at('nsm'),
    pcrs: { 0: pcr, 1: pcr, 2: pcr },
    now: () => Date.now() + nsmOffset,
  });
  const { interferer } = options;
  const kms = await startDevKms({
    port: 0,
    stateDir: at('nsm'),
    nsmRootDer: nsm.rootDer,
    log: () => undefined,
    ...(interferer === undefined ? {} : { interferer }),
  });
  const createKey = (policy = STANDARD_POLICY) => kms.keys.create('SYMMETRIC_DEFAULT', 'sealing', policy).arn;
  const kmsKeyArn = createKey();
  let relayPort = kms.port;
  const relay = await startRelay(at('kms.sock'), () => relayPort, relayed);
  const trust = {
    mode: 'development',
    nsm: 'simulated',
    clockSource: 'any',
    refuseDebug: true,
    kmsRoots: [{ name: 'development', pem: kms.caPem }],
    ...options.trust,
  };
  writeFileSync(at('trust'), JSON.stringify(trust));
  const running = new Set<TestEnclave>();
  t.teardown(async () => {
    await Promise.all([...running].map((enclave) => enclave.kill()));
    await relay();
    await kms.close();
    await nsm.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const paths = () => ({
    trust: at('trust'),
    agent: at('agent.sock'),
    owner: at('owner.sock'),
    nsm: at('nsm.sock'),
    kms: at('kms.sock'),
  });
  return {
    folder,
    paths: paths(),
    kmsKeyArn,
    createKey,
    kms,
    relayed,
    log,
    get relayPort() {
      return relayPort;
    },
    set relayPort(port: number) {
      relayPort = port;
    },
    get nsmOffset() {
      return nsmOffset;
    },
    set nsmOffset(offset: number) {
      nsmOffset = offset;
    },
    async startInside() {
      const enclave = await startEnclave(
        paths(),
        createLog((line) => log.push(line)),
      );
      const test = await connectTo(paths(), {
        stop: async () => {
          await enclave.stop();
          return null;
        },
        kill: () => enclave.stop(),
        pid: null,
      });
      running.add(test);
      return test;
    },
    async startProcess() {
      const child = await spawnEnclave(paths(), log);
      const test = await connectTo(paths(), {
        stop: () => end(child, 'SIGTERM'),
        kill: async () => void (await end(child, 'SIGKILL')),
        pid: child.pid ?? null,
      });
      running.add(test);
      return test;
    },
  };
}

/** The host's byte relay: one line, then raw bytes both ways. */
async function startRelay(path: string, port: () => number, relayed: string[]): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      const end = first?.indexOf('\n') ?? -1;
      if (first === null || end < 0) return socket.destroy();
      relayed.push(first.subarray(0, end).toString());
      const target = connect(port(), '127.0.0.1');
      sockets.add(target);
      target.on('error', () => socket.destroy());
      target.write(first.subarray(end + 1));
      socket.pipe(target);
      target.pipe(socket);
      return socket;
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
}

export type Paths = { trust: string; agent: string; owner: string; nsm: string; kms: string };

/** Waits for the line that says it serves. tap's own NODE_OPTIONS must not reach the process. */
async function spawnEnclave(paths: Paths, log: string[]): Promise<ChildProcess> {
  const args = Object.entries(paths).flatMap(([name, path]) => [`--${name}`, path]);
  const child = spawn('/usr/bin/env', ['-i', process.execPath, MAIN, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      log.push(chunk.toString());
      if (log.join('').includes('enclave-ready') && child.exitCode === null) resolve();
    });
    child.once('exit', () => reject(new Error(log.join(''))));
  });
  log.length = 0;
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
  return child.exitCode;
}

async function connectTo(paths: Paths, control: Pick<TestEnclave, 'stop' | 'kill' | 'pid'>): Promise<TestEnclave> {
  const store = createStore();
  const agent = await connectLink('agent', { kind: 'unix', path: paths.agent }, store.append);
  const owner = await connectLink('owner', { kind: 'unix', path: paths.owner }, store.append);
  const { result } = await owner.request('hello', {});
  await owner.request('credentials.set', devCredentials);
  const close = () => {
    agent.close();
    owner.close();
  };
  return {
    boot: result.boot,
    agent,
    owner,
    store,
    agentPath: paths.agent,
    ownerPath: paths.owner,
    pid: control.pid,
    stop: async () => {
      const code = await control.stop();
      close();
      return code;
    },
    kill: async () => {
      await control.kill();
      close();
    },
  };
}
