/** HTTP/1.1 with JSON bodies over a Unix socket: how the owner's tools speak to the admin socket and to the renewer. */

import { request } from 'node:http';
import type { ErrorCode } from '../../enclave/link/errors.ts';
import { isErrorCode, ReeveError } from '../../enclave/link/errors.ts';

/** Longest answer taken, bytes. A policy of 256 KiB in base64 and a full page of receipts fit. */
const ANSWER_BYTES = 32 * 1024 * 1024;
/** How long an answer may take, milliseconds. A wallet's creation waits for KMS. */
const ANSWER_TIMEOUT_MS = 30_000;

export interface JsonRequest {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** The code for "nobody answers there". */
  readonly unreachable: ErrorCode;
  readonly timeoutMs?: number;
}

/**
 * The JSON of a 2xx answer. Any other answer becomes a ReeveError of the problem's own code; no answer in time becomes `unreachable`. The content is
 * unchecked: it comes from the host.
 */
export async function requestJson(call: JsonRequest): Promise<unknown> {
  const { status, text } = await exchange(call);
  const value = parseJson(text);
  if (status >= 200 && status < 300) return value;
  const { code, detail, reason } = readProblem(value);
  throw new ReeveError(isErrorCode(code) ? code : 'admin-answer', {
    status,
    ...(isErrorCode(code) ? {} : { code }),
    ...(reason === undefined ? {} : { reason }),
    ...(detail === '' ? {} : { detail }),
  });
}

function exchange(call: JsonRequest): Promise<{ status: number; text: string }> {
  const { socketPath, method, path, body, unreachable, timeoutMs = ANSWER_TIMEOUT_MS } = call;
  const payload = body === undefined ? null : Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(new ReeveError(unreachable, { address: `unix:${socketPath}` }, cause));
    const headers =
      payload === null ? {} : { 'content-type': 'application/json', 'content-length': String(payload.length) };
    const outgoing = request({ socketPath, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_BYTES) outgoing.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      answer.on('error', fail);
    });
    const timer = setTimeout(() => outgoing.destroy(new Error('no answer in time')), timeoutMs);
    outgoing.on('error', fail);
    outgoing.on('close', () => clearTimeout(timer));
    outgoing.end(payload ?? undefined);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ReeveError('admin-answer', { what: 'not JSON' });
  }
}

function readProblem(value: unknown): { code: string; detail: string; reason?: string } {
  const { code, detail, reason } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  return {
    code: typeof code === 'string' ? code.slice(0, 64) : 'unknown',
    detail: typeof detail === 'string' ? detail.slice(0, 512) : '',
    ...(typeof reason === 'string' ? { reason: reason.slice(0, 64) } : {}),
  };
}
