/** The relay lets bytes through to KMS, both ways and to the end, and to nothing else. */

import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startRelay } from '../../host-proxy/relay.ts';
import { QUIET } from './support.ts';

const HOST = 'kms.eu-central-1.amazonaws.com';
const folder = mkdtempSync(join(tmpdir(), 'rv-relay-'));
const path = join(folder, 'kms.sock');

/** All that comes back for these bytes; ends our side after them. */
function exchange(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(seen));
    socket.end(bytes);
  });
}

t.test('relay', async (t) => {
  let connections = 0;
  /** Answers once the other side has ended: proof that an end is passed on as an end. */
  const target: Server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    connections += 1;
    let size = 0;
    socket.on('data', (chunk) => {
      size += chunk.length;
    });
    socket.on('end', () => socket.end(`got ${size}`));
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const { port } = target.address() as AddressInfo;
  const relay = await startRelay({ relay: path, endpoints: { [HOST]: `127.0.0.1:${port}` } }, QUIET);
  t.teardown(() => {
    relay.close();
    target.close();
    rmSync(folder, { recursive: true });
  });

  t.equal(await exchange(`CONNECT ${HOST}:443\nhello`), 'got 5');
  t.equal(
    await exchange(Buffer.concat([Buffer.from(`CONNECT ${HOST}:443\n`), Buffer.alloc(3_000_000, 1)])),
    'got 3000000',
  );
  const before = connections;
  for (const line of [
    'CONNECT evil.example:443\n',
    `CONNECT ${HOST}:80\n`,
    `CONNECT ${HOST}.evil.example:443\n`,
    'CONNECT kms.eu-central-1.amazonaws.com.evil:443\n',
    'CONNECT kms.a.b.amazonaws.com:443\n',
    'CONNECT kms.eu-central-1.amazonaws.com@evil:443\n',
    'CONNECT s3.eu-central-1.amazonaws.com:443\n',
    'GET / HTTP/1.1\n',
    `CONNECT ${HOST}:443\r\n`,
    `connect ${HOST}:443\n`,
    '\n',
    'x'.repeat(10_000),
    '',
  ]) {
    t.equal(await exchange(line), '', JSON.stringify(line.slice(0, 40)));
  }
  t.equal(connections, before, 'nothing was connected for any of them');
  const parts = connect({ path, allowHalfOpen: true });
  const answer = new Promise<string>((resolve) => parts.once('data', (chunk) => resolve(chunk.toString())));
  for (const letter of `CONNECT ${HOST}:443\nab`) parts.write(letter);
  parts.end();
  t.equal(await answer, 'got 2');
});
