/** The renewer's socket: the keeper's operations as HTTP/JSON, mode 0600. Who can open it may pause, resume and note approvals, but holds no key. */

import { chmodSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { Ajv } from 'ajv';
import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import { ERRORS, isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { Fields, WalletName } from '../../enclave/link/schema/blocks.ts';
import { formatJson } from '../cli/text.ts';
import { PinsFile } from '../owner/copy.ts';
import type { Keeper } from './keeper.ts';
import { leaseToJson } from './wire.ts';

/** Longest request body, bytes: a policy of 256 KiB in base64. */
const BODY_BYTES = 512 * 1024;

const Hex32 = () => Type.String({ pattern: '^[0-9a-f]{64}$' });
const Base64 = () => Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' });
const Wallet = { wallet: WalletName() };

interface Route {
  readonly body: TSchema;
  // biome-ignore lint/suspicious/noExplicitAny: the schema beside it has judged the body
  readonly answer: (keeper: Keeper, body: any) => Promise<unknown>;
}

const ROUTES: Readonly<Record<string, Route>> = {
  enroll: {
    body: Fields({ pins: PinsFile, policy: Base64(), created: Type.Boolean() }),
    answer: (keeper, { pins, policy, created }) => keeper.enroll(pins, fromBase64(policy), created),
  },
  repin: {
    body: Fields({ ...Wallet, envelope: Type.Array(Base64(), { minItems: 1, maxItems: 4 }), body: Base64() }),
    answer: (keeper, { wallet, envelope, body }) =>
      keeper.repin(wallet, { envelope: envelope.map(fromBase64), body: fromBase64(body) }),
  },
  pause: { body: Fields(Wallet), answer: (keeper, { wallet }) => keeper.pause(wallet) },
  resume: { body: Fields(Wallet), answer: (keeper, { wallet }) => keeper.resume(wallet) },
  approve: {
    body: Fields({
      ...Wallet,
      boot: Hex32(),
      effectsHash: Hex32(),
      approvalId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
      until: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    }),
    answer: (keeper, { wallet, ...note }) => keeper.approve(wallet, note),
  },
  policy: {
    body: Fields({ ...Wallet, policy: Base64() }),
    async answer(keeper, { wallet, policy }) {
      const { lease, alarm } = await keeper.replacePolicy(wallet, fromBase64(policy));
      return { lease: lease === null ? null : leaseToJson(lease), alarm };
    },
  },
  renew: {
    body: Fields({
      wallets: Type.Union([Type.Array(WalletName()), Type.Null()]),
      recoverLost: Type.Boolean(),
    }),
    answer: async (keeper, { wallets, recoverLost }) => ({ outcomes: await keeper.renew(wallets, { recoverLost }) }),
  },
  read: { body: Fields({}), answer: async (keeper) => ({ wallets: await keeper.read() }) },
};

const ajv = new Ajv({ strict: true, ownProperties: true });
const judges = new Map(Object.entries(ROUTES).map(([name, { body }]) => [name, ajv.compile(body)]));

/** Serves a keeper on a Unix socket. A socket file on which nobody listens is replaced, any other is `witness-locked`. */
export async function serveKeeper(keeper: Keeper, path: string): Promise<{ close(): Promise<void> }> {
  if (await isServed(path)) throw new ReeveError('witness-locked', { socket: path });
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    void handle(keeper, request, response);
  });
  const mask = process.umask(0o177);
  try {
    await listen(server, path);
    chmodSync(path, 0o600);
  } finally {
    process.umask(mask);
  }
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
}

async function handle(keeper: Keeper, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const name = /^\/v1\/([a-z]+)$/.exec(request.url ?? '')?.[1] ?? '';
    const route = request.method === 'POST' && Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
    if (route === undefined) throw new ReeveError('method-unknown', { path: (request.url ?? '').slice(0, 80) });
    const body = await readBody(request);
    if (judges.get(name)?.(body) !== true) throw new ReeveError('request-malformed', { what: name });
    send(response, 200, (await route.answer(keeper, body)) ?? {});
  } catch (error) {
    sendProblem(response, error);
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES) throw new ReeveError('frame-size', { limit: BODY_BYTES });
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new ReeveError('request-malformed', { what: 'JSON' });
  }
}

function sendProblem(response: ServerResponse, error: unknown): void {
  const known = isReeveError(error) ? error : new ReeveError('internal');
  const { status, text } = ERRORS[known.code];
  const reason = known.context['reason'];
  send(response, status, {
    type: 'about:blank',
    title: text,
    status,
    code: known.code,
    detail: known.message,
    ...(typeof reason === 'string' ? { reason } : {}),
  });
}

function send(response: ServerResponse, status: number, value: unknown): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type, connection: 'close' });
  response.end(formatJson(value));
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
