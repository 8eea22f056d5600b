/** A running development stack: simulated AWS and chain, the enclave, the host proxy. What a user's machine would run, each its own process. */

import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fingerprint } from '../../attestation/certificate.ts';
import { loadNsmRoot } from '../dev/nsm.ts';
import { programsFolder } from '../dev/programs.ts';
import { callAgent } from './agent.ts';
import type { Child } from './children.ts';
import { isListening, startChild, waitForChild } from './children.ts';
import { enclaveArguments } from './enclave-flags.ts';
import { writeHostConfig } from './host-config.ts';
import type { DevelopmentImage } from './image.ts';
import { buildDevelopmentImage } from './image.ts';
import type { Layout } from './layout.ts';
import type { Ports } from './ports.ts';
import { choosePorts } from './ports.ts';

const DEV = join(import.meta.dirname, '..', 'dev');

/** Names of the processes, in the order they start. */
export type Part = 'chain' | 'kms' | 'nsm' | 'enclave' | 'host-proxy' | 'renewer';

export interface Stack {
  readonly layout: Layout;
  readonly ports: Ports;
  readonly image: DevelopmentImage;
  readonly chainUrl: string;
  readonly kmsEndpoint: string;
  readonly kmsCaFile: string;
  /** SHA-256 of the simulated NSM's root, hex. */
  readonly nsmRoot: string;
  readonly parts: Map<Part, Child>;
}

/** Starts everything but the renewer, which needs a wallet first. The state of an earlier start is taken up. */
export async function startStack(layout: Layout): Promise<Stack> {
  for (const folder of [layout.root, layout.run, layout.aws, layout.chain, layout.image])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ports = await choosePorts(join(layout.root, 'ports.json'));
  const parts = new Map<Part, Child>();
  try {
    await Promise.all([startChain(layout, ports, parts), startKms(layout, ports, parts)]);
    const kmsCaFile = join(layout.aws, 'kms-ca.pem');
    const image = await buildDevelopmentImage(layout.image, readFileSync(kmsCaFile, 'utf8'));
    const stack: Stack = {
      layout,
      ports,
      image,
      chainUrl: `http://127.0.0.1:${ports.chain}`,
      kmsEndpoint: `https://127.0.0.1:${ports.kms}`,
      kmsCaFile,
      nsmRoot: fingerprint(loadNsmRoot(layout.aws).certificate),
      parts,
    };
    await startNsm(stack);
    await startEnclave(stack);
    await startHostProxy(stack);
    return stack;
  } catch (error) {
    await stopParts(parts);
    throw error;
  }
}

/** Ends every process, the last started first; the host proxy closes the wallets' boot in order. */
export function stopStack(stack: Stack): Promise<void> {
  return stopParts(stack.parts);
}

async function stopParts(parts: Map<Part, Child>): Promise<void> {
  for (const child of [...parts.values()].reverse()) await child.stop();
  parts.clear();
}

async function startChain({ chain, logs }: Layout, ports: Ports, parts: Map<Part, Child>): Promise<void> {
  const args = [join(DEV, 'chain', 'main.ts'), '--state', chain, '--port', String(ports.chain)];
  args.push('--programs', programsFolder(process.env));
  const child = startChild({ name: 'chain', command: process.execPath, args, logs });
  parts.set('chain', child);
  await waitForChild(child, () => acceptsTcp(ports.chain));
}

async function startKms({ aws, logs }: Layout, ports: Ports, parts: Map<Part, Child>): Promise<void> {
  const args = [join(DEV, 'kms', 'main.ts'), '--state', aws, '--nsm-state', aws, '--port', String(ports.kms)];
  rmSync(join(aws, 'kms-ca.pem'), { force: true });
  const child = startChild({ name: 'kms', command: process.execPath, args, logs });
  parts.set('kms', child);
  await waitForChild(child, () => acceptsTcp(ports.kms));
}

async function startNsm({ layout, image, parts }: Stack): Promise<void> {
  const socket = join(layout.run, 'nsm.sock');
  const pcrs = Object.entries(image.pcrs).flatMap(([name, value]) => [`--${name}`, Buffer.from(value).toString('hex')]);
  const args = [join(DEV, 'nsm-main.ts'), '--state', layout.aws, '--socket', socket, ...pcrs];
  const child = startChild({ name: 'nsm', command: process.execPath, args, logs: layout.logs });
  parts.set('nsm', child);
  await waitForChild(child, () => isListening(socket));
}

/** Starts the bundled enclave under every restriction it has in an image, with an empty environment. */
export async function startEnclave({ layout, parts }: Stack): Promise<void> {
  const at = (name: string) => join(layout.run, `${name}.sock`);
  for (const name of ['agent', 'owner']) rmSync(at(name), { force: true });
  const args = enclaveArguments(layout.image, layout.run);
  const child = startChild({ name: 'enclave', command: process.execPath, args, logs: layout.logs });
  parts.set('enclave', child);
  await waitForChild(child, async () => (await isListening(at('agent'))) && (await isListening(at('owner'))));
}

export async function startHostProxy(stack: Stack): Promise<void> {
  const { layout, image, parts } = stack;
  const config = join(layout.root, 'host-proxy.json');
  const admin = join(layout.run, 'admin.sock');
  writeFileSync(config, writeHostConfig(stack), { mode: 0o600 });
  const args = [image.hostProxy, '--config', config];
  const child = startChild({ name: 'host-proxy', command: process.execPath, args, logs: layout.logs });
  parts.set('host-proxy', child);
  await waitForChild(child, () => answersHello(admin));
}

async function acceptsTcp(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Whether the host proxy serves its admin socket and has reached the enclave. */
async function answersHello(admin: string): Promise<boolean> {
  if (!(await isListening(admin))) return false;
  return (await callAgent(admin, 'GET', '/v1/hello')).status === 200;
}
