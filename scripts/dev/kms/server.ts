/**
 * The development KMS: AWS's JSON 1.1 protocol over HTTPS on loopback, under a certificate authority of its own. It speaks for real KMS
 * host names, so the enclave's TLS client is the same as on AWS; only the trust file that names the authority differs.
 *
 * It simulates: keys lie in a file that whoever owns the folder can read. Aliases, key deletion and rotation do not exist.
 */

import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Anchor } from '../../../attestation/certificate.ts';
import {
  basicConstraints,
  generateEcKey,
  issueCertificate,
  keyUsage,
  loadAuthority,
  serverAuthentication,
  subjectAltNames,
  toPem,
} from '../pki.ts';
import { authenticate } from './authentication.ts';
import { fail, faultOf, kmsFaults } from './faults.ts';
import { readInput } from './input.ts';
import type { Interferer } from './interference.ts';
import { interfere } from './interference.ts';
import type { KmsContext, Output } from './operations.ts';
import { operations } from './operations.ts';
import { createSealer } from './recipient.ts';
import type { KeyStore } from './store.ts';
import { openKeyStore } from './store.ts';

export { devCredentials } from './authentication.ts';

/** Bytes of one request: an attestation document of 262,144 in base64, and some. */
const MAX_BODY_BYTES = 524_288;
const DAY_MS = 86_400_000;
const CA_LIFE_MS = 10 * 365 * DAY_MS;
/** The server's certificate is made anew at each start. */
const CERTIFICATE_LIFE_MS = 397 * DAY_MS;
const TARGET_PREFIX = 'TrentService.';
/** In the state folder, there before the KMS listens: the authority that its clients must trust. */
export const KMS_CA_FILE = 'kms-ca.pem';

export interface DevKmsOptions {
  /** 0 chooses a free port. */
  readonly port: number;
  /** Keys, and the certificate authority, are kept here. */
  readonly stateDir: string;
  /** The only root whose attestation documents count; `UNSIGNED_EMULATION` takes unsigned ones alone. */
  readonly nsmRootDer: Anchor;
  readonly region?: string;
  readonly tls?: {
    /** Names beside `kms.<region>.amazonaws.com`, `localhost` and 127.0.0.1. */
    readonly hosts?: readonly string[];
  };
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Gets one line at start and one per request: operation and outcome, never contents. */
  readonly log?: (line: string) => void;
  /** Faults a test puts in the way. */
  readonly interferer?: Interferer;
}

export interface DevKms {
  close(): Promise<void>;
  readonly port: number;
  /** `https://127.0.0.1:<port>`. */
  readonly endpoint: string;
  /** The authority that clients must trust, for this KMS alone. */
  readonly caPem: string;
  readonly region: string;
  /** The keys themselves, as whoever owns the state folder can read them. */
  readonly keys: KeyStore;
}

/** Starts a development KMS. Rejects when the port is taken. */
export async function startDevKms(options: DevKmsOptions): Promise<DevKms> {
  const { stateDir, nsmRootDer, region = 'eu-central-1', now = Date.now, log = logLine } = options;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const tls = makeTls(stateDir, [
    `kms.${region}.amazonaws.com`,
    'localhost',
    '127.0.0.1',
    ...(options.tls?.hosts ?? []),
  ]);
  writeFileSync(join(stateDir, KMS_CA_FILE), tls.caPem, { mode: 0o600 });
  const context = { keys: openKeyStore(stateDir, region, now), nsmRootDer, now, seal: createSealer() };
  const server = createServer({ key: tls.key, cert: tls.cert, minVersion: 'TLSv1.2' }, (request, response) => {
    options.interferer?.begin?.();
    const kind = options.interferer?.kind ?? null;
    if (kind === 'dead') request.socket.destroy();
    else if (kind !== 'silent')
      void answer(request, response, { ...context, interferer: options.interferer }, region, log);
  });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  const endpoint = `https://127.0.0.1:${port}`;
  log(`development KMS (simulated, keys in ${join(stateDir, 'kms.json')}) on ${endpoint}`);
  return { close: () => stop(server), port, endpoint, caPem: tls.caPem, region, keys: context.keys };
}

function logLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The authority is kept; its clock is the machine's, because clients judge it by theirs. */
function makeTls(stateDir: string, hosts: readonly string[]): { key: string; cert: string; caPem: string } {
  const now = Date.now();
  const name = { O: 'Reeve', OU: 'Development', CN: 'development KMS authority' };
  const authority = loadAuthority({
    file: join(stateDir, 'kms-ca.json'),
    name,
    curve: 'P-256',
    lifeMs: CA_LIFE_MS,
    now,
  });
  const { publicKey, privateKey } = generateEcKey('P-256');
  const certificate = issueCertificate({
    subject: { O: 'Reeve', OU: 'Development', CN: 'development KMS' },
    issuer: authority.name,
    publicKey,
    signer: authority.key,
    notBefore: now - 60_000,
    notAfter: now + CERTIFICATE_LIFE_MS,
    extensions: [
      basicConstraints(false),
      keyUsage(['digitalSignature']),
      serverAuthentication(),
      subjectAltNames(hosts),
    ],
    hash: 'sha256',
  });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  return { key, cert: toPem(certificate), caPem: toPem(authority.certificate) };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  context: KmsContext,
  region: string,
  log: (line: string) => void,
): Promise<void> {
  const operation = operationOf(request);
  try {
    const body = await readBody(request);
    authenticate({ headers: request.headers, body }, region, context.now());
    if (context.interferer?.kind === 'throttled') fail('ThrottlingException', 'Rate exceeded');
    const output = run(context, request, operation, body);
    if (context.interferer?.kind === 'dead-after') return void request.socket.destroy();
    write(response, 200, context.interferer === undefined ? output : interfere(context.interferer, output));
    log(`development KMS: ${operation} done`);
  } catch (error) {
    const fault = faultOf(error);
    const message = fault === 'KMSInternalException' || !(error instanceof Error) ? 'internal error' : error.message;
    write(response, kmsFaults[fault], { __type: fault, message });
    log(`development KMS: ${operation} refused: ${fault}`);
  }
}

/** The operation's name, when it is one of ours. */
function operationOf({ headers }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  const name = typeof target === 'string' && target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : '';
  return Object.hasOwn(operations, name) ? name : 'unknown operation';
}

function run(context: KmsContext, request: IncomingMessage, name: string, body: Uint8Array): Output {
  const operation = operations[name];
  const json = request.headers['content-type'] === 'application/x-amz-json-1.1';
  if (operation === undefined || request.method !== 'POST' || request.url !== '/' || !json) {
    return fail('UnknownOperationException', 'not an operation of the development KMS');
  }
  return operation(context, readInput(body));
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) {
      return fail('ValidationException', `the request is longer than ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function write(response: ServerResponse, status: number, body: Output): void {
  response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1', 'x-amzn-RequestId': randomUUID() });
  response.end(JSON.stringify(body));
}
