/** The admin socket and a wallet's life on the host: create, restart of either side, hand-over, an owner's copy, an orderly stop. */

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hashReceipt, openHead, readChain } from '../../enclave/link/receipts.ts';
import { makeKey } from '../keys.ts';
import { createCommand, makeCommand, makePolicy, POLICY, setPolicyCommand, writeReceipt } from './fake-wallet.ts';
import type { House } from './support.ts';
import { base64, call, makeHouse, sendCommand, until } from './support.ts';

const wire = (fill: number) => {
  const message = Buffer.concat([Uint8Array.of(1, 0, 0, 1), makeKey('agent alice').key, new Uint8Array(33).fill(fill)]);
  return Buffer.concat([Uint8Array.of(1), new Uint8Array(64), message]).toString('base64');
};
const sign = (house: House, fill: number) =>
  call(house.socket('alice'), 'POST', '/v1/sign', { transaction: wire(fill) });
const state = (house: House) => call(house.admin, 'GET', '/v1/wallets/alice/state').then(({ body }) => body);
const isUp = (house: House) => until(async () => (await call(house.admin, 'GET', '/v1/health')).body.enclave === 'up');

async function makeRig(t: { teardown(end: () => unknown): void }): Promise<House> {
  const house = await makeHouse();
  t.teardown(() => house.cleanUp());
  return house;
}

t.test('hello, attest, commands, state, receipts, approvals', async (t) => {
  const house = await makeRig(t);
  await house.startProxy();
  await house.createWallet('alice');
  const { boot } = house.fake;
  t.match((await call(house.admin, 'GET', '/v1/hello')).body, {
    boot: Buffer.from(boot).toString('hex'),
    mode: 'development',
    wallets: [{ wallet: 'alice', phase: 'active' }],
  });
  const nonce = base64(new Uint8Array(32).fill(3));
  t.match((await call(house.admin, 'POST', '/v1/attest', { nonce, wallets: ['alice'] })).body, {
    document: nonce,
    statements: [String],
  });
  t.match(await sendCommand(house.admin, makeCommand('pause', 'alice', boot, 2, {})), {
    status: 200,
    body: { command: 'pause', phase: 'active' },
  });
  const { body: page } = await call(house.admin, 'GET', '/v1/wallets/alice/receipts?after=1&limit=1');
  t.equal(page.receipts.length, 1);
  t.equal(page.more, true);
  const { body: all } = await call(house.admin, 'GET', '/v1/wallets/alice/receipts');
  const { end } = readChain(
    'alice',
    { seq: 0, hash: new Uint8Array(32) },
    all.receipts.map((text: string) => Buffer.from(text, 'base64')),
  );
  const head = openHead(Buffer.from(all.signedHead, 'base64'), makeKey('receipts alice').key);
  t.equal(head.seq, end.seq);
  t.match(await state(house), {
    policy: base64(POLICY),
    lastSeq: end.seq,
    seal: String,
    policyEnvelope: [String],
    policyBody: String,
  });
  t.match((await call(house.admin, 'GET', '/v1/wallets/alice/approvals')).body.approvals, [
    { state: 'pending', effectsHash: '00'.repeat(32), createdAt: 1 },
  ]);
});

t.test('bad commands: the enclave’s code, and nothing is kept of them', async (t) => {
  const house = await makeRig(t);
  await house.startProxy();
  await house.createWallet('alice');
  const { boot } = house.fake;
  const other = makeKey('another boot').key;
  const policies = () =>
    readdirSync(join(house.store, 'wallets', 'alice', 'policies')).filter((name) => name.endsWith('.command'));
  const rows: [string, Parameters<typeof sendCommand>[1], number, string][] = [
    ['another boot', makeCommand('pause', 'alice', other, 9, {}), 409, 'command-boot'],
    ['unknown wallet', makeCommand('pause', 'bob', boot, 9, {}), 404, 'wallet-unknown'],
    ['wrong version', setPolicyCommand('alice', boot, 7, makePolicy('1')), 409, 'policy-version'],
    [
      'policy missing',
      { ...setPolicyCommand('alice', boot, 2, makePolicy('1')), policy: undefined as never },
      422,
      'body-invalid',
    ],
    [
      'another policy',
      { ...setPolicyCommand('alice', boot, 2, makePolicy('1')), policy: makePolicy('2') },
      400,
      'command-body',
    ],
    ['exists', createCommand('alice', boot), 409, 'wallet-exists'],
    ['create for another boot', createCommand('bob', other), 409, 'command-boot'],
    ['no command at all', { envelope: [new Uint8Array(100)], body: new Uint8Array(3) }, 400, 'command-malformed'],
  ];
  for (const [name, command, status, code] of rows) {
    t.match(await sendCommand(house.admin, command), { status, body: { code } }, name);
  }
  t.equal(policies().length, 1);
  t.notOk(existsSync(join(house.store, 'wallets', 'bob')));
  t.match(await call(house.admin, 'POST', '/v1/commands', { envelope: ['!!!!'], body: 'AAAA' }), {
    status: 422,
    body: { code: 'body-invalid' },
  });
  t.match(await call(house.admin, 'GET', '/v1/wallets/bob/state'), { status: 404, body: { code: 'wallet-unknown' } });
  t.match(await call(house.admin, 'GET', '/v1/wallets/..%2fx/state'), { status: 422 });
});

t.test('the proxy restarts: nothing is restored, receipts it missed are fetched', async (t) => {
  const house = await makeRig(t);
  const proxy = await house.startProxy();
  await house.createWallet('alice');
  await sign(house, 1);
  await proxy.close({ closeWallets: false });
  const wallet = house.fake.wallets.get('alice');
  if (wallet === undefined) throw new Error('no wallet');
  writeReceipt(wallet, house.fake.boot, 'close', { spentInBoot: [] });
  await house.startProxy();
  await until(async () => (await state(house)).lastSeq === wallet.seq);
  t.equal(house.fake.restored.size, 0);
  t.equal((await sign(house, 2)).status, 200);
});

t.test(
  'the enclave restarts: every wallet is restored with its whole chain and the policy then in force',
  async (t) => {
    const house = await makeRig(t);
    await house.startProxy({ credentials: { accessKeyId: 'AK', secretAccessKey: 'SK' } });
    await house.createWallet('alice');
    await house.createWallet('bob');
    await sendCommand(house.admin, setPolicyCommand('alice', house.fake.boot, 2, makePolicy('7')));
    for (let fill = 1; fill <= 20; fill += 1) await sign(house, fill);
    const before = (await state(house)).lastSeq;
    await house.fake.stop({ forget: true });
    await house.fake.start();
    await until(() => house.fake.restored.size === 2);
    t.equal(house.fake.restored.get('alice'), before);
    t.match(house.fake.credentials, { accessKeyId: 'AK' });
    await until(async () => (await state(house)).lastSeq === before + 1);
    t.equal((await call(house.socket('alice'), 'GET', '/v1/policy')).body.version, 2);
    t.equal((await sign(house, 30)).status, 200);
  },
);

t.test('a wallet that cannot be restored says so, the others work', async (t) => {
  const house = await makeRig(t);
  await house.startProxy();
  await house.createWallet('alice');
  house.fake.failRestore = 'kms-unreachable';
  await house.fake.stop({ forget: true });
  await house.fake.start();
  await until(async () => (await call(house.admin, 'GET', '/v1/health')).body.unrestored?.alice === 'kms-unreachable');
  t.match(await sign(house, 1), { status: 503, body: { code: 'wallet-not-restored' } });
  t.match((await call(house.socket('alice'), 'GET', '/v1/health')).body, {
    status: 'degraded',
    reason: 'kms-unreachable',
  });
  house.fake.failRestore = null;
  await until(async () => (await sign(house, 1)).status === 200);
});

t.test('the policy set in a command whose answer was lost: the chain says which one counts', async (t) => {
  const house = await makeRig(t);
  await house.startProxy();
  await house.createWallet('alice');
  house.fake.loseCommandReply = true;
  const lost = await sendCommand(house.admin, setPolicyCommand('alice', house.fake.boot, 2, makePolicy('9')));
  t.equal(lost.status, 503);
  house.fake.loseCommandReply = false;
  await isUp(house);
  await until(async () => (await state(house)).policy === base64(makePolicy('9')));
  await house.fake.stop({ forget: true });
  await house.fake.start();
  await until(() => house.fake.restored.has('alice'));
  t.equal(house.fake.wallets.get('alice')?.policyVersion, 2);
});

t.test('a store that is gone, and the owner’s copy', async (t) => {
  const house = await makeRig(t);
  const proxy = await house.startProxy();
  await house.createWallet('alice');
  const { seal, policy, policyEnvelope, policyBody } = await state(house);
  await proxy.close({ closeWallets: false });
  rmSync(house.store, { recursive: true });
  await house.fake.stop({ forget: true });
  await house.fake.start();
  await house.startProxy();
  await isUp(house);
  const copy = { seal, policy, policyEnvelope, policyBody };
  house.fake.failRestore = 'seal-invalid';
  t.match(await call(house.admin, 'POST', '/v1/wallets/alice/restore', copy), {
    status: 422,
    body: { code: 'seal-invalid' },
  });
  t.notOk(existsSync(join(house.store, 'wallets', 'alice')));
  house.fake.failRestore = null;
  const answer = await call(house.admin, 'POST', '/v1/wallets/alice/restore', copy);
  t.match(answer, { status: 200, body: { agent: base64(makeKey('agent alice').key), phase: 'active' } });
  t.equal((await sign(house, 1)).status, 200);
  t.match(await call(house.admin, 'POST', '/v1/wallets/alice/restore', copy), {
    status: 409,
    body: { code: 'wallet-exists' },
  });
});

t.test('an orderly stop closes every wallet, and every close is stored', async (t) => {
  const house = await makeRig(t);
  const proxy = await house.startProxy();
  for (const name of ['alice', 'bob', 'carol']) await house.createWallet(name);
  await proxy.close({ closeWallets: true });
  const hashes = [...house.fake.wallets.values()].map(({ phase, hash }) => [phase, Buffer.from(hash).toString('hex')]);
  t.ok(hashes.every(([phase]) => phase === 'closed'));
  await house.startProxy();
  await isUp(house);
  for (const [index, name] of ['alice', 'bob', 'carol'].entries()) {
    const { body } = await call(house.admin, 'GET', `/v1/wallets/${name}/receipts`);
    t.equal(
      Buffer.from(hashReceipt(Buffer.from(body.receipts.at(-1), 'base64'))).toString('hex'),
      hashes[index]?.[1],
      name,
    );
  }
});

t.test('two proxies on one store or one socket: the second one says why and ends', async (t) => {
  const house = await makeRig(t);
  await house.startProxy();
  await t.rejects(house.startProxy(), { code: 'store-locked' });
  await t.rejects(house.startProxy({ store: 'other', kms: { relay: 'kms2.sock' } }), { code: 'socket-in-use' });
  t.equal((await call(house.admin, 'GET', '/v1/health')).status, 200);
});
