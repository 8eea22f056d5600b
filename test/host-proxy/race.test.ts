/** Many connections at one limit: exactly as many signatures as the budget admits, never one more, never one less. */

import t from 'tap';
import { encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import { seedRandom } from '../fuzz/random.ts';
import { openPool, runClients } from './load.ts';
import { openRealHouse, payment } from './real-house.ts';

t.setTimeout(4 * 3_600_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const CONNECTIONS = 64;
const REQUESTS = CONNECTIONS * Math.max(10, Math.round(1000 * SCALE));
const SEEDS = Math.max(1, Math.round(100 * SCALE));
/** Of each payment with its fee, lamports. */
const CHARGE = 6_000n;

t.test(`${CONNECTIONS} connections, ${REQUESTS} requests, a budget for exactly N: ${SEEDS} seeds`, async (t) => {
  const house = await openRealHouse(t);
  await house.spawnEnclave();
  await house.spawnProxy();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = seedRandom(seed);
    const admitted = 1 + random.below(REQUESTS >> 1);
    const max = String(BigInt(admitted) * CHARGE + BigInt(random.below(Number(CHARGE))));
    const name = `w${seed}`;
    const agent = await house.createWallet(name, {
      assets: {
        SOL: { perTransaction: '6000', windows: [{ seconds: 86_400, max }] },
        signatures: { windows: [{ seconds: 3_600, max: '1000000' }] },
      },
      lease: { maxSeconds: 86_400, slice: { SOL: '1000000000', signatures: '1000000' } },
    });
    const ceiling = [
      { asset: 'SOL', amount: 1_000_000_000n },
      { asset: 'signatures', amount: 1_000_000n },
    ];
    await house.lease(name, { ceiling });
    const pool = openPool(house.socket(name), CONNECTIONS);
    const given = new Set<string>();
    const statuses = new Map<number, number>();
    const work = async (index: number) => {
      // Now and then what another connection is asking for at the same time.
      const nonce = index > 0 && random.below(20) === 0 ? index - 1 - random.below(Math.min(index, 64)) : index;
      const answer = await pool.send('POST', '/v1/sign', payment(agent, nonce));
      const status = answer?.status ?? 0;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 200) given.add(answer?.body.signature);
    };
    await runClients(CONNECTIONS, work, REQUESTS);
    pool.close();
    t.strictSame([...statuses.keys()].sort(), [200, 403], 'signed or refused, nothing else');
    t.equal(given.size, admitted, `seed ${seed}: ${admitted} fit`);
    const signed = house.stored(name).flatMap(({ kind, body }) => (kind === 'decision' ? body.signatures : []));
    t.strictSame(new Set(signed.map(encodeBase58)), given, 'each is stored, once');
    t.equal(signed.length, admitted);
    const spent = (await house.statement(name)).spentInBoot.find(({ asset }) => asset === 'SOL')?.amount;
    t.equal(spent, BigInt(admitted) * CHARGE);
  }
});
