/** Brings the enclave up, in the order in which one thing rests on another. */

import { readFileSync } from 'node:fs';
import { connectNsm, createNsmClient } from '../attestation/nsm.ts';
import type { Hash } from '../policy/types.ts';
import type { Arguments } from './arguments.ts';
import { createBlobStore } from './blobs.ts';
import { createClock } from './clock.ts';
import type { Enclave } from './enclave.ts';
import { createEntropy } from './entropy.ts';
import { createKmsClient } from './kms/client.ts';
import { makeRecipient } from './kms/own-recipient.ts';
import { createPasses } from './kms/recipient.ts';
import { ReeveError } from './link/errors.ts';
import type { Log } from './log.ts';
import { checkMachine } from './machine-checks.ts';
import { askTime } from './nsm-documents.ts';
import { createOutbox } from './outbox.ts';
import { agentHandlers } from './planes/agent.ts';
import { ownerHandlers } from './planes/owner.ts';
import { servePlane } from './planes/server.ts';
import { runSelfTest } from './self-test.ts';
import type { Trust } from './trust.ts';
import { readTrust } from './trust.ts';
import { IMAGE_VERSION } from './version.ts';
import { createRegistry } from './wallets.ts';

const BOOT_BYTES = 32;

export interface RunningEnclave {
  /** Stops listening. Wallets that were not closed before count as crashed. */
  stop(): Promise<void>;
}

/** Starts serving both planes, or rejects with the reason why not. */
export async function startEnclave(paths: Arguments, log: Log): Promise<RunningEnclave> {
  const trust = readTrust(readTrustFile(paths.trust));
  runSelfTest();
  const connection = await connectToNsm(paths.nsm);
  const nsm = { ...createNsmClient(connection), mayBeUnsigned: trust.nsm === 'simulated' };
  const clock = createClock(() => askTime(nsm));
  await checkMachine(trust, nsm, clock.observe);
  await clock.start();
  const draw = createEntropy(nsm);
  const boot = await draw(BOOT_BYTES, 'boot');
  const enclave = assemble(trust, paths, { nsm, clock, draw, boot, log });
  const outbox = createOutbox(enclave.wallets.pool, log);
  const servers = [
    await servePlane({ plane: 'owner', path: paths.owner, handlers: ownerHandlers(enclave), outbox, log }),
    await servePlane({ plane: 'agent', path: paths.agent, handlers: agentHandlers(enclave), outbox, log }),
  ];
  announce(log, trust, enclave.bootHash);
  return {
    stop: async () => {
      clock.stop();
      connection.close();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

function assemble(
  trust: Trust,
  paths: Arguments,
  made: Pick<Enclave, 'nsm' | 'clock' | 'draw' | 'boot' | 'log'>,
): Enclave {
  return {
    ...made,
    bootHash: Buffer.from(made.boot).toString('hex') as Hash,
    image: IMAGE_VERSION,
    mode: trust.mode,
    kms: createKmsClient(paths.kms, trust.kmsRoots),
    passes: createPasses(() => makeRecipient(made)),
    wallets: createRegistry(),
    blobs: createBlobStore(),
  };
}

function announce(log: Log, { mode, nsm }: Trust, boot: string): void {
  log.info('enclave-ready', { mode, nsm, boot, image: IMAGE_VERSION });
  if (mode === 'development') log.info('simulation', { text: 'development mode: a simulation, not for real money' });
}

function readTrustFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ReeveError('startup-refused', { what: 'the trust file cannot be read', path }, cause);
  }
}

async function connectToNsm(path: string) {
  try {
    return await connectNsm(path);
  } catch (cause) {
    throw new ReeveError('nsm-failed', { what: 'nothing answers', path }, cause);
  }
}
