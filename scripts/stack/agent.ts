/** An agent as the demo plays it: HTTP over its own socket, and nothing else. */

import { request } from 'node:http';

export interface AgentAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** One call on an agent's socket. Any status is an answer; only a socket that does not answer rejects. */
export function callAgent(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<AgentAnswer> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, method, path, agent: false, ...(body === undefined ? {} : { headers }) },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) }),
        );
      },
    );
    call.on('error', reject);
    call.end(payload);
  });
}
