/** Too many clients, clients that dawdle, clients that never read, other users: everybody else is served, and nobody is closed without a word. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import t from 'tap';
import { openRealHouse, payment } from './real-house.ts';
import { call, makeHouse, until } from './support.ts';

t.setTimeout(600_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
/** The descriptor limit, and clients that only connect. */
const DESCRIPTORS = 64;
const IDLE_CLIENTS = 120;
const SLOW_CLIENTS = 100;
/** Requests measured without and with the slow clients. */
const MEASURED = Math.max(40, Math.round(2000 * SCALE));

interface Client {
  readonly socket: Socket;
  said: string;
  closed: boolean;
}

/** A client that connects, sends `first` and then only listens. */
async function openClient(path: string, first = ''): Promise<Client> {
  const client: Client = { socket: connect({ path, allowHalfOpen: true }), said: '', closed: false };
  client.socket.on('data', (chunk: Buffer) => {
    client.said += chunk.toString('latin1');
  });
  client.socket.on('error', () => undefined);
  client.socket.on('end', () => client.socket.end());
  client.socket.once('close', () => {
    client.closed = true;
  });
  await once(client.socket, 'connect');
  if (first !== '') client.socket.write(first);
  return client;
}

t.test(
  `${IDLE_CLIENTS} idle clients at a limit of ${DESCRIPTORS} descriptors: nobody is closed silently`,
  async (t) => {
    const house = await openRealHouse(t);
    await house.startEnclave();
    const child = await house.spawnProxy({ shell: `ulimit -n ${DESCRIPTORS}` });
    const agent = await house.createWallet('w');
    await house.lease('w');
    const path = house.socket('w');
    t.match(await call(path, 'POST', '/v1/sign', payment(agent, 0)), { status: 200 });
    const kept = await openClient(path, 'GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => kept.said.includes('"stale":false') || kept.said.includes('200 OK'));
    const idle = await Promise.all(Array.from({ length: IDLE_CLIENTS }, () => openClient(path)));
    kept.said = '';
    kept.socket.write('GET /v1/wallet HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => kept.said.includes('HTTP/1.1 200'));
    t.pass('a client that was there is served');
    t.equal((await call(house.admin, 'GET', '/v1/health')).status, 200, 'the owner gets in');
    const used = readdirSync(`/proc/${child.pid}/fd`).length;
    t.ok(used < DESCRIPTORS, `${used} descriptors`);
    await until(() => idle.every(({ closed }) => closed));
    const told = idle.map(
      ({ said }) => /^HTTP\/1\.1 (503|408) .*"code":"(connections-full|request-timeout)"/s.exec(said)?.[2],
    );
    t.strictSame(idle.filter(({ said }) => said === '').length, 0, 'no client was closed without a word');
    t.ok(told.every((code) => code !== undefined));
    t.ok(told.includes('connections-full') && told.includes('request-timeout'), 'some were refused, some timed out');
    t.match(idle.find(({ said }) => said.includes('connections-full'))?.said, /\r\nretry-after: 1\r\n/);
    const back = performance.now();
    t.match(await call(path, 'POST', '/v1/sign', payment(agent, 1)), { status: 200 }, 'and it signs again');
    if (SCALE >= 1) t.ok(performance.now() - back <= 1000, 'within a second');
    t.equal(child.exitCode, null);
  },
);

const quantile = (times: readonly number[], q: number) =>
  [...times].sort((a, b) => a - b)[Math.floor((times.length - 1) * q)] ?? 0;

t.test(`${SLOW_CLIENTS} slow clients: another is served as before`, async (t) => {
  const house = await openRealHouse(t);
  await house.startEnclave();
  await house.spawnProxy();
  const agent = await house.createWallet('w');
  await house.lease('w');
  const path = house.socket('w');
  let nonce = 0;
  const measure = async (): Promise<number[]> => {
    const times: number[] = [];
    for (let index = 0; index < MEASURED; index += 1) {
      nonce += 1;
      const started = performance.now();
      const { status } = await call(path, 'POST', '/v1/sign', payment(agent, nonce));
      if (status !== 200) throw new Error(`${status}`);
      times.push(performance.now() - started);
    }
    return times;
  };
  await measure();
  const alone = await measure();
  let running = true;
  let cut = 0;
  /** Sends a byte now and then, until it is cut off, and begins again; every third never reads what it asked for. */
  const dawdle = async (index: number): Promise<void> => {
    while (running) {
      const client = await openClient(
        path,
        index % 3 === 0 ? 'GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(8) : 'P',
      );
      if (index % 3 === 0) client.socket.pause();
      const drip = setInterval(() => client.socket.write('O'), 250);
      await until(() => client.closed || client.socket.destroyed || !running);
      clearInterval(drip);
      client.socket.destroy();
      cut += 1;
    }
  };
  const slow = Promise.all(Array.from({ length: SLOW_CLIENTS }, (_, index) => dawdle(index)));
  const crowded = await measure();
  running = false;
  await slow;
  const [before, after] = [quantile(alone, 0.99), quantile(crowded, 0.99)];
  t.ok(cut >= SLOW_CLIENTS);
  if (SCALE >= 1) t.ok(after <= 3 * before, `p99 ${before} ms alone, ${after} ms among slow clients`);
});

t.test('an answer that is left unread is given up', async (t) => {
  const house = await makeHouse();
  t.teardown(() => house.cleanUp());
  await house.startProxy();
  await house.createWallet('alice');
  const client = await openClient(house.socket('alice'));
  client.socket.pause();
  // More answers than the kernel keeps for a peer that does not read.
  const ask = 'GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n';
  client.socket.write(ask.repeat(400));
  client.socket.once('error', () => undefined);
  const started = performance.now();
  await until(async () => {
    const others = await call(house.socket('alice'), 'GET', '/v1/health');
    if (others.status !== 200) throw new Error(`${others.status}`);
    // Writing to a peer that has gone fails.
    client.socket.write('\r\n');
    return client.socket.destroyed || client.socket.errored !== null;
  });
  t.ok(performance.now() - started > 3000, 'it had its time');
  client.socket.destroy();
});

t.test('one wallet cannot take all places with the enclave: 429, and the others are served', async (t) => {
  const house = await makeHouse();
  t.teardown(() => house.cleanUp());
  await house.startProxy();
  await house.createWallet('alice');
  await house.createWallet('bob');
  house.fake.hold = 'alice';
  let refused = 0;
  const held = Array.from({ length: 160 }, async () => {
    const answer = await call(house.socket('alice'), 'GET', '/v1/wallet');
    if (answer.status === 429) refused += 1;
    return answer;
  });
  await until(() => refused === 32);
  t.match(await Promise.race(held), {
    status: 429,
    body: { code: 'wallet-busy' },
    headers: { 'retry-after': '1' },
  });
  t.equal((await call(house.socket('bob'), 'GET', '/v1/wallet')).status, 200);
  house.fake.release();
  const statuses = (await Promise.all(held)).map(({ status }) => status);
  t.equal(statuses.filter((status) => status === 200).length, 128);
  t.equal(statuses.filter((status) => status === 429).length, 32);
});

t.test('a path is taken over only when its listener is gone, and it was ours', async (t) => {
  const house = await makeHouse();
  t.teardown(() => house.cleanUp());
  const child = await house.spawnProxy();
  await house.createWallet('alice');
  const path = house.socket('alice');
  t.equal(statSync(path).mode & 0o777, 0o660);
  t.equal(statSync(dirname(path)).mode & 0o777, 0o750);
  t.equal(statSync(house.admin).mode & 0o777, 0o600);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  t.ok(existsSync(path), 'a killed process leaves its socket');
  const stranger = createServer((socket) => socket.destroy());
  rmSync(path);
  stranger.listen(path);
  await once(stranger, 'listening');
  const second = await house.spawnProxy();
  t.equal((await call(path, 'GET', '/v1/health').catch(() => null))?.status, undefined, 'who listens stays');
  second.kill('SIGKILL');
  await once(second, 'exit');
  stranger.close();
  await once(stranger, 'close');
  await house.spawnProxy();
  await until(async () => (await call(path, 'GET', '/v1/health').catch(() => null))?.status === 200);
});

t.test(
  'another user is not let in: 100 tries',
  { skip: process.getuid?.() !== 0 && 'only root can become another user' },
  async (t) => {
    const house = await makeHouse();
    t.teardown(() => house.cleanUp());
    await house.startProxy();
    await house.createWallet('alice');
    // The way there is open to all; the wallet's folder is what keeps others out.
    for (const folder of [house.folder, join(house.folder, 'run')]) chmodSync(folder, 0o755);
    const script = `
    const { connect } = require('node:net');
    const seen = [];
    const attempt = (left) => {
      if (left === 0) return process.stdout.write(seen.join(' '));
      const socket = connect(process.argv[1]);
      socket.once('connect', () => { seen.push('connected'); socket.destroy(); attempt(left - 1); });
      socket.once('error', (error) => { seen.push(error.code); attempt(left - 1); });
    };
    attempt(50);`;
    const asUser = async (uid: number, path: string): Promise<string[]> => {
      const child = spawn('/usr/bin/env', ['-i', process.execPath, '-e', script, path], { uid, gid: uid, cwd: '/' });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      await once(child, 'close');
      return text.split(' ');
    };
    for (const path of [house.socket('alice'), house.admin])
      t.strictSame([...new Set(await asUser(65_534, path))], ['EACCES'], 'another user');
    t.strictSame([...new Set(await asUser(0, house.socket('alice')))], ['connected'], 'its own');
  },
);

t.test('SIGTERM: what is being answered is answered, new connections are refused, and it ends with 0', async (t) => {
  const house = await makeHouse();
  t.teardown(() => house.cleanUp());
  const child = await house.spawnProxy({ closeOnExit: true });
  await house.createWallet('alice');
  const path = house.socket('alice');
  house.fake.hold = 'alice';
  const asked = call(path, 'GET', '/v1/wallet');
  await until(() => house.fake.seen.includes('agent/wallet.read'));
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await until(async () => (await call(path, 'GET', '/v1/health').catch(() => null)) === null);
  house.fake.release();
  const answer = await asked;
  t.equal(answer.status, 200);
  t.equal(answer.headers['connection'], 'close');
  t.strictSame(await ended, [0, null]);
  t.equal(house.fake.wallets.get('alice')?.phase, 'closed', 'the boot is closed in order');
});
