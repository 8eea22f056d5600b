/** SIGKILL in the middle of concurrent signing: nothing was released that is not stored, and no budget is exceeded over the restart. */

import t from 'tap';
import {
  createTestWallet,
  createWorld,
  grantLease,
  paymentOf,
  readStatement,
  readStored,
  restore,
  signWith,
} from './helpers.ts';

const ROUNDS = Math.max(1, Math.round(200 * Number(process.env['REEVE_SCALE'] ?? 0.01)));
const CALLS = 200;

t.test(`killed during ${CALLS} calls, ${ROUNDS} times`, async (t) => {
  const world = await createWorld(t);
  let enclave = await world.startProcess();
  const copy = await createTestWallet(world, enclave, 'w');
  let released = 0n;
  for (let round = 0; round < ROUNDS; round++) {
    await grantLease(enclave, 'w');
    const stored = enclave.store;
    const calls = Array.from({ length: CALLS }, (_, index) =>
      signWith(enclave, 'w', [paymentOf(copy.agent, 1_000n, round * CALLS + index)]),
    );
    // As a host does: what its disk does not hold by now is not released.
    const results = calls.map(async (call) => {
      const { result, after } = await call;
      const isReleased = result.outcome === 'signed' && stored.stored('w') >= (after?.seq ?? Number.POSITIVE_INFINITY);
      return isReleased && result.outcome === 'signed' ? result.signatures : [];
    });
    const ended = Promise.allSettled(results);
    await calls[(round * 37) % 100];
    await enclave.kill();
    const settled = await ended;
    const signatures = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    released += BigInt(signatures.length) * 6_000n;

    const receipts = readStored(stored, 'w').flatMap((receipt) =>
      receipt.kind === 'decision' ? receipt.body.signatures : [],
    );
    const known = new Set(receipts.map((bytes) => Buffer.from(bytes).toString('hex')));
    t.ok(
      signatures.every((bytes) => known.has(Buffer.from(bytes).toString('hex'))),
      'every released signature has its receipt',
    );
    enclave = await world.startProcess();
    await restore(enclave, copy, stored);
    t.equal((await readStatement(enclave, 'w')).phase, 'sealed', 'silent until leased');
  }
  t.ok(released <= 1_000_000n, 'no more than the window allows was released');
});
