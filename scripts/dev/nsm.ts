/**
 * The simulated NSM of the development stack, behind the same Unix socket protocol as the enclave's machine program. It really signs,
 * under a private root: whoever verifies its documents must name that root, so no verifier takes them for a real enclave's by itself.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fingerprint } from '../../attestation/certificate.ts';
import { frameNsmMessage, MAX_NSM_REQUEST_BYTES, MAX_NSM_RESPONSE_BYTES } from '../../attestation/nsm-socket.ts';
import { createChainSource, loadNsmRoot } from './nsm-chain.ts';
import { createNsmDevice } from './nsm-device.ts';
import { toPem } from './pki.ts';

export { loadNsmRoot } from './nsm-chain.ts';

/** In the state folder, there before the NSM listens: the root a verifier of its documents must name. */
export const NSM_ROOT_FILE = 'nsm-root.pem';
/** Bytes of a message's length. */
const PREFIX_BYTES = 4;

export interface SimulatedNsmOptions {
  readonly socketPath: string;
  /** Where the private root is kept. */
  readonly stateDir: string;
  /** PCRs of the image (0, 1, 2, 8), 48 bytes each. */
  readonly pcrs: Readonly<Record<number, Uint8Array>>;
  /** `i-…-enc…`; by default a fixed instance and a new enclave id at each start. */
  readonly moduleId?: string;
  /** Role ARN for PCR3. */
  readonly role?: string;
  readonly region?: string;
  /** Milliseconds since the epoch; tests shift it. */
  readonly now?: () => number;
}

export interface SimulatedNsm {
  close(): Promise<void>;
  readonly rootDer: Uint8Array;
  /** SHA-256 of `rootDer`, lower-case hex. */
  readonly rootFingerprint: string;
}

/** Starts a simulated NSM on a Unix socket (mode 0600). Rejects when the socket cannot be made. */
export async function startSimulatedNsm(options: SimulatedNsmOptions): Promise<SimulatedNsm> {
  const { socketPath, stateDir, pcrs, region = 'eu-central-1', now = Date.now } = options;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const root = loadNsmRoot(stateDir, now());
  writeFileSync(join(stateDir, NSM_ROOT_FILE), toPem(root.certificate), { mode: 0o600 });
  const moduleId = options.moduleId ?? `i-00000000000000000-enc${randomBytes(8).toString('hex')}`;
  const role = options.role === undefined ? {} : { role: options.role };
  const handle = createNsmDevice({ moduleId, ...role, pcrs, now, chain: createChainSource(root, moduleId, region) });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, handle);
  });
  rmSync(socketPath, { force: true });
  await listen(server, socketPath);
  chmodSync(socketPath, 0o600);
  return {
    close: () => stop(server, sockets),
    rootDer: root.certificate,
    rootFingerprint: fingerprint(root.certificate),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
}

function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) {
      socket.destroy();
    }
  });
}

/** Answers messages in their order. A length over the driver's limit ends the connection: nothing after it could be told apart. */
function serve(socket: Socket, handle: (request: Uint8Array) => Uint8Array): void {
  let received = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= PREFIX_BYTES) {
      const length = received.readUInt32BE(0);
      if (length > MAX_NSM_REQUEST_BYTES) {
        socket.destroy();
        return;
      }
      if (received.length < PREFIX_BYTES + length) {
        return;
      }
      const request = received.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
      received = received.subarray(PREFIX_BYTES + length);
      socket.write(frameNsmMessage(handle(request), MAX_NSM_RESPONSE_BYTES));
    }
  });
}
