import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { connectAddress, parseAddress } from '../../../enclave/link/address.ts';

const ADDRESSES: [text: string, expected: object | null][] = [
  ['unix:/run/a.sock', { kind: 'unix', path: '/run/a.sock' }],
  ['hybrid:/run/vm.vsock:5000', { kind: 'hybrid', path: '/run/vm.vsock', port: 5000 }],
  ['hybrid:/run/a:b:5000', { kind: 'hybrid', path: '/run/a:b', port: 5000 }],
  ['hybrid:/run/vm.vsock', null],
  ['hybrid:/run/vm.vsock:4294967296', null],
  ['tcp:127.0.0.1:80', null],
  ['unix:', null],
  ['', null],
  [`unix:/${'x'.repeat(107)}`, null],
];

for (const [text, expected] of ADDRESSES) {
  t.test(`address "${text.slice(0, 40)}"`, (t) => {
    if (expected === null) t.throws(() => parseAddress(text), { code: 'address-malformed' });
    else t.strictSame(parseAddress(text), expected);
    t.end();
  });
}

async function serve(t: Test, onConnect: (socket: Socket) => void): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), 'reeve-')), 's');
  const server = createServer(onConnect).listen(path);
  t.teardown(() => server.close());
  await once(server, 'listening');
  return path;
}

t.test('hybrid: the greeting is spoken, and bytes that follow it are kept', async (t) => {
  const path = await serve(t, (socket) => {
    socket.once('data', (line) => {
      t.equal(String(line), 'CONNECT 5000\n');
      socket.end('OK 1073741824\nfirst bytes');
    });
  });
  const socket = await connectAddress({ kind: 'hybrid', path, port: 5000 });
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  t.equal(String(chunk), 'first bytes');
});

for (const [what, answer] of [
  ['another word', 'NO\n'],
  ['an endless line', 'OK '.padEnd(200, '1')],
  ['nothing but an end', ''],
] as const) {
  t.test(`hybrid: a peer that answers ${what} is refused`, async (t) => {
    const path = await serve(t, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(answer));
    });
    await t.rejects(connectAddress({ kind: 'hybrid', path, port: 1 }), { code: 'connection-lost' });
  });
}

t.test('nobody listens', async (t) => {
  await t.rejects(connectAddress({ kind: 'unix', path: join(tmpdir(), 'reeve-nobody.sock') }), {
    code: 'connection-lost',
  });
});
