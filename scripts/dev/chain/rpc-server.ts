/**
 * JSON-RPC 2.0 over HTTP, on loopback only. A body must say it is JSON: a web page cannot send that to another origin without being asked
 * for permission, which is never given, so a browser on this machine cannot be made to spend on the chain.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Faucet } from './faucet.ts';
import type { RpcError } from './faults.ts';
import { rpcFault, toRpcError } from './faults.ts';
import { parseJson, stringifyJson } from './json.ts';
import type { Ledger } from './ledger.ts';
import type { Params } from './params.ts';
import { invalid } from './params.ts';

/** What methods work on. */
export interface Chain {
  readonly ledger: Ledger;
  readonly faucet: Faucet;
}

export type MethodTable = Readonly<Record<string, (chain: Chain, params: Params) => unknown>>;

/** Largest request body, in bytes: a batch of a hundred transactions fits. */
const MAX_BODY_BYTES = 512 * 1024;
/** A request must have arrived whole within this many milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_BATCH = 100;
const HOST = '127.0.0.1';

export interface RpcServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on `port` (0 picks a free one) and answers by `methods`. Faults of ours, not the client's, go to `onFault`. */
export async function listenRpc(options: {
  chain: Chain;
  methods: MethodTable;
  port: number;
  onFault: (method: string, error: unknown) => void;
}): Promise<RpcServer> {
  const { chain, methods, onFault } = options;
  const call = async (method: string, params: Params): Promise<unknown> => {
    const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (run === undefined) throw rpcFault('methodNotFound', 'Method not found');
    return await run(chain, params);
  };
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      void serve(request, response, (body) => answerBody(body, call, onFault));
    },
  );
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return { url: `http://${HOST}:${port}`, close: () => closeServer(server) };
}

type Call = (method: string, params: Params) => Promise<unknown>;

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (body: string) => Promise<unknown>,
): Promise<void> {
  try {
    if (request.method === 'GET' && request.url === '/health') return reply(response, 200, 'ok', 'text/plain');
    if (request.method !== 'POST') return reply(response, 405, 'Use POST with a JSON-RPC body', 'text/plain');
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
      return reply(
        response,
        415,
        'Supplied content type is not allowed. Content-Type: application/json is required',
        'text/plain',
      );
    }
    const body = await readBody(request);
    if (body === null) return reply(response, 413, `Body larger than ${MAX_BODY_BYTES} bytes`, 'text/plain');
    reply(response, 200, stringifyJson(await answer(body)), 'application/json');
  } catch {
    // The client went away in the middle of its request: there is nobody to answer.
    response.destroy();
  }
}

async function answerBody(
  body: string,
  call: Call,
  onFault: (method: string, error: unknown) => void,
): Promise<unknown> {
  let parsed: unknown;
  try {
    parsed = parseJson(body);
  } catch {
    return envelope(null, toRpcError(rpcFault('parseError', 'Parse error')));
  }
  if (!Array.isArray(parsed)) return answerOne(parsed, call, onFault);
  if (parsed.length === 0 || parsed.length > MAX_BATCH) {
    return envelope(null, toRpcError(rpcFault('invalidRequest', `A batch holds 1 to ${MAX_BATCH} requests`)));
  }
  const answers: unknown[] = [];
  for (const request of parsed) answers.push(await answerOne(request, call, onFault));
  return answers;
}

async function answerOne(
  request: unknown,
  call: Call,
  onFault: (method: string, error: unknown) => void,
): Promise<object> {
  const {
    jsonrpc,
    id,
    method,
    params = [],
  } = (typeof request === 'object' && request !== null ? request : {}) as Record<string, unknown>;
  const named = typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint' || id === null;
  if (jsonrpc !== '2.0' || !named || typeof method !== 'string') {
    return envelope(named ? id : null, toRpcError(rpcFault('invalidRequest', 'Invalid request')));
  }
  try {
    if (!Array.isArray(params)) throw invalid('params must be a list');
    return { jsonrpc: '2.0', id, result: await call(method, params) };
  } catch (error) {
    const rpcError = toRpcError(error);
    if (rpcError.code === INTERNAL) onFault(method, error);
    return envelope(id, rpcError);
  }
}

const INTERNAL = toRpcError(null).code;

function envelope(id: unknown, error: RpcError): object {
  return { jsonrpc: '2.0', id, error };
}

/** The whole body as text, or null as soon as it is too long. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}

function reply(response: ServerResponse, status: number, body: string, type: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Error(`The chain cannot listen on ${HOST}:${port}: ${cause.message}`, { cause })),
    );
    server.listen(port, HOST, resolve);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
