/** The NSM channel of the machine program, with the enclave's own client at its other end. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { connectNsm, MAX_NSM_REQUEST_BYTES, MAX_NSM_RESPONSE_BYTES } from '../../../attestation/nsm-socket.ts';
import { buildHarness } from './harness.ts';

const machine = buildHarness();
t.teardown(() => machine.close());
const path = join(machine.folder, 'nsm.sock');
await machine.start(path, 'nsm', path);

t.test('requests of every length come back as they should', async (t) => {
  const nsm = await connectNsm(path);
  for (const length of [1, 2, 255, 256, MAX_NSM_REQUEST_BYTES]) {
    const request = Uint8Array.from({ length }, (_, index) => (index % 250) + 1);
    t.strictSame([...(await nsm.request(request))], [...request].reverse());
  }
  const longest = await nsm.request(Uint8Array.of(0, MAX_NSM_RESPONSE_BYTES >> 8, MAX_NSM_RESPONSE_BYTES & 255));
  t.equal(longest.length, MAX_NSM_RESPONSE_BYTES);
  nsm.close();
});

t.test(
  'what the device refuses, or answers at a length it cannot, ends the connection; the next one is served',
  async (t) => {
    const nsm = await connectNsm(path);
    for (const request of [Uint8Array.of(255), Uint8Array.of(0, 0x30, 1)]) {
      await t.rejects(nsm.request(request), /closed/);
      t.strictSame([...(await nsm.request(Uint8Array.of(1, 2)))], [2, 1]);
    }
    nsm.close();
  },
);

t.test('a length of none, or over the limit, ends the connection', async (t) => {
  for (const head of [0, MAX_NSM_REQUEST_BYTES + 1, 0xffffffff]) {
    const socket = connect(path);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(head);
    socket.write(bytes);
    socket.resume();
    await once(socket, 'close');
    t.equal(socket.bytesRead, 0);
  }
});

t.test('a request byte by byte, and two at once', async (t) => {
  const socket = connect(path);
  const message = Buffer.from([0, 0, 0, 3, 1, 2, 3]);
  for (const byte of message) {
    socket.write(Uint8Array.of(byte));
    await delay(1);
  }
  t.strictSame([...((await once(socket, 'data'))[0] as Buffer)], [0, 0, 0, 3, 3, 2, 1]);
  socket.write(Buffer.concat([message, message]));
  let got = 0;
  for await (const chunk of socket) {
    got += (chunk as Buffer).length;
    if (got === 14) break;
  }
  t.equal(got, 14);
});
