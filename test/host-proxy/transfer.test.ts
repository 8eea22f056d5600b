/** Transfers: one id pays at most once, whatever is killed, lost, repeated or expired. */

import {
  address,
  decompileTransactionMessage,
  getCompiledTransactionMessageDecoder,
  getTransactionDecoder,
} from '@solana/kit';
import { findAssociatedTokenPda, TOKEN_PROGRAM_ADDRESS } from '@solana-program/token';
import type { Test } from 'tap';
import t from 'tap';
import { encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import { makeKey } from '../keys.ts';
import type { FakeRpc } from './fake-rpc.ts';
import { startFakeRpc } from './fake-rpc.ts';
import { MINT, makeApproval, makePolicy, setPolicyCommand } from './fake-wallet.ts';
import type { House } from './support.ts';
import { call, makeHouse, sendCommand, until } from './support.ts';

const to = encodeBase58(makeKey('payee').key);

async function makeRig(t: Test): Promise<{ house: House; rpc: FakeRpc; path: string }> {
  const house = await makeHouse();
  const rpc = await startFakeRpc();
  t.teardown(async () => {
    await house.cleanUp();
    await rpc.close();
  });
  await house.startProxy({ rpc: rpc.url });
  await house.createWallet('alice');
  return { house, rpc, path: house.socket('alice') };
}

const pay = (path: string, body: object) =>
  call(path, 'POST', '/v1/transfer', { to, asset: 'SOL', amount: '1000', ...body });

function decompile(transaction: string) {
  const { messageBytes } = getTransactionDecoder().decode(Buffer.from(transaction, 'base64'));
  return decompileTransactionMessage(getCompiledTransactionMessageDecoder().decode(messageBytes) as never);
}

t.test('SOL with a memo lands, and asked again it is the same payment', async (t) => {
  const { house, rpc, path } = await makeRig(t);
  const first = await pay(path, { id: 'a', memo: 'invoice 7', wait: 10 });
  t.match(first, { status: 200, body: { id: 'a', status: 'landed', repeated: false, to, amount: '1000' } });
  const { instructions } = decompile(first.body.transaction);
  t.strictSame(
    instructions.map(({ programAddress }) => String(programAddress)),
    ['11111111111111111111111111111111', 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr'],
  );
  t.equal(Buffer.from(instructions[1]?.data ?? []).toString(), 'invoice 7');
  const again = await pay(path, { id: 'a', memo: 'invoice 7' });
  t.match(again.body, { status: 'landed', repeated: true, signature: first.body.signature });
  t.equal(house.fake.wallets.get('alice')?.signed, 1);
  t.equal(new Set(rpc.sent).size, 1);
  t.match(await call(path, 'GET', '/v1/transfers/a'), { status: 200, body: { status: 'landed' } });
  t.match(await call(path, 'GET', '/v1/transfers/b'), { status: 404, body: { code: 'transfer-unknown' } });
});

t.test('the same id for anything else is refused', async (t) => {
  const { path } = await makeRig(t);
  await pay(path, { id: 'a', wait: 10 });
  for (const change of [{ amount: '1001' }, { to: MINT }, { memo: 'x' }, { asset: 'USDC' }]) {
    t.match(
      await pay(path, { id: 'a', ...change }),
      { status: 409, body: { code: 'id-reused' } },
      JSON.stringify(change),
    );
  }
});

t.test('fifty calls of one id at once are one payment', async (t) => {
  const { house, rpc, path } = await makeRig(t);
  const answers = await Promise.all(Array.from({ length: 50 }, () => pay(path, { id: 'a', wait: 10 })));
  t.strictSame([...new Set(answers.map(({ body }) => body.signature))].length, 1);
  t.equal(house.fake.wallets.get('alice')?.signed, 1);
  t.equal(new Set(rpc.sent).size, 1);
});

t.test('tokens: by name and by mint, creating the recipient’s account where it is missing', async (t) => {
  const { house, rpc, path } = await makeRig(t);
  const byName = await pay(path, { id: 'a', asset: 'USDC', wait: 10 });
  const [destination] = await findAssociatedTokenPda({
    owner: address(to),
    mint: address(MINT),
    tokenProgram: TOKEN_PROGRAM_ADDRESS,
  });
  const [transfer] = decompile(byName.body.transaction).instructions;
  t.equal(transfer?.programAddress, TOKEN_PROGRAM_ADDRESS);
  t.equal(transfer?.accounts?.[2]?.address, destination);
  t.strictSame([...(transfer?.data ?? [])], [12, 0xe8, 3, 0, 0, 0, 0, 0, 0, 6]);
  rpc.accountExists = false;
  const byMint = await pay(path, { id: 'b', asset: MINT, wait: 10 });
  const [create] = decompile(byMint.body.transaction).instructions;
  t.equal(create?.programAddress, 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL');
  t.equal(create?.accounts?.[1]?.address, destination);
  t.match(await pay(path, { id: 'c', asset: 'EURC' }), { status: 422, body: { code: 'asset-unknown' } });
  await sendCommand(house.admin, setPolicyCommand('alice', house.fake.boot, 2, makePolicy('0')));
  t.match(await pay(path, { id: 'd', asset: 'USDC' }), { status: 422, body: { code: 'recipient-account-missing' } });
});

t.test('a refusal and a wait leave nothing behind: the id is free for another try', async (t) => {
  const { house, path } = await makeRig(t);
  house.fake.script = () => ({ outcome: 'refused', violations: [{ code: 'window-exceeded', detail: 'too much' }] });
  t.match(await pay(path, { id: 'a' }), { status: 403, body: { code: 'policy-refused' } });
  house.fake.script = () => ({ outcome: 'needs-approval', approval: makeApproval('pending'), violations: [] });
  t.match(await pay(path, { id: 'a', amount: '5' }), { status: 202, body: { approval: { state: 'pending' } } });
  house.fake.script = null;
  t.match(await pay(path, { id: 'a', amount: '6', wait: 10 }), { status: 200, body: { status: 'landed' } });
});

t.test('the same bytes are sent again until they land; then they are landed', async (t) => {
  const { rpc, path } = await makeRig(t);
  rpc.land = false;
  t.match((await pay(path, { id: 'a' })).body, { status: 'sent' });
  await until(() => rpc.sent.length >= 3);
  rpc.land = true;
  await until(async () => (await call(path, 'GET', '/v1/transfers/a')).body.status === 'landed');
  t.equal(new Set(rpc.sent).size, 1);
});

t.test('expired only when the last block is final and the chain knows nothing; never signed anew', async (t) => {
  const { house, rpc, path } = await makeRig(t);
  rpc.land = false;
  rpc.failSend = 'insufficient funds';
  const { body } = await pay(path, { id: 'a' });
  t.equal(body.status, 'sent');
  await until(async () => (await call(path, 'GET', '/v1/transfers/a')).body.problem === 'insufficient funds');
  rpc.height = 250;
  const count = rpc.sent.length;
  await until(() => rpc.sent.length > count);
  t.equal((await call(path, 'GET', '/v1/transfers/a')).body.status, 'sent', 'at its last block it may still land');
  rpc.height = 251;
  await until(async () => (await call(path, 'GET', '/v1/transfers/a')).body.status === 'expired');
  t.match((await pay(path, { id: 'a', wait: 1 })).body, { status: 'expired', signature: body.signature });
  t.equal(house.fake.wallets.get('alice')?.signed, 1);
});

t.test('failed on chain is failed', async (t) => {
  const { rpc, path } = await makeRig(t);
  rpc.land = false;
  const { body } = await pay(path, { id: 'a' });
  rpc.landed.set(body.signature, {
    err: { InstructionError: [0, 'Custom'] },
    slot: 7,
    confirmationStatus: 'confirmed',
  });
  await until(async () => (await call(path, 'GET', '/v1/transfers/a')).body.status === 'failed');
  t.equal((await call(path, 'GET', '/v1/transfers/a')).body.slot, 7);
});

t.test('signed, and the answer lost: the next call finds that signature and no second one', async (t) => {
  const { house, rpc, path } = await makeRig(t);
  house.fake.loseSignReply = true;
  t.match(await pay(path, { id: 'a' }), { status: 503 });
  house.fake.loseSignReply = false;
  t.equal(rpc.sent.length, 0);
  const answer = await until(async () => {
    const tried = await pay(path, { id: 'a', wait: 10 });
    return tried.status === 200 && tried;
  });
  t.match(answer.body, { status: 'landed', repeated: true });
  t.equal(house.fake.wallets.get('alice')?.signed, 1);
});

t.test('kill -9 after sending: the bytes are followed on, and the same id is the same payment', async (t) => {
  const house = await makeHouse();
  const rpc = await startFakeRpc();
  t.teardown(async () => {
    await house.cleanUp();
    await rpc.close();
  });
  rpc.land = false;
  const child = await house.spawnProxy({ rpc: rpc.url });
  await house.createWallet('alice');
  const first = await pay(house.socket('alice'), { id: 'a' });
  t.match(first.body, { status: 'sent' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  rpc.land = true;
  await house.spawnProxy({ rpc: rpc.url });
  await until(async () => (await call(house.socket('alice'), 'GET', '/v1/transfers/a')).body.status === 'landed');
  const again = await pay(house.socket('alice'), { id: 'a' });
  t.match(again.body, { status: 'landed', repeated: true, signature: first.body.signature });
  t.equal(house.fake.wallets.get('alice')?.signed, 1);
  t.equal(new Set(rpc.sent).size, 1);
});
