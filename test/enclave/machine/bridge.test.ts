/** The bridge under sanitizers, with Unix sockets where vsock ports are in the image. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { buildHarness, countDescriptors } from './harness.ts';

/** Pairs a rule has room for. */
const PAIRS = 32;
/** Connects at scale 1. */
const CONNECTS = 10_000;
const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);

const machine = buildHarness();
const at = (name: string) => join(machine.folder, name);
const servers: Server[] = [];
const open = new Set<Socket>();
t.teardown(() => {
  for (const server of servers) server.close();
  for (const socket of open) socket.destroy();
  machine.close();
});

async function serve(name: string, take: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket)).on('error', () => socket.destroy());
    take(socket);
  });
  servers.push(server);
  server.listen(at(name));
  await once(server, 'listening');
  return server;
}

function dial(name: string): Socket {
  const socket = connect({ path: at(name), allowHalfOpen: true });
  open.add(socket);
  return socket.once('close', () => open.delete(socket)).on('error', () => socket.destroy());
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** One question, one answer, on a connection of its own. */
async function ask(name: string, text: string): Promise<string> {
  const socket = dial(name);
  socket.end(text);
  return readAll(socket).then(
    (answer) => answer.toString(),
    (error: NodeJS.ErrnoException) => error.code ?? 'failed',
  );
}

await serve('echo', (socket) => void socket.pipe(socket));
await serve('deaf', (socket) => void socket.pause());
await serve('silent', (socket) => void socket.resume());
const bridge = await machine.start(at('b'), 'bridge', at('a'), at('echo'), at('b'), at('deaf'), at('c'), at('late'));
// What asked whether it listens has gone again.
await delay(300);
const start = countDescriptors(bridge);

/** Waits until the bridge has as many descriptors as at its start. */
async function settle(): Promise<number> {
  for (let left = 500; left > 0 && countDescriptors(bridge) > start; left--) await delay(10);
  return countDescriptors(bridge);
}

t.test('bytes arrive as they were sent, both ways, with the end of each way', async (t) => {
  const sent = randomBytes(3_000_000);
  const socket = dial('a');
  socket.end(sent);
  t.ok((await readAll(socket)).equals(sent));
  t.equal(await ask('a', ''), '', 'an end without a byte');
});

t.test('an end one way leaves the other way open', async (t) => {
  await serve('late', (socket) => {
    socket.resume();
    socket.once('end', () => setTimeout(() => socket.end('after your end'), 30));
  });
  t.equal(await ask('c', 'question'), 'after your end');
});

t.test('nobody listens: the connection ends, and the next one works when somebody does', async (t) => {
  const server = servers.pop();
  server?.close();
  rmSync(at('late'), { force: true });
  t.match(await ask('c', 'x'), /^(|ECONNRESET|EPIPE)$/);
  await serve('late', (socket) => void socket.pipe(socket));
  t.equal(await ask('c', 'x'), 'x');
});

t.test('a reader that stops holds its sender back, and nobody else', async (t) => {
  const flood = dial('b');
  await once(flood, 'connect');
  for (let sent = 0; sent < 64; sent++) flood.write(Buffer.alloc(65_536));
  await delay(300);
  const held = flood.writableLength;
  t.ok(held > 0, `${held} bytes wait at the sender`);
  for (let round = 0; round < 20; round++) t.equal(await ask('a', `round ${round}`), `round ${round}`);
  t.equal(flood.writableLength, held, 'nothing was taken meanwhile');
  flood.destroy();
  for (const socket of open) socket.destroy();
  t.equal(await settle(), start);
});

t.test('a full rule lets the next wait, and other rules go on', async (t) => {
  const many = Array.from({ length: PAIRS }, () => dial('b'));
  await Promise.all(many.map((socket) => once(socket, 'connect')));
  for (let left = 300; left > 0 && countDescriptors(bridge) < start + 2 * PAIRS; left--) await delay(10);
  t.equal(countDescriptors(bridge), start + 2 * PAIRS);
  const next = dial('b');
  await once(next, 'connect');
  t.equal(await ask('a', 'still here'), 'still here');
  t.equal(countDescriptors(bridge), start + 2 * PAIRS, 'no more than its room');
  for (const socket of [...open]) socket.destroy();
  t.equal(await settle(), start);
});

t.test('connections that come and go, some in the middle of a burst, leave nothing behind', async (t) => {
  const total = Math.ceil(CONNECTS * scale);
  const burst = randomBytes(65_536);
  let wrong = 0;
  const one = async (index: number) => {
    if (index % 3 === 0) {
      const socket = dial('a');
      socket.write(burst);
      await once(socket, 'connect').catch(() => undefined);
      socket.destroy();
    } else if ((await ask('a', `n${index}`)) !== `n${index}`) wrong++;
  };
  for (let index = 0; index < total; index += 20)
    await Promise.all(Array.from({ length: Math.min(20, total - index) }, (_, offset) => one(index + offset)));
  t.equal(wrong, 0);
  t.equal(await settle(), start);
});

t.test('a server that dies in the middle ends the connections it had', async (t) => {
  const held: Socket[] = [];
  rmSync(at('late'), { force: true });
  await serve('late', (socket) => void held.push(socket));
  const socket = dial('c');
  socket.write('x');
  while (held.length === 0) await delay(5);
  held[0]?.destroy();
  t.equal((await readAll(socket)).length, 0);
  socket.destroy();
  t.equal(await settle(), start);
});
