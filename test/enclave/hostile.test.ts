/** Peers that break the protocol: one stable code each, their connection ends, nobody else notices. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import t from 'tap';
import { REQUESTS_PER_TURN } from '../../enclave/limits.ts';
import { encodeCbor } from '../../enclave/link/cbor.ts';
import { createFrameReader, encodeFrame } from '../../enclave/link/frames.ts';
import { AGENT_FRAME_BYTES, OWNER_FRAME_BYTES, REQUESTS_IN_FLIGHT } from '../../enclave/link/limits.ts';
import type { WireReply } from '../../enclave/link/messages.ts';
import { decodeReply } from '../../enclave/link/messages.ts';
import { AGENT_METHODS } from '../../enclave/link/schema/agent.ts';
import { OWNER_METHODS } from '../../enclave/link/schema/owner.ts';
import { SHARED_METHODS } from '../../enclave/link/schema/shared.ts';
import { createTestWallet, createWorld, grantLease, paymentOf, signWith } from './helpers.ts';

const frame = (value: object): Uint8Array => encodeFrame(encodeCbor(value as never));
const request = (method: string, params: object = {}, n = 7): Uint8Array => frame({ n, method, params });

/** Everything a peer gets for these bytes until the enclave closes the connection. */
async function sendAndRead(path: string, bytes: Uint8Array): Promise<WireReply[]> {
  const socket = connect(path);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  await once(socket, 'close');
  return createFrameReader(OWNER_FRAME_BYTES)(Buffer.concat(chunks)).map(decodeReply);
}

const head = (length: number): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(length, 0);
  return bytes;
};

const spoiled = (bytes: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 1] = (copy.at(-1) as number) ^ 1;
  return copy;
};

const BROKEN: readonly (readonly [name: string, bytes: Uint8Array, code: string])[] = [
  ['a length of zero', head(0), 'frame-size'],
  ['a length over the limit', head(OWNER_FRAME_BYTES + 1), 'frame-size'],
  ['the largest length', head(0xffffffff), 'frame-size'],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'frame-size'],
  ['a wrong checksum', spoiled(request('hello')), 'frame-checksum'],
  ['a body that is no CBOR', encodeFrame(Uint8Array.of(0xff, 0x00)), 'cbor-malformed'],
  ['a body with trailing bytes', encodeFrame(Uint8Array.of(0xa0, 0x00)), 'cbor-malformed'],
  ['a body nested too deep', encodeFrame(new Uint8Array(64).fill(0x81)), 'cbor-malformed'],
  ['a body that is no request', frame({ hello: 1 }), 'request-malformed'],
  ['a request with an unknown field', frame({ n: 1, method: 'hello', params: {}, more: 1 }), 'request-malformed'],
  ['an unknown method', request('wallet.steal'), 'method-unknown'],
  ['a method of every object', request('constructor'), 'method-unknown'],
  ['a method that is a prototype', request('__proto__'), 'method-unknown'],
];

t.test('what breaks the protocol gets one error and ends its connection', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  for (const path of [enclave.agentPath, enclave.ownerPath]) {
    for (const [name, bytes, code] of BROKEN) {
      const replies = await sendAndRead(path, bytes);
      t.same(
        replies.map(({ error }) => error?.code),
        [code],
        `${name}: ${code}`,
      );
      t.notMatch(JSON.stringify(replies), /\.ts|node:|Error:/, 'no stack trace');
    }
    for (let round = 0; round < 20; round++)
      await sendAndRead(path, Buffer.concat([head(0xf0000000), randomBytes(200)]));
  }
  t.same(
    await sendAndRead(enclave.agentPath, head(AGENT_FRAME_BYTES + 1)).then(([reply]) => reply?.error?.code),
    'frame-size',
  );
  t.equal((await enclave.agent.request('hello', {})).result.mode, 'development', 'others were served all the time');
});

t.test('the agent plane has no owner method', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const owned = Object.keys(OWNER_METHODS).filter((method) => !Object.hasOwn(SHARED_METHODS, method));
  t.same(
    owned.filter((method) => Object.hasOwn(AGENT_METHODS, method)),
    [],
    'not in its schema',
  );
  for (const method of owned) {
    const replies = await sendAndRead(enclave.agentPath, Buffer.concat([request(method), request('hello', {}, 8)]));
    t.match(replies, [{ n: 7, error: { code: 'method-unknown' } }], `${method} is refused and closes the connection`);
    t.equal(replies.length, 1, 'what follows is not answered');
  }
});

t.test('params that do not fit are refused, and the connection goes on', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const rows: readonly [string, object][] = [
    ['sign', {}],
    ['sign', { wallet: 'Nope!', stored: 0, transactions: [new Uint8Array(1)], owners: [] }],
    ['sign', { wallet: 'w', stored: 0, transactions: [], owners: [] }],
    ['sign', { wallet: 'w', stored: 0, transactions: [new Uint8Array(4097)], owners: [] }],
    ['sign', { wallet: 'w', stored: 0, transactions: [new Uint8Array(1)], owners: [], extra: 1 }],
    ['sign', { wallet: 'w', stored: -1, transactions: [new Uint8Array(1)], owners: [] }],
    ['attest', { nonce: new Uint8Array(15), wallets: [] }],
  ];
  for (const [method, params] of rows) {
    await t.rejects(enclave.agent.request(method as 'sign', params as never), { code: 'request-malformed' });
  }
  const unknown = { wallet: 'nobody', stored: 0, transactions: [new Uint8Array(1)], owners: [] };
  await t.rejects(enclave.agent.request('sign', unknown), { code: 'wallet-unknown' });
  t.ok(await enclave.agent.request('hello', {}));
});

t.test('transactions that cannot be signed are decisions, each with its code', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const { agent } = await createTestWallet(world, enclave, 'w');
  await grantLease(enclave, 'w');
  const good = paymentOf(agent, 1n, 1);
  const rows: readonly [string, Uint8Array, string][] = [
    ['one byte', new Uint8Array(1), 'undecodable'],
    ['a length that is no compact-u16', new Uint8Array(400).fill(0xfe), 'not-canonical'],
    ['cut short', good.slice(0, -1), 'undecodable'],
    ['a trailing byte', Uint8Array.of(...good, 0), 'trailing-bytes'],
    ['another signer', paymentOf('77'.repeat(32) as typeof agent, 1n, 1), 'not-our-signature'],
  ];
  for (const [name, bytes, code] of rows) {
    const { result } = await signWith(enclave, 'w', [bytes]);
    t.match(result, { outcome: 'refused', violations: [{ code }] }, `${name}: ${code}`);
  }
  const messages = enclave.agent.request('message.sign', { wallet: 'w', stored: 0, message: Buffer.from('log in') });
  t.match((await messages).result, { outcome: 'refused', violations: [{ code: 'message-not-allowed' }] });
});

t.test('a peer that asks too much at once is told busy; one that does not read is cut off', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const count = REQUESTS_IN_FLIGHT + 200;
  const flood = async (): Promise<Socket> => {
    const socket = connect(enclave.ownerPath);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const attest = request('attest', { nonce: new Uint8Array(16), wallets: [] });
    socket.write(Buffer.concat(Array.from({ length: count }, () => attest)));
    return socket.pause();
  };
  const countReplies = async (socket: Socket, enough: number): Promise<string[]> => {
    const read = createFrameReader(OWNER_FRAME_BYTES);
    const outcomes: string[] = [];
    return new Promise((resolve) => {
      socket.once('close', () => resolve(outcomes));
      socket.on('data', (chunk: Buffer) => {
        for (const body of read(chunk)) outcomes.push(decodeReply(body).error?.code ?? 'done');
        if (outcomes.length === enough) resolve(outcomes);
      });
      socket.resume();
    });
  };
  const reader = await flood();
  t.ok(await enclave.owner.request('hello', {}), 'others are served meanwhile');
  const outcomes = await countReplies(reader, count);
  t.equal(outcomes.length, count, 'every request has its reply');
  t.ok(outcomes.filter((code) => code === 'busy').length > 0, 'what is over the number in flight is refused');
  reader.destroy();

  const silent = await flood();
  // As many turns of the event loop as the flood takes. The NSM answers one after the other: once the last is answered, all are.
  for (let turn = 0; turn <= count / REQUESTS_PER_TURN; turn++) await enclave.owner.request('hello', {});
  await enclave.owner.request('attest', { nonce: new Uint8Array(16), wallets: [] });
  t.ok((await countReplies(silent, count)).length < count, 'cut off with replies unread');
});
