/** An enclave that was killed comes back sealed, quickly, and signs nothing until a lease. */

import t from 'tap';
import { createTestWallet, createWorld, grantLease, paymentOf, readStatement, restore, signWith } from './helpers.ts';

t.setTimeout(4 * 3_600_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const TRIALS = SCALE < 0.1 ? 4 : Math.round(1000 * SCALE);
/** From the start of the process to its first answer, milliseconds, p99. */
const COLD_START_MS = 1000;

t.test(`${TRIALS} restarts`, async (t) => {
  const world = await createWorld(t);
  let enclave = await world.startProcess();
  const copy = await createTestWallet(world, enclave, 'w');
  await grantLease(enclave, 'w');
  const times: number[] = [];
  let early = 0;
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const attempt = () =>
      signWith(enclave, 'w', [paymentOf(copy.agent, 1n, trial)]).then(
        ({ result }) => (result.outcome === 'signed' ? 'signed' : 'refused'),
        (cause) => String(cause.code),
      );
    const stored = enclave.store;
    await enclave.kill();
    const started = performance.now();
    enclave = await world.startProcess();
    times.push(performance.now() - started);
    const before = await attempt();
    await restore(enclave, copy, stored);
    const sealed = await Promise.all([attempt(), attempt(), attempt()]);
    if (before !== 'wallet-unknown' || sealed.some((outcome) => outcome === 'signed')) early += 1;
    if ((await readStatement(enclave, 'w')).phase !== 'sealed') early += 1;
  }
  t.equal(early, 0, 'nothing was signed between a restart and the lease');
  await grantLease(enclave, 'w');
  t.match((await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, TRIALS)])).result, { outcome: 'signed' });
  times.sort((a, b) => a - b);
  const p99 = times[Math.floor((times.length - 1) * 0.99)] ?? 0;
  if (SCALE >= 1) t.ok(p99 <= COLD_START_MS, `answering after ${p99} ms (p99)`);
});
