/** SIGKILL of the proxy and of the enclave under load: no signature is out without its receipt on the disk. */

import t from 'tap';
import { decodeReceipt } from '../../enclave/link/receipts.ts';
import { encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import { makeKey } from '../keys.ts';
import { call, makeHouse, until } from './support.ts';

t.setTimeout(600_000);

const CLIENTS = 24;

function wire(number: number): string {
  const rest = Buffer.alloc(33);
  rest.writeUInt32LE(number);
  const message = Buffer.concat([Uint8Array.of(1, 0, 0, 1), makeKey('agent alice').key, rest]);
  return Buffer.concat([Uint8Array.of(1), new Uint8Array(64), message]).toString('base64');
}

/** Signs until `stop`; returns the signatures that came out. */
async function signAll(path: string, stop: { now: boolean }): Promise<string[]> {
  const released: string[] = [];
  let number = 0;
  const client = async () => {
    while (!stop.now) {
      number += 1;
      const answer = await call(path, 'POST', '/v1/sign', { transaction: wire(number) }).catch(() => null);
      if (answer?.status === 200) released.push(answer.body.signature);
      if (answer === null) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return released;
}

async function storedSignatures(admin: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (let after = 0, more = true; more; ) {
    const { body } = await call(admin, 'GET', `/v1/wallets/alice/receipts?after=${after}`);
    for (const text of body.receipts) {
      const receipt = decodeReceipt(new Uint8Array(Buffer.from(text, 'base64')));
      if (receipt.kind === 'decision')
        for (const signature of receipt.body.signatures) found.add(encodeBase58(signature));
    }
    after += body.receipts.length;
    more = body.more;
  }
  return found;
}

for (const appendMax of [50, 1]) {
  t.test(`kill -9 of the proxy, ${appendMax} receipts a reply`, async (t) => {
    const house = await makeHouse();
    t.teardown(() => house.cleanUp());
    house.fake.appendMax = appendMax;
    let child = await house.spawnProxy();
    await house.createWallet('alice');
    const stop = { now: false };
    const signing = signAll(house.socket('alice'), stop);
    const rounds = Math.max(2, Math.round(100 * Number(process.env['REEVE_SCALE'] ?? 0.01)));
    for (let round = 0; round < rounds; round += 1) {
      const enough = (house.fake.wallets.get('alice')?.signed ?? 0) + 100;
      await until(() => (house.fake.wallets.get('alice')?.signed ?? 0) >= enough);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      child = await house.spawnProxy();
    }
    stop.now = true;
    const released = await signing;
    const stored = await storedSignatures(house.admin);
    t.ok(released.length > 100, `${released.length} signatures came out`);
    t.strictSame(
      released.filter((signature) => !stored.has(signature)),
      [],
    );
  });
}

t.test('the enclave is gone in the middle of it: what came out is stored, and restored', async (t) => {
  const house = await makeHouse();
  t.teardown(() => house.cleanUp());
  await house.startProxy();
  await house.createWallet('alice');
  const stop = { now: false };
  const signing = signAll(house.socket('alice'), stop);
  await until(() => (house.fake.wallets.get('alice')?.signed ?? 0) > 200);
  await house.fake.stop({ forget: true });
  await house.fake.start();
  await until(() => (house.fake.wallets.get('alice')?.signed ?? 0) > 50);
  stop.now = true;
  const released = await signing;
  const stored = await storedSignatures(house.admin);
  t.strictSame(
    released.filter((signature) => !stored.has(signature)),
    [],
  );
  t.ok((house.fake.restored.get('alice') ?? 0) > 200);
});

t.test('SIGTERM ends in order with 0', async (t) => {
  const house = await makeHouse();
  t.teardown(() => house.cleanUp());
  const child = await house.spawnProxy({ closeOnExit: true });
  await house.createWallet('alice');
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  t.equal(await ended, 0);
  t.equal(house.fake.wallets.get('alice')?.phase, 'closed');
});
