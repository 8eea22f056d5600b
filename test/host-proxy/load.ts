/** Many clients that keep their connections, as agents' libraries do. */

import { Agent, request } from 'node:http';
import type { HttpAnswer } from './support.ts';

export interface Pool {
  /** Null when the connection ended without an answer. */
  send(method: 'GET' | 'POST', path: string, body?: object): Promise<HttpAnswer | null>;
  close(): void;
}

export function openPool(socketPath: string, connections: number): Pool {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const send: Pool['send'] = (method, path, body) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve) => {
      const sent = request({ socketPath, method, path, headers, agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', () => resolve(null));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: JSON.parse(text) });
        });
      });
      sent.on('error', () => resolve(null));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  };
  return { send, close: () => agent.destroy() };
}

/** `clients` workers that each take the next piece of work until there is none. */
export async function runClients(
  clients: number,
  work: (index: number) => Promise<void>,
  total: number,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < total) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: clients }, worker));
}
