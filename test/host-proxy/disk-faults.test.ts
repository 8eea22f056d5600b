/** A full or failing disk under the whole sign path: no signature leaves, the code is stable, and service is back when the disk is, without a restart. */

import t from 'tap';
import type { Files, OpenFile } from '../../host-proxy/store/files.ts';
import { DISK } from '../../host-proxy/store/files.ts';
import { encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import type { RealHouse } from './real-house.ts';
import { openRealHouse, payment } from './real-house.ts';
import { call } from './support.ts';

t.setTimeout(3_600_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
/** A refusal must come within, and service be back within: milliseconds, asserted at full scale. */
const REFUSED_MS = 50;
const BACK_MS = 1000;

type Fault = 'ENOSPC' | 'EIO' | 'EROFS';

/** The disk, with a fault at one kind of call: `write head.slots` and so on. All calls are noted. */
function createFaultyDisk() {
  const state = { seen: new Set<string>(), failing: null as string | null, fault: 'EIO' as Fault };
  const pass = (name: string) => {
    state.seen.add(name);
    if (state.failing === name || state.failing === 'every call')
      throw Object.assign(new Error(state.fault), { code: state.fault });
  };
  const nameOf = (path: string) => (path.split('/').at(-1) ?? '').replace(/^[0-9]+\.seg$/, 'segment');
  const wrap = (file: OpenFile, name: string): OpenFile => ({
    close: () => file.close(),
    truncate: async (size) => {
      pass(`truncate ${name}`);
      await file.truncate(size);
    },
    write: async (bytes, at) => {
      // A disk that fills up takes the first part.
      if (state.failing === `write ${name}`) await file.write(bytes.subarray(0, bytes.length >> 1), at);
      pass(`write ${name}`);
      await file.write(bytes, at);
    },
    sync: async () => {
      pass(`sync ${name}`);
      await file.sync();
    },
  });
  const files: Files = {
    ...DISK,
    open: async (path, how) => {
      if (how !== 'update') pass(`open ${nameOf(path)}`);
      return wrap(await DISK.open(path, how), nameOf(path));
    },
    syncFolder: async (path) => {
      pass(`sync folder ${nameOf(path)}`);
      await DISK.syncFolder(path);
    },
  };
  return { state, files };
}

async function openLeased(t: Parameters<typeof openRealHouse>[0]) {
  const house = await openRealHouse(t);
  const disk = createFaultyDisk();
  await house.startEnclave();
  await house.startProxy(disk.files);
  const agent = await house.createWallet('w');
  await house.lease('w');
  const sign = (nonce: number) =>
    call(house.socket('w'), 'POST', '/v1/sign', { id: `n${nonce}`, ...payment(agent, nonce) });
  return { house, sign, ...disk };
}

const storedSignatures = (house: RealHouse) =>
  house
    .stored('w')
    .flatMap(({ kind, body }) => (kind === 'decision' ? body.signatures : []))
    .map(encodeBase58);

for (const fault of ['ENOSPC', 'EIO', 'EROFS'] as const) {
  t.test(`${fault} at each call of the store in turn`, async (t) => {
    const { house, sign, state } = await openLeased(t);
    state.seen.clear();
    t.equal((await sign(1)).status, 200);
    const calls = [...state.seen];
    t.ok(calls.length >= 4, calls.join(', '));
    state.fault = fault;
    let nonce = 1;
    for (const failing of [...calls, 'every call']) {
      const before = storedSignatures(house).length;
      for (let repeated = 0; repeated < Math.max(2, 20 * SCALE); repeated += 1) {
        nonce += 1;
        state.failing = failing;
        const started = performance.now();
        const refused = await sign(nonce);
        const refusedMs = performance.now() - started;
        t.match([refused.status, refused.body.code], [503, 'store-failed'], `${failing}: refused`);
        t.ok(refused.headers['retry-after'], 'says when to ask again');
        t.notMatch(
          JSON.stringify(refused.body),
          /signature"|[1-9A-HJ-NP-Za-km-z]{80}/,
          'nothing of the signature leaves',
        );
        state.failing = null;
        const back = performance.now();
        const after = await sign(nonce);
        t.match([after.status, after.body.repeated], [200, true], `${failing}: the same request gets its signature`);
        if (SCALE >= 1) t.ok(refusedMs <= REFUSED_MS, `refused after ${refusedMs} ms`);
        if (SCALE >= 1) t.ok(performance.now() - back <= BACK_MS, 'back in a second');
        t.equal((await sign(nonce + 1_000_000)).status, 200, 'and new ones are signed');
      }
      const gained = storedSignatures(house).length - before;
      t.equal(gained, 2 * Math.max(2, 20 * SCALE), 'each stored once, the chain without a gap');
    }
    const { head, spentInBoot } = await house.statement('w');
    t.equal(house.stored('w').length, head.seq);
    t.equal(spentInBoot.find(({ asset }) => asset === 'SOL')?.amount, BigInt(storedSignatures(house).length) * 6_000n);
  });
}

t.test(
  'a disk that stays full: requests are refused until it has room, commands still reach the enclave',
  async (t) => {
    const { house, sign, state } = await openLeased(t);
    state.failing = 'every call';
    state.fault = 'ENOSPC';
    const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => sign(index)));
    t.strictSame([...new Set(answers.map(({ status, body }) => `${status} ${body.code}`))], ['503 store-failed']);
    t.equal((await call(house.socket('w'), 'GET', '/v1/budget')).status, 200, 'reads go on');
    state.failing = null;
    const again = await Promise.all(Array.from({ length: 64 }, (_, index) => sign(index)));
    t.ok(
      again.every(({ status, body }) => status === 200 && body.repeated),
      'all of them, none charged twice',
    );
    t.equal(storedSignatures(house).length, 64);
  },
);
