/** Connections to KMS through the host's byte relay. TLS begins and ends here: the host carries ciphertext it can only delay or drop. */

import { Agent } from 'node:https';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { KMS_CONNECTIONS } from '../limits.ts';

const KMS_PORT = 443;

/** An HTTPS agent whose every connection goes through the relay to `host` and accepts only certificates of `roots` for that name. */
export function createRelayAgent(relayPath: string, host: string, roots: readonly string[]): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: KMS_CONNECTIONS });
  return Object.assign(agent, { createConnection: () => openTls(relayPath, host, roots) });
}

function openTls(relayPath: string, host: string, roots: readonly string[]): TLSSocket {
  const raw: Socket = connect(relayPath);
  raw.write(`CONNECT ${host}:${KMS_PORT}\n`);
  const secure = connectTls({
    socket: raw,
    servername: host,
    // Also when empty: only an absent list would mean Node's own roots.
    ca: [...roots],
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
  });
  raw.on('error', (error) => secure.destroy(error));
  return secure;
}
