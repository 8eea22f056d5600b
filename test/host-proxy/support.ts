/** A host proxy over a fake enclave, in a folder of its own, and ways to talk to it. */

import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { readConfig } from '../../host-proxy/config.ts';
import type { HostProxy } from '../../host-proxy/main.ts';
import { startHostProxy } from '../../host-proxy/main.ts';
import type { FakeEnclave } from './fake-enclave.ts';
import { createFakeEnclave } from './fake-enclave.ts';
import { createCommand } from './fake-wallet.ts';

export const QUIET = pino({ level: 'silent' });
const ROOT = join(import.meta.dirname, '..', '..');

export interface House {
  /** Writes the configuration file without starting anything. */
  writeConfig(more: object): void;
  readonly folder: string;
  readonly fake: FakeEnclave;
  readonly configFile: string;
  readonly admin: string;
  readonly store: string;
  socket(wallet: string): string;
  /** The proxy in this process; closed by `cleanUp`. */
  startProxy(more?: object): Promise<HostProxy>;
  /** The proxy as a process of its own, ready. Killed by `cleanUp`. */
  spawnProxy(more?: object): Promise<ChildProcess>;
  createWallet(name: string): Promise<void>;
  cleanUp(): Promise<void>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** One request over a Unix socket. A string body is sent as it is. */
export function call(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const all = { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, headers: all, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const raw = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: raw === '' ? null : JSON.parse(raw) });
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

/** What curl prints, and the status it saw. */
export function curl(socketPath: string, ...args: string[]): Promise<{ status: number; text: string }> {
  const all = ['--silent', '--show-error', '--unix-socket', socketPath, '--write-out', '\n%{http_code}', ...args];
  return new Promise((resolve, reject) => {
    execFile('curl', all, (error, stdout) => {
      if (error !== null) reject(error);
      const cut = stdout.lastIndexOf('\n');
      resolve({ status: Number(stdout.slice(cut + 1)), text: stdout.slice(0, cut) });
    });
  });
}

/** Looks again until `look` gives something. */
export async function until<Value>(look: () => Promise<Value | null | false> | Value | null | false): Promise<Value> {
  for (let tries = 0; tries < 400; tries += 1) {
    const value = await look();
    if (value !== null && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not happen in ten seconds');
}

export const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** A signed command over the admin socket. */
export function sendCommand(
  admin: string,
  command: { envelope: Uint8Array[]; body: Uint8Array; policy?: Uint8Array },
): Promise<HttpAnswer> {
  const { envelope, body, policy } = command;
  const blob = policy === undefined ? {} : { policy: base64(policy) };
  return call(admin, 'POST', '/v1/commands', { envelope: envelope.map(base64), body: base64(body), ...blob });
}

export async function makeHouse(): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'rv-'));
  const fake = createFakeEnclave({ agent: `unix:${folder}/a.sock`, owner: `unix:${folder}/o.sock` });
  await fake.start();
  const [configFile, admin, store] = [join(folder, 'config.json'), join(folder, 'admin.sock'), join(folder, 'store')];
  const ends: (() => unknown)[] = [];
  const writeConfig = (more: object) => {
    const config = {
      enclave: fake.addresses,
      store: 'store',
      sockets: { directory: 'run' },
      admin: 'admin.sock',
      kms: { relay: 'kms.sock' },
      logLevel: 'info',
      ...more,
    };
    writeFileSync(configFile, JSON.stringify(config));
  };

  async function startProxy(more: object = {}): Promise<HostProxy> {
    writeConfig(more);
    const proxy = await startHostProxy(readConfig(configFile), QUIET);
    ends.push(() => proxy.close({ closeWallets: false }));
    return proxy;
  }

  async function spawnProxy(more: object = {}): Promise<ChildProcess> {
    writeConfig(more);
    const main = join(ROOT, 'host-proxy', 'start.ts');
    const args = ['-u', 'NODE_OPTIONS', process.execPath, main, '--config', configFile];
    const child = spawn('/usr/bin/env', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    ends.push(() => child.kill('SIGKILL'));
    child.stderr?.resume();
    await until(async () => (await call(admin, 'GET', '/v1/health').catch(() => null))?.body.enclave === 'up');
    return child;
  }

  async function createWallet(name: string): Promise<void> {
    await until(async () => (await call(admin, 'GET', '/v1/health').catch(() => null))?.body.enclave === 'up');
    const { envelope, body, policy } = createCommand(name, fake.boot);
    const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
    const answer = await call(admin, 'POST', '/v1/commands', {
      envelope: envelope.map(base64),
      body: base64(body),
      policy: base64(policy),
    });
    if (answer.status !== 200) throw new Error(`create: ${JSON.stringify(answer.body)}`);
  }

  async function cleanUp(): Promise<void> {
    for (const end of ends.reverse()) await end();
    await fake.stop();
    rmSync(folder, { recursive: true, force: true });
  }

  return {
    folder,
    fake,
    configFile,
    admin,
    store,
    socket: (wallet) => join(folder, 'run', wallet, 'agent.sock'),
    writeConfig,
    startProxy,
    spawnProxy,
    createWallet,
    cleanUp,
  };
}
