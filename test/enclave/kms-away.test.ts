/** With KMS gone: what is leased is signed until the lease ends, and what needs KMS says so in time. */

import t from 'tap';
import type { Interferer } from '../../scripts/dev/kms/interference.ts';
import { createTestWallet, createWorld, grantLease, paymentOf, signWith } from './helpers.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
/** A call to KMS ends within, retries included, milliseconds. */
const GIVEN_UP_MS = 10_000;
/** The lease under test, milliseconds. */
const LEASE_MS = 3_000;

t.test('KMS is away', async (t) => {
  const interferer: Interferer = { kind: null };
  const world = await createWorld(t, { interferer });
  const enclave = await world.startInside();
  const copy = await createTestWallet(world, enclave, 'w');
  interferer.kind = 'dead';
  const until = Date.now() + LEASE_MS;
  await grantLease(enclave, 'w', { until: BigInt(until) });
  t.match((await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 1)])).result, { outcome: 'signed' });
  const started = performance.now();
  const failed = await createTestWallet(world, enclave, 'v').catch((cause) => cause.code);
  t.equal(failed, 'kms-unreachable');
  if (SCALE >= 1) t.ok(performance.now() - started <= GIVEN_UP_MS, 'in time');
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, until + 1_000 - Date.now())));
  const { result } = await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 2)]);
  t.match(result, { outcome: 'refused', violations: [{ code: 'lease-ended' }] }, 'silent a second after its end');
});
