/** A small HTTP client for the two machines the proxy asks: the Solana node and the instance's metadata service. Bounded in time and size; follows nothing. */

import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

/** Bytes of an answer. */
const ANSWER_BYTES = 1024 * 1024;
/** Connections to each of them; more requests wait, within their time. */
const CONNECTIONS = { keepAlive: true, maxSockets: 8, maxFreeSockets: 2 };
const AGENTS = { http: new HttpAgent(CONNECTIONS), https: new HttpsAgent(CONNECTIONS) };

export interface Ask {
  readonly url: string;
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

/** The text of a 200 answer. Rejects for any other status, a timeout, or an answer that is too long; messages name no header and no body. */
export function askHttp({ url, method, headers, body, timeoutMs }: Ask): Promise<string> {
  const isSecure = url.startsWith('https:');
  const [send, agent] = isSecure ? [requestHttps, AGENTS.https] : [requestHttp, AGENTS.http];
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      { method, headers: { ...headers }, agent, signal: AbortSignal.timeout(timeoutMs) },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > ANSWER_BYTES) request.destroy(new Error('the answer is too long'));
          chunks.push(chunk);
        });
        answer.on('error', reject);
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
          else reject(new Error(`status ${answer.statusCode}`));
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
