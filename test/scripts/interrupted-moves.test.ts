/** A wallet made, moved, brought back: cut at every step and done again. */

import { cpSync, existsSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readPins } from '../../scripts/owner/copy.ts';
import { startCustody } from './custody-support.ts';
import { createFaultyDisk } from './faulty-disk.ts';
import { cutEverywhere, done, isWell, startLeased, TIMEOUT_MS } from './interruption.ts';

t.setTimeout(TIMEOUT_MS);

/** The folder of the store, without the lock of the process that had it. */
function carryStore(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('.sock') });
}

t.test('close and move', async (t) => {
  const place = await startLeased(t);
  const { custody } = place;
  const { agent } = readPins(custody.profile(), 'w');
  const status = async () =>
    (await done(custody.owner('status'))) as unknown as { wallets: { phase: string; left: Record<string, string> }[] };
  await cutEverywhere(t, place, {
    argv: () => ['close', 'w'],
    leaves: 'the owner’s disk',
    async again() {
      const lease = await done(custody.owner('lease', '--once'));
      t.match(lease, { outcomes: [{ result: /leased|holds|idle/ }] });
      if ((await status()).wallets[0]?.phase !== 'closed') await done(custody.owner('close', 'w'));
    },
    async check(name) {
      await custody.moveHost(carryStore);
      await isWell(t, place, name);
      t.equal((await status()).wallets[0]?.left['SOL'], '500000000', `${name}: the whole slice`);
      t.same(readPins(custody.profile(), 'w').agent, agent);
    },
  });
});

t.test('a folder that came over in part is not opened, and not thrown away', async (t) => {
  const { custody } = await startLeased(t);
  await done(custody.owner('close', 'w'));
  const part = custody.moveHost((from, to) => {
    carryStore(from, to);
    const receipts = join(to, 'wallets', 'w', 'receipts');
    truncateSync(join(receipts, readdirSync(receipts)[0] as string), 100);
  });
  await part.catch(() => undefined);
  t.match(await custody.owner('lease', '--once'), { code: 1 });
  t.ok(existsSync(join(custody.store(), 'wallets', 'w', 'seal.cbor')), 'everything is still there');
  await custody.moveHost((from, to) => {
    carryStore(from.replace(/1$/, '0'), to);
    rmSync(from, { recursive: true });
  });
  t.match((await custody.owner('lease', '--once')).json, { outcomes: [{ result: 'leased' }] });
});

t.test('restore on another host', async (t) => {
  const place = await startLeased(t);
  const { custody } = place;
  const { agent } = readPins(custody.profile(), 'w');
  await cutEverywhere(t, place, {
    begin: () => custody.moveHost(),
    argv: () => ['restore', 'w'],
    leaves: 'the owner’s disk',
    again: () => done(custody.owner('restore', 'w')),
    async check(name) {
      await isWell(t, place, name);
      t.same(readPins(custody.profile(), 'w').agent, agent, `${name}: the same wallet`);
    },
  });
});

t.test(
  'create: whatever is cut, the seal is on the host’s disk before an address is shown, and in the owner’s copy after',
  async (t) => {
    const disk = await createFaultyDisk(t);
    const custody = await startCustody(t);
    const place = { custody, disk };
    let number = 0;
    const name = () => `w${number}`;
    const policy = custody.policyFile();
    await cutEverywhere(t, place, {
      async begin() {
        number += 1;
      },
      argv: () => ['create', name(), '--policy', policy],
      async again() {
        const adopted = await custody.owner('create', name(), '--adopt');
        if (adopted.code !== 0) await done(custody.owner('create', name(), '--policy', policy));
      },
      async check(step) {
        const { agent } = readPins(custody.profile(), name());
        t.ok(agent.length === 32, step);
        t.match(await custody.owner('pause', name()), { code: 0 }, `${step}: it obeys`);
      },
    });
    await custody.restart();
    await custody.moveHost();
    for (let each = 1; each <= number; each++) await done(custody.owner('restore', `w${each}`));
    t.match(await custody.owner('status'), { code: 0 }, 'all come back from the owner’s copies');
  },
);

t.test(
  'only the seal’s own file cannot be written: nothing is lost, not by a new wallet and not by a resealed one',
  async (t) => {
    const disk = await createFaultyDisk(t);
    const custody = await startCustody(t);
    const place = { custody, disk };
    const file = join(custody.store(), 'wallets', 'w', 'seal.cbor');
    disk.cut(file, 0);
    t.match(await custody.owner('create', 'w', '--policy', custody.policyFile()), {
      code: 1,
      json: { error: { code: 'store-failed' } },
    });
    t.throws(() => readPins(custody.profile(), 'w'), 'no address was pinned or shown');
    t.notOk(existsSync(file));
    await done(custody.owner('create', 'w', '--adopt'));
    // What came before the adoption only the owner can know.
    await done(custody.owner('lease', '--once', '--recover-lost'));
    await isWell(t, place, 'with the seal in its receipt alone');
    t.match(await custody.owner('create', 'w', '--policy', custody.policyFile()), { code: 1 }, 'the name is taken');
    await custody.restart();
    t.notOk(existsSync(file), 'still not');
    await isWell(t, place, 'restored from the receipt');
    disk.heal();
    await custody.restart();
    for (let asked = 0; asked < 40 && !existsSync(file); asked++) await done(custody.owner('status'));
    t.ok(existsSync(file), 'the next restore writes it');
    disk.cut(file, 0);
    t.match(await custody.owner('reseal', '--seal-key', 'new'), { code: 1 });
    await done(custody.owner('reseal'));
    disk.heal();
    await custody.restart();
    await isWell(t, place, 'resealed');
  },
);
