/** TCP ports of a stack's simulated AWS and chain: picked once, kept for later starts so that addresses people noted stay right. */

import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

export interface Ports {
  readonly kms: number;
  readonly chain: number;
}

/** The ports noted in `file`, or new ones where there is none or one of them is taken by somebody else. */
export async function choosePorts(file: string): Promise<Ports> {
  const noted = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Ports) : { kms: 0, chain: 0 };
  const ports = { kms: await claimPort(noted.kms), chain: await claimPort(noted.chain) };
  writeFileSync(file, `${JSON.stringify(ports)}\n`);
  return ports;
}

async function claimPort(wanted: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(wanted, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch {
    return claimPort(0);
  } finally {
    server.close();
  }
}
