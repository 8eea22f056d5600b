/** A frame that begins and does not end: its connection is cut after the deadline; idle ones and others are left alone. */

import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { CONNECTIONS_PER_PLANE, FRAME_DEADLINE_MS } from '../../enclave/limits.ts';
import { encodeCbor } from '../../enclave/link/cbor.ts';
import { encodeFrame } from '../../enclave/link/frames.ts';
import { createWorld } from './helpers.ts';

t.test('truncated frames', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const idle = connect(enclave.agentPath);
  idle.on('error', () => undefined);
  const frame = encodeFrame(encodeCbor({ n: 1, method: 'hello', params: {} }));
  const started = performance.now();
  const cut = [1, 7, 8, frame.length - 1].map(async (length) => {
    const socket = connect(enclave.agentPath);
    await once(socket, 'connect');
    socket.write(frame.slice(0, length));
    socket.resume();
    await once(socket, 'close');
    return performance.now() - started;
  });
  t.ok(await enclave.agent.request('hello', {}), 'others are served meanwhile');
  for (const waited of await Promise.all(cut)) t.ok(waited >= FRAME_DEADLINE_MS - 50, 'not before the deadline');
  t.notOk(idle.destroyed, 'an idle connection is not cut');
  idle.destroy();
});

t.test('one connection too many is told so', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const sockets = Array.from({ length: CONNECTIONS_PER_PLANE - 1 }, () => connect(enclave.agentPath));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const extra = connect(enclave.agentPath);
  const chunks: Buffer[] = [];
  extra.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(extra, 'close');
  t.match(Buffer.concat(chunks).toString('latin1'), /busy/);
  t.ok(await enclave.agent.request('hello', {}), 'those inside are served');
  for (const socket of sockets) socket.destroy();
});
