/**
 * What the bench measures, running: enclaves and host proxies as users run them (bundled, under an image's flags, each its own process),
 * one pair per kind of store, and an ssh-agent. The simulated NSM and KMS are in this process: nothing of them is on the path of a signature.
 */

import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STANDARD_POLICY } from '../dev/kms/policy.ts';
import { devCredentials, startDevKms } from '../dev/kms/server.ts';
import type { KmsKey } from '../dev/kms/store.ts';
import { startSimulatedNsm } from '../dev/nsm.ts';
import type { Child } from '../stack/children.ts';
import { isListening, startChild, waitForChild } from '../stack/children.ts';
import { enclaveArguments } from '../stack/enclave-flags.ts';
import { buildDevelopmentImage } from '../stack/image.ts';
import type { Place } from './owner.ts';
import { readBoot } from './owner.ts';

/** A folder of this file system keeps what it holds in memory: a sync costs nothing there. */
const MEMORY_FOLDER = '/dev/shm';
const TMPFS = 0x01021994;
const PCR = new Uint8Array(48).fill(7);

/** An enclave with its host proxy. */
export interface Side {
  readonly place: Place;
  readonly enclave: Child;
  readonly proxy: Child;
  readonly folder: string;
  socketOf(wallet: string): string;
}

/** A store on the disk, one in memory, or one that is there already. */
export type Where = 'disk' | 'memory' | { readonly folder: string };

export interface World {
  /** Starts a pair; null where there is no memory file system. */
  startSide(name: string, where: Where): Promise<Side | null>;
  /** The sealing key of its wallets. */
  readonly key: KmsKey;
  readonly folder: string;
  stop(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'rv-bench-'));
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const aws = join(folder, 'aws');
  const pcrs = { 0: PCR, 1: PCR, 2: PCR };
  const kmsNsm = await startSimulatedNsm({ socketPath: join(folder, 'nsm.sock'), stateDir: aws, pcrs });
  ends.push(() => kmsNsm.close());
  const kms = await startDevKms({ port: 0, stateDir: aws, nsmRootDer: kmsNsm.rootDer, log: () => undefined });
  ends.push(() => kms.close());
  const image = join(folder, 'image');
  await buildDevelopmentImage(image, kms.caPem);
  const key = kms.keys.create('SYMMETRIC_DEFAULT', 'bench', STANDARD_POLICY);

  async function startSide(name: string, where: Where): Promise<Side | null> {
    const store = findStore(folder, name, where);
    if (store === null) return null;
    ends.push(() => rmSync(store, { recursive: true, force: true }));
    const run = join(folder, name);
    mkdirSync(run, { mode: 0o700 });
    const nsm = await startSimulatedNsm({ socketPath: join(run, 'nsm.sock'), stateDir: aws, pcrs });
    ends.push(() => nsm.close());
    const enclave = await startEnclave(image, run, ends);
    const proxy = await startProxy(image, run, store, kms, ends);
    const admin = join(run, 'admin.sock');
    const place = { admin, boot: await readBoot(admin), kmsKeyArn: key.arn };
    return { place, enclave, proxy, folder: run, socketOf: (wallet) => join(run, 's', wallet, 'agent.sock') };
  }

  let stopping: Promise<void> | null = null;
  const endAll = async () => {
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
  };
  const stop = () => {
    stopping ??= endAll();
    return stopping;
  };
  // Its processes are groups of their own: whoever ends the bench early must not leave them behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().then(() => process.exit(1)));
  return { startSide, key, folder, stop };
}

function findStore(folder: string, name: string, where: Where): string | null {
  if (typeof where === 'object') return where.folder;
  if (where === 'disk') return join(folder, `${name}-store`);
  try {
    if (statfsSync(MEMORY_FOLDER).type !== TMPFS) return null;
    return mkdtempSync(join(MEMORY_FOLDER, 'rv-bench-'));
  } catch {
    return null;
  }
}

/** What undoes a start, from the last step to the first. */
type Ends = (() => unknown)[];

async function startEnclave(image: string, run: string, ends: Ends): Promise<Child> {
  const child = startChild({
    name: 'enclave',
    command: process.execPath,
    args: enclaveArguments(image, run),
    logs: join(run, 'logs'),
  });
  ends.push(() => child.stop());
  const isUp = (name: string) => isListening(join(run, `${name}.sock`));
  await waitForChild(child, async () => (await isUp('agent')) && (await isUp('owner')));
  return child;
}

async function startProxy(
  image: string,
  run: string,
  store: string,
  kms: { readonly port: number; readonly region: string },
  ends: Ends,
): Promise<Child> {
  const config = join(run, 'host-proxy.json');
  writeFileSync(
    config,
    JSON.stringify({
      enclave: { agent: 'unix:agent.sock', owner: 'unix:owner.sock' },
      store,
      sockets: { directory: 's' },
      admin: 'admin.sock',
      kms: { relay: 'kms.sock', endpoints: { [`kms.${kms.region}.amazonaws.com`]: `127.0.0.1:${kms.port}` } },
      credentials: devCredentials,
    }),
  );
  const args = [join(image, 'host-proxy.mjs'), '--config', config];
  const child = startChild({ name: 'host-proxy', command: process.execPath, args, logs: join(run, 'logs') });
  ends.push(() => child.stop());
  const admin = join(run, 'admin.sock');
  const isUp = () =>
    readBoot(admin).then(
      () => true,
      () => false,
    );
  await waitForChild(child, isUp);
  return child;
}
