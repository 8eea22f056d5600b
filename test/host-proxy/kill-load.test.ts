/** The host proxy killed again and again under load, over a real enclave: nothing is lost, nothing is charged twice, and it is back within a second. */

import t from 'tap';
import { encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import { openPool } from './load.ts';
import { killChild, openRealHouse, payment } from './real-house.ts';
import { until } from './support.ts';

t.setTimeout(4 * 3_600_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const KILLS = SCALE < 0.1 ? 4 : Math.round(1000 * SCALE);
const CLIENTS = 24;
/** Signatures between two kills. */
const BETWEEN = 40;
/** From the start of a process to its first signature, p99, milliseconds. */
const FIRST_MS = 1000;
const CHARGE = 6_000n;

t.test(`${KILLS} kills under load`, async (t) => {
  const house = await openRealHouse(t);
  await house.spawnEnclave();
  let child = await house.spawnProxy();
  const agent = await house.createWallet('w');
  await house.lease('w');
  const given = new Map<number, string>();
  const differing: number[] = [];
  let [running, asked, cutOff, next] = [true, 0, 0, 0];
  let firstAt: number | null = 0;
  const pool = openPool(house.socket('w'), CLIENTS);
  /** One payment after the other, each asked for until it is answered. */
  const pay = async () => {
    while (running) {
      next += 1;
      const nonce = next;
      asked += 1;
      for (let answered = false; !answered; ) {
        const answer = await pool.send('POST', '/v1/sign', { id: `n${nonce}`, ...payment(agent, nonce) });
        answered = answer?.status === 200;
        if (answered) {
          firstAt ??= performance.now();
          given.set(nonce, answer?.body.signature);
        } else {
          cutOff += 1;
          await new Promise((resolve) => setTimeout(resolve, 4));
        }
      }
      // What was given is given again, the same.
      if (nonce % 10 === 0) {
        const again = await pool.send('POST', '/v1/sign', { id: `n${nonce}`, ...payment(agent, nonce) });
        if (again?.status === 200 && again.body.signature !== given.get(nonce)) differing.push(nonce);
      }
    }
  };
  const paying = Promise.all(Array.from({ length: CLIENTS }, pay));
  const firsts: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const enough = given.size + BETWEEN;
    await until(() => given.size >= enough);
    await killChild(child);
    firstAt = null;
    const started = performance.now();
    child = await house.spawnProxy();
    firsts.push((await until(() => firstAt)) - started);
  }
  running = false;
  await paying;
  pool.close();
  t.ok(cutOff > 0, `${cutOff} calls were cut off and asked again`);
  t.strictSame(differing, []);
  const signed = house.stored('w').flatMap(({ kind, body }) => (kind === 'decision' ? body.signatures : []));
  t.equal(given.size, asked, 'every payment was answered in the end');
  t.strictSame(new Set(signed.map(encodeBase58)), new Set(given.values()), 'what was given out is what is stored');
  t.equal(signed.length, asked, 'each once');
  const { spentInBoot } = await house.statement('w');
  t.equal(spentInBoot.find(({ asset }) => asset === 'SOL')?.amount, BigInt(asked) * CHARGE, 'and charged once');
  firsts.sort((a, b) => a - b);
  const p99 = firsts[Math.floor((firsts.length - 1) * 0.99)] ?? 0;
  if (SCALE >= 1) t.ok(p99 <= FIRST_MS, `first signature after ${p99} ms (p99)`);
});
