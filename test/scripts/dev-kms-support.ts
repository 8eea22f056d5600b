/** A simulated NSM, a development KMS that trusts it, and AWS clients for both ways to reach it. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import type { KMSClientConfig } from '@aws-sdk/client-kms';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import t from 'tap';
import { measureBundle } from '../../attestation/measure.ts';
import { connectNsm, createNsmClient } from '../../attestation/nsm.ts';
import { devCredentials, startDevKms } from '../../scripts/dev/kms/server.ts';
import { startSimulatedNsm } from '../../scripts/dev/nsm.ts';

export const REGION = 'eu-central-1';
export const CONTEXT = { 'reeve:wallet': 'w1', 'reeve:purpose': 'seal' };
export const SIGNING = { MessageType: 'RAW', SigningAlgorithm: 'ED25519_SHA_512' } as const;
export const PCRS = measureBundle(Buffer.from('an enclave image'));

/** A short path: it holds Unix sockets. */
export const stateDir = mkdtempSync(join(tmpdir(), 'reeve-kms-'));
/** What the KMS logged. */
export const lines: string[] = [];
/** Added to the KMS's clock: milliseconds. */
export const clock = { offset: 0 };

const image = { 0: PCRS.pcr0, 1: PCRS.pcr1, 2: PCRS.pcr2 };
const nsm = await startSimulatedNsm({ socketPath: join(stateDir, 'nsm.sock'), stateDir, pcrs: image });
const channel = await connectNsm(join(stateDir, 'nsm.sock'));
const device = createNsmClient(channel);
export let kms = await start();
const clients: KMSClient[] = [];

function start() {
  const now = () => Date.now() + clock.offset;
  return startDevKms({ port: 0, stateDir, nsmRootDer: nsm.rootDer, now, log: (line) => lines.push(line) });
}

export async function restartKms(): Promise<void> {
  await kms.close();
  kms = await start();
}

t.teardown(async () => {
  for (const made of clients) {
    made.destroy();
  }
  channel.close();
  await kms.close();
  await nsm.close();
  rmSync(stateDir, { recursive: true });
});

export function client(
  overrides: Partial<KMSClientConfig> = {},
  agent = new https.Agent({ ca: kms.caPem, keepAlive: true }),
): KMSClient {
  const made = new KMSClient({
    region: REGION,
    endpoint: kms.endpoint,
    credentials: devCredentials,
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ httpsAgent: agent }),
    ...overrides,
  });
  clients.push(made);
  return made;
}

/** An agent whose connections go through a byte relay on a Unix socket, TLS inside, as in the enclave. */
export function relayAgent(path: string): https.Agent {
  const createConnection = ({ servername, host }: https.RequestOptions) =>
    tls.connect({
      socket: net.connect(path),
      servername: servername ?? host ?? '',
      ca: kms.caPem,
      ALPNProtocols: ['http/1.1'],
    });
  return Object.assign(new https.Agent({ keepAlive: true }), { createConnection });
}

export const owner = client();
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const spki = rsa.publicKey.export({ type: 'spki', format: 'der' });

export interface Recipient {
  readonly AttestationDocument: Uint8Array;
  readonly KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256';
}

/** A fresh document of the simulated NSM for this public key. */
export async function attested(publicKey: Uint8Array | null = spki): Promise<Recipient> {
  const answer = await device.attest({ publicKey });
  if (!answer.ok) {
    throw new Error(answer.refusal.detail);
  }
  return { AttestationDocument: answer.value, KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' };
}

/** Makes a key and gives its ARN. */
export async function createKey(
  spec: 'SYMMETRIC_DEFAULT' | 'ECC_NIST_EDWARDS25519',
  policy?: unknown,
): Promise<string> {
  const KeyUsage = spec === 'SYMMETRIC_DEFAULT' ? 'ENCRYPT_DECRYPT' : 'SIGN_VERIFY';
  const Policy = policy === undefined ? {} : { Policy: JSON.stringify(policy) };
  const made = await owner.send(new CreateKeyCommand({ KeySpec: spec, KeyUsage, ...Policy }));
  return made.KeyMetadata?.Arn ?? '';
}

/** The error name AWS's client gives, or `done`. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    return (error as Error).name;
  }
}
