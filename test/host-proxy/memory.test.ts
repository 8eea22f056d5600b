/** Memory stays flat: both processes are as large after a million requests as after the first tenth. */

import { readFileSync } from 'node:fs';
import t from 'tap';
import { openPool, runClients } from './load.ts';
import { openRealHouse, payment } from './real-house.ts';

t.setTimeout(4 * 3_600_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const REQUESTS = Math.max(2_000, Math.round(1_000_000 * SCALE));
const CLIENTS = 32;
/** Growth after the first tenth, at full scale; and at a small one, where the engine is still warming up. */
const GROWTH = SCALE >= 1 ? 1.1 : 2;

const resident = (pid: number | undefined): number =>
  Number(/VmRSS:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

t.test(`${REQUESTS} requests`, async (t) => {
  const house = await openRealHouse(t);
  const children = [await house.spawnEnclave(), await house.spawnProxy()];
  const agent = await house.createWallet('w');
  await house.lease('w');
  const pool = openPool(house.socket('w'), CLIENTS);
  const statuses = new Map<string, number>();
  /** Signatures, repeated ones, dry runs, reads, and bad requests, in turn. */
  const work = async (index: number) => {
    const nonce = index % 4 === 3 ? index - 3 : index;
    const routes = [
      () => pool.send('POST', '/v1/sign', payment(agent, nonce)),
      () => pool.send('POST', '/v1/sign', { id: `n${nonce}`, ...payment(agent, nonce) }),
      () => pool.send('POST', '/v1/evaluate', payment(agent, nonce)),
      () => pool.send('POST', '/v1/sign', payment(agent, nonce)),
      () => pool.send('GET', '/v1/budget'),
      () => pool.send('POST', '/v1/sign', { transaction: 'AAAA' }),
    ];
    const answer = await (routes[index % routes.length] as () => ReturnType<typeof pool.send>)();
    const key = `${index % routes.length}: ${answer?.status}`;
    statuses.set(key, (statuses.get(key) ?? 0) + 1);
  };
  const largest = async (from: number, to: number): Promise<number[]> => {
    const sizes = children.map(() => 0);
    const look = setInterval(() => {
      children.forEach(({ pid }, index) => {
        sizes[index] = Math.max(sizes[index] ?? 0, resident(pid));
      });
    }, 200);
    await runClients(CLIENTS, (index) => work(from + index), to - from);
    clearInterval(look);
    return children.map(({ pid }, index) => Math.max(sizes[index] ?? 0, resident(pid)));
  };
  const first = await largest(0, REQUESTS / 10);
  await largest(REQUESTS / 10, (REQUESTS * 9) / 10);
  const last = await largest((REQUESTS * 9) / 10, REQUESTS);
  pool.close();
  t.equal(statuses.size, 6, [...statuses.keys()].join(', '));
  const sizes = last.map((size, index) => `${first[index]} kB, then ${size} kB`);
  t.ok(
    last.every((size, index) => size <= (first[index] ?? 0) * GROWTH),
    `enclave and host proxy: ${sizes.join('; ')}`,
  );
  t.comment(sizes.join('; '));
});
