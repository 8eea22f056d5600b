/** An enclave for tests of the host proxy: the real link protocol over real sockets, and answers a test can script. */

import { rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { ErrorCode } from '../../enclave/link/errors.ts';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { createFrameReader } from '../../enclave/link/frames.ts';
import type { WireAppend, WireReply, WireRequest } from '../../enclave/link/messages.ts';
import { decodeRequest, encodeMessage, FRAME_BYTES, hashParams } from '../../enclave/link/messages.ts';
import type { Plane, SchemaName } from '../../enclave/link/schema/registry.ts';
import { PLANES } from '../../enclave/link/schema/registry.ts';
import { isValid } from '../../enclave/link/validators.ts';
import { makeKey } from '../keys.ts';
import { answerMethod } from './fake-methods.ts';
import type { FakeWallet } from './fake-wallet.ts';
import { signHead } from './fake-wallet.ts';

export interface FakeEnclave {
  readonly addresses: { readonly agent: string; readonly owner: string };
  readonly wallets: Map<string, FakeWallet>;
  readonly blobs: Map<string, Uint8Array>;
  /** Requests seen, oldest first: `plane/method`. */
  readonly seen: string[];
  /** Per restored wallet the number of receipts handed over. */
  readonly restored: Map<string, number>;
  boot: Uint8Array;
  /** What `sign` answers instead of signing; null: it signs. */
  script: ((params: Record<string, unknown>) => Record<string, unknown> | null) | null;
  /** Receipts an agent-plane reply carries at most; the rest has to be fetched. */
  appendMax: number;
  failRestore: ErrorCode | null;
  /** The next signature is made and its reply never leaves. */
  loseSignReply: boolean;
  loseCommandReply: boolean;
  credentials: Record<string, unknown> | null;
  approvalState: 'pending' | 'approved';
  /** Replies about this wallet on the agent plane are kept back until `release`. */
  hold: string | null;
  release(): void;
  start(): Promise<void>;
  dropConnections(): void;
  /** Ends every connection and the listeners; `forget` loses all memory, as a new process would. */
  stop(options?: { forget?: boolean }): Promise<void>;
}

export function createFakeEnclave(addresses: { agent: string; owner: string }): FakeEnclave {
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let servers: Server[] = [];
  let boots = 1;
  const fake: FakeEnclave = {
    addresses,
    wallets: new Map(),
    blobs: new Map(),
    seen: [],
    restored: new Map(),
    boot: makeKey('boot 1').key,
    script: null,
    appendMax: 50,
    failRestore: null,
    loseSignReply: false,
    loseCommandReply: false,
    credentials: null,
    approvalState: 'pending',
    hold: null,
    release: () => {
      fake.hold = null;
      for (const send of held.splice(0)) send();
    },
    dropConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
    async start() {
      servers = (['agent', 'owner'] as const).map((plane) => createServer((socket) => serve(plane, socket)));
      const paths = [addresses.agent, addresses.owner].map((address) => address.slice('unix:'.length));
      const listening = servers.map((server, index) => {
        rmSync(paths[index] as string, { force: true });
        return new Promise<void>((resolve) => server.listen(paths[index], resolve));
      });
      await Promise.all(listening);
    },
    async stop({ forget = false } = {}) {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      fake.dropConnections();
      await Promise.all(closed);
      if (!forget) return;
      boots += 1;
      fake.boot = makeKey(`boot ${boots}`).key;
      fake.wallets.clear();
      fake.blobs.clear();
    },
  };

  function serve(plane: Plane, socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      sockets.delete(socket);
      for (const wallet of fake.wallets.values()) wallet.handed = (wallet.unstored[0]?.seq ?? wallet.seq + 1) - 1;
    });
    const read = createFrameReader(FRAME_BYTES[plane]);
    socket.on('data', (chunk: Buffer) => {
      for (const body of read(chunk)) {
        const request = decodeRequest(body);
        const reply = encodeMessage(plane, answer(fake, plane, request));
        const send = () => {
          if (!socket.destroyed) socket.write(reply);
        };
        const { wallet } = request.params as { wallet?: unknown };
        if (plane === 'agent' && fake.hold !== null && wallet === fake.hold) held.push(send);
        else send();
      }
    });
  }

  return fake;
}

function answer(fake: FakeEnclave, plane: Plane, request: WireRequest): WireReply {
  const { n, method } = request;
  const params = request.params as Record<string, unknown>;
  fake.seen.push(`${plane}/${method}`);
  const asked = hashParams(params);
  try {
    if (!Object.hasOwn(PLANES[plane], method)) throw new ReeveError('method-unknown', {});
    const fits: boolean = isValid(`${plane}/${method}/params` as SchemaName, params);
    if (!fits) throw new ReeveError('request-malformed', {});
    const wallet = fake.wallets.get(String(params['wallet']));
    const stored = params['stored'];
    if (wallet !== undefined && typeof stored === 'number')
      wallet.unstored = wallet.unstored.filter(({ seq }) => seq > stored);
    const { result, after } = answerMethod(fake, method, params);
    const isSince = method === 'receipts.since' && wallet !== undefined;
    const append = isSince ? listSince(fake, wallet, Number(params['seq'])) : handOver(fake, plane);
    return { n, asked, result, ...(append.length > 0 && { append }), ...(after !== undefined && { after }) };
  } catch (cause) {
    const code = isReeveError(cause) ? cause.code : 'internal';
    return { n, asked, error: { code, detail: String(cause).slice(0, 200) } };
  }
}

function handOver(fake: FakeEnclave, plane: Plane): WireAppend[] {
  return [...fake.wallets.values()].flatMap((wallet) => {
    const fresh = wallet.unstored.filter(({ seq }) => seq > wallet.handed);
    const sent = plane === 'agent' ? fresh.slice(0, fake.appendMax) : fresh;
    wallet.handed = wallet.seq;
    const receipts = sent.map(({ bytes }) => bytes);
    return receipts.length === 0 ? [] : [{ wallet: wallet.name, receipts, signedHead: signHead(wallet, fake.boot) }];
  });
}

function listSince(fake: FakeEnclave, wallet: FakeWallet, seq: number): WireAppend[] {
  const receipts = wallet.unstored.filter((entry) => entry.seq > seq).map(({ bytes }) => bytes);
  return receipts.length === 0 ? [] : [{ wallet: wallet.name, receipts, signedHead: signHead(wallet, fake.boot) }];
}
