/** An owner's machine in front of the real thing: enclave and host proxy in this process, the development KMS, `reeve owner` with a profile. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Test } from 'tap';
import { fingerprint } from '../../attestation/certificate.ts';
import { measureBundle } from '../../attestation/measure.ts';
import { createLog } from '../../enclave/log.ts';
import { startEnclave } from '../../enclave/start.ts';
import { readConfig } from '../../host-proxy/config.ts';
import { startHostProxy } from '../../host-proxy/main.ts';
import type { Interferer } from '../../scripts/dev/kms/interference.ts';
import type { DevKms } from '../../scripts/dev/kms/server.ts';
import { devCredentials, startDevKms } from '../../scripts/dev/kms/server.ts';
import { startSimulatedNsm } from '../../scripts/dev/nsm.ts';
import { run as runOwner } from '../../scripts/owner/main.ts';
import type { Profile } from '../../scripts/owner/profile.ts';
import { readProfile } from '../../scripts/owner/profile.ts';
import type { Ran } from './owner-support.ts';
import { makePolicy, run } from './owner-support.ts';

export const IMAGE = measureBundle(Buffer.from('the enclave'));
export const NEXT_IMAGE = measureBundle(Buffer.from('the next enclave'));
type Image = typeof IMAGE;

export interface Custody {
  readonly folder: string;
  readonly kms: DevKms;
  readonly profilePath: string;
  /** Answers of the simulated NSM to requests for documents, since it was set to 0. */
  documents: number;
  profile(): Profile;
  /** `reeve owner …` with --yes and --json, through the line that `cut` may cut. */
  owner(...argv: string[]): Promise<Ran>;
  ask(input: string, ...argv: string[]): Promise<Ran>;
  policyFile(changes?: Record<string, unknown>): string;
  /** Cuts the connection of one request to the admin socket, counted from now: before it arrives, or before its answer does. */
  cut(at: number, when: 'before' | 'after'): void;
  /** Requests since `cut`, and whether it happened. */
  readonly line: { count: number; done: boolean };
  /** The enclave ends without a word and comes up again, of this image. */
  restart(image?: Image): Promise<void>;
  /** Another host: its store is empty, or has what `carry` puts there. */
  moveHost(carry?: (from: string, to: string) => void): Promise<void>;
  /** KMS is away from its `at`th call from now on: before it is done, or in place of its answer. */
  cutKms(at: number, when: 'before' | 'after'): void;
  /** KMS is back. Whether it was away for any call. */
  healKms(): boolean;
  /** The store of the host that runs. */
  store(): string;
}

/** Starts all of it; everything ends with the test. */
export async function startCustody(t: Test): Promise<Custody> {
  const folder = mkdtempSync(join(tmpdir(), 'rv-custody-'));
  const at = (name: string) => join(folder, name);
  const interferer: Interferer = { kind: null };
  const kms = await startKms(folder, interferer);
  const line = { count: 0, at: -1, when: 'before' as 'before' | 'after', done: true };
  let host = 0;
  let image = IMAGE;
  const custody = { documents: 0 } as Custody & { documents: number };
  let running = await startHost(folder, kms, host, image, custody);
  const relay = await startLine(at('line.sock'), () => running.admin, line);
  t.teardown(async () => {
    relay.close();
    await running.close();
    await kms.kms.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const profilePath = join(folder, 'own', 'p.json');
  const option = ['--profile', profilePath];
  writeFileSync(at('image.json'), JSON.stringify(hexImage(IMAGE)));
  writeFileSync(at('ca.pem'), kms.kms.caPem);
  const places = ['--endpoint', kms.kms.endpoint, '--ca', at('ca.pem'), '--image', at('image.json')];
  const root = [
    '--development',
    '--nsm-root',
    kms.root,
    '--region',
    kms.kms.region,
    '--admin',
    `unix:${at('line.sock')}`,
  ];
  const made = await run(runOwner, ['init', ...option, ...root, ...places, '--pause-key', 'new', '--yes', '--json']);
  if (made.code !== 0) throw new Error(made.err);
  return Object.assign(custody, {
    folder,
    kms: kms.kms,
    profilePath,
    line,
    profile: () => readProfile(profilePath),
    owner: (...argv: string[]) => run(runOwner, [...argv, ...option, '--yes', '--json']),
    ask: (input: string, ...argv: string[]) => run(runOwner, [...argv, ...option], { input }),
    policyFile(changes: Record<string, unknown> = {}) {
      const path = at(`policy-${Math.random()}.json`);
      writeFileSync(path, JSON.stringify({ ...makePolicy(readProfile(profilePath)), ...changes }));
      return path;
    },
    cut(index: number, when: 'before' | 'after') {
      Object.assign(line, { count: 0, at: index, when, done: false });
    },
    async restart(next?: Image) {
      image = next ?? image;
      await running.close();
      running = { admin: '', close: async () => undefined };
      running = await startHost(folder, kms, host, image, custody);
    },
    store: () => at(`store${host}`),
    cutKms(first: number, when: 'before' | 'after') {
      let calls = 0;
      interferer.begin = () => {
        if (calls >= first) interferer.kind = when === 'before' ? 'dead' : 'dead-after';
        calls += 1;
      };
    },
    healKms() {
      const wasAway = interferer.kind !== null;
      Object.assign(interferer, { kind: null, begin: () => undefined });
      return wasAway;
    },
    async moveHost(carry?: (from: string, to: string) => void) {
      await running.close();
      running = { admin: '', close: async () => undefined };
      host += 1;
      carry?.(at(`store${host - 1}`), at(`store${host}`));
      running = await startHost(folder, kms, host, image, custody);
    },
  });
}

export function hexImage({ pcr0, pcr1, pcr2 }: Image): { pcr0: string; pcr1: string; pcr2: string } {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  return { pcr0: hex(pcr0), pcr1: hex(pcr1), pcr2: hex(pcr2) };
}

interface Aws {
  readonly kms: DevKms;
  readonly root: string;
}

/** The NSM of every host has the same root: one simulated AWS. */
async function startKms(folder: string, interferer: Interferer): Promise<Aws> {
  const nsm = await startSimulatedNsm({
    socketPath: join(folder, 'root.sock'),
    stateDir: join(folder, 'aws'),
    pcrs: {},
  });
  await nsm.close();
  const stateDir = join(folder, 'aws');
  const kms = await startDevKms({ port: 0, stateDir, nsmRootDer: nsm.rootDer, log: () => {}, interferer });
  return { kms, root: fingerprint(nsm.rootDer) };
}

interface Host {
  readonly admin: string;
  close(): Promise<void>;
}

async function startHost(
  folder: string,
  { kms }: Aws,
  number: number,
  image: Image,
  counter: { documents: number },
): Promise<Host> {
  const at = (name: string) => join(folder, `${name}${number}`);
  const nsm = await startSimulatedNsm({
    socketPath: at('nsm.sock'),
    stateDir: join(folder, 'aws'),
    pcrs: { 0: image.pcr0, 1: image.pcr1, 2: image.pcr2 },
    now: () => {
      counter.documents += 1;
      return Date.now();
    },
  });
  const kmsRoots = [{ name: 'development', pem: kms.caPem }];
  const trust = { mode: 'development', nsm: 'simulated', clockSource: 'any', refuseDebug: true, kmsRoots };
  writeFileSync(at('trust'), JSON.stringify(trust));
  const paths = {
    trust: at('trust'),
    agent: at('a.sock'),
    owner: at('o.sock'),
    nsm: at('nsm.sock'),
    kms: at('kms.sock'),
  };
  const log = createLog(() => undefined);
  const enclave = await startEnclave(paths, log);
  const config = {
    enclave: { agent: `unix:${paths.agent}`, owner: `unix:${paths.owner}` },
    store: at('store'),
    sockets: { directory: at('agents') },
    admin: at('admin.sock'),
    kms: { relay: paths.kms, endpoints: { [`kms.${kms.region}.amazonaws.com`]: `127.0.0.1:${kms.port}` } },
    credentials: devCredentials,
  };
  writeFileSync(at('config.json'), JSON.stringify(config));
  const proxy = await startHostProxy(readConfig(at('config.json')), pino({ level: 'silent' }));
  const close = async () => {
    await enclave.stop();
    await proxy.close({ closeWallets: false });
    await nsm.close();
  };
  await untilServing(at('admin.sock')).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return { admin: at('admin.sock'), close };
}

/** Until every stored wallet is in the enclave and credentials have come. */
async function untilServing(socketPath: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const health = await get(socketPath, '/v1/health').catch(() => null);
    const hello = health?.['enclave'] === 'up' ? await get(socketPath, '/v1/hello').catch(() => null) : null;
    const [inside, stored] = [hello?.['wallets'], health?.['wallets']];
    if (Object.keys(health?.['unrestored'] ?? {}).length > 0) break;
    if (Array.isArray(inside) && Array.isArray(stored) && inside.length >= stored.length) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the host does not serve');
}

async function get(socketPath: string, path: string): Promise<Record<string, unknown>> {
  const sent = request({ socketPath, path, agent: false }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
}

interface Line {
  count: number;
  at: number;
  when: 'before' | 'after';
  done: boolean;
}

/** Carries requests to the admin socket, and breaks where it is told to. */
async function startLine(path: string, target: () => string, line: Line): Promise<{ close(): void }> {
  const server = createServer((incoming, outgoing) => void carry(incoming, outgoing, target(), line));
  server.listen(path);
  await once(server, 'listening');
  return {
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function carry(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  socketPath: string,
  line: Line,
): Promise<void> {
  const isCut = !line.done && line.count === line.at;
  line.count += 1;
  if (isCut) line.done = true;
  if (isCut && line.when === 'before') return void incoming.destroy();
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { method, url, headers } = incoming;
  const sent = request({ socketPath, method, path: url, headers, agent: false });
  sent.on('error', () => outgoing.destroy());
  sent.on('response', (answer) => {
    if (isCut) {
      answer.resume();
      answer.on('end', () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(outgoing);
  });
  sent.end(Buffer.concat(chunks));
}
