/** Every route of the agent socket against a fake enclave over real sockets. */

import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { verifyStrict } from '../../enclave/link/ed25519.ts';
import { decodeBase58, encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import { transferSol } from '../../host-proxy/transactions/instructions.ts';
import { compileMessage } from '../../host-proxy/transactions/message.ts';
import { wrapMessage } from '../../host-proxy/transactions/wire.ts';
import { makeKey } from '../keys.ts';
import { makeApproval, POLICY } from './fake-wallet.ts';
import { call, curl, makeHouse, until } from './support.ts';

const agent = makeKey('agent alice').key;
const address = encodeBase58(agent);
const other = makeKey('somebody').key;

const message = (lamports: bigint) =>
  compileMessage(agent, [transferSol(agent, other, lamports)], new Uint8Array(32).fill(7));
const wire = (lamports: bigint) => Buffer.from(wrapMessage(message(lamports), 1)).toString('base64');

t.test('the agent socket', async (t) => {
  const house = await makeHouse();
  t.teardown(() => house.cleanUp());
  await house.startProxy();
  await house.createWallet('alice');
  const path = house.socket('alice');

  t.test('socket and folder have their modes', async (t) => {
    t.equal(lstatSync(path).mode & 0o777, 0o660);
    t.equal(lstatSync(dirname(path)).mode & 0o777, 0o750);
    t.equal(lstatSync(house.admin).mode & 0o777, 0o600);
  });

  t.test('signs one transaction and puts the signature into it', async (t) => {
    const { status, body } = await call(path, 'POST', '/v1/sign', { id: 'one', transaction: wire(1n) });
    t.equal(status, 200);
    t.equal(body.messageHash, createHash('sha256').update(message(1n)).digest('hex'));
    const signature = decodeBase58(body.signature, 64) ?? new Uint8Array();
    t.ok(verifyStrict(signature, message(1n), agent));
    t.same(Buffer.from(body.transaction, 'base64').subarray(1, 65), Buffer.from(signature));
    t.equal(body.repeated, false);
    t.equal(body.charges.SOL, '5000');
    t.match(body.receipt, { seq: Number, hash: /^[0-9a-f]{64}$/ });
    t.equal(typeof body.budget.leaseEndsAt, 'number');
    t.equal((await call(path, 'POST', '/v1/sign', { id: 'one', transaction: wire(1n) })).body.repeated, true);
  });

  t.test('signs several together', async (t) => {
    const { status, body } = await call(path, 'POST', '/v1/sign', { transactions: [wire(2n), wire(3n)] });
    t.equal(status, 200);
    t.equal(body.signatures.length, 2);
    t.equal(body.transactions.length, 2);
    t.equal(body.messageHashes[1], createHash('sha256').update(message(3n)).digest('hex'));
  });

  t.test('the same id with other bytes is 409 with the first signature', async (t) => {
    const { status, body } = await call(path, 'POST', '/v1/sign', { id: 'one', transaction: wire(9n) });
    t.equal(status, 409);
    t.equal(body.code, 'id-reused');
    t.equal(body.signatures.length, 1);
  });

  t.test('a refusal is 403 with violations and Retry-After', async (t) => {
    const violations = [
      {
        code: 'window-exceeded',
        detail: 'too much',
        asset: 'SOL',
        limit: '10',
        observed: '11',
        remaining: '0',
        retryAfter: 60,
      },
    ];
    house.fake.script = () => ({ outcome: 'refused', violations });
    const { status, body, headers } = await call(path, 'POST', '/v1/sign', { transaction: wire(4n) });
    t.equal(status, 403);
    t.equal(body.code, 'policy-refused');
    t.strictSame(body.violations, violations);
    t.equal(headers['retry-after'], '60');
    t.equal(headers['content-type'], 'application/problem+json');
    house.fake.script = null;
  });

  t.test('what needs the owner is 202, and waiting ends when the owner has decided', async (t) => {
    house.fake.script = () => ({ outcome: 'needs-approval', approval: makeApproval('pending'), violations: [] });
    const { status, body } = await call(path, 'POST', '/v1/sign', { transaction: wire(5n) });
    t.equal(status, 202);
    t.match(body.approval, { id: 'ab'.repeat(16), state: 'pending', effectsHash: '00'.repeat(32), expiresAt: 2 });
    house.fake.script = null;
    t.equal((await call(path, 'GET', `/v1/approvals/${body.approval.id}`)).body.state, 'pending');
    const waiting = call(path, 'GET', `/v1/approvals/${body.approval.id}?wait=30`);
    house.fake.approvalState = 'approved';
    t.equal((await waiting).body.state, 'approved');
  });

  t.test('reads', async (t) => {
    const wallet = (await call(path, 'GET', '/v1/wallet')).body;
    t.match(wallet, {
      wallet: 'alice',
      address,
      phase: 'active',
      policy: { version: 1 },
      mode: 'development',
      stale: false,
    });
    const policy = (await call(path, 'GET', '/v1/policy')).body;
    t.equal(policy.hash, createHash('sha256').update(POLICY).digest('hex'));
    t.strictSame(policy.document, JSON.parse(Buffer.from(POLICY).toString()));
    const budget = (await call(path, 'GET', '/v1/budget')).body;
    t.strictSame(
      budget.assets.map((entry: { asset: string }) => entry.asset),
      ['SOL', 'USDC'],
    );
    t.match(await call(path, 'GET', '/v1/health'), { status: 200, body: { status: 'ok', enclave: 'up' } });
    t.match((await call(path, 'POST', '/v1/evaluate', { transaction: wire(1n) })).body, {
      decision: 'allow',
      charges: { SOL: '5000' },
    });
    t.match(await call(path, 'POST', '/v1/messages', { message: 'aGVsbG8=' }), {
      status: 403,
      body: { code: 'policy-refused' },
    });
  });

  t.test('attestation over the caller’s nonce, once in ten seconds', async (t) => {
    const nonce = 'cd'.repeat(32);
    const first = await call(path, 'GET', `/v1/attestation?nonce=${nonce}`);
    t.match(first, { status: 200, body: { nonce, document: Buffer.from(nonce, 'hex').toString('base64') } });
    const second = await call(path, 'GET', `/v1/attestation?nonce=${nonce}`);
    t.match(second, { status: 429, body: { code: 'rate-limited' } });
    t.ok(Number(second.headers['retry-after']) >= 1 && Number(second.headers['retry-after']) <= 10);
  });

  t.test('curl alone can sign and read', async (t) => {
    const json = ['--header', 'content-type: application/json'];
    const signed = await curl(
      path,
      ...json,
      '--data',
      JSON.stringify({ transaction: wire(6n) }),
      'http://reeve/v1/sign',
    );
    t.equal(signed.status, 200);
    t.ok(JSON.parse(signed.text).signature);
    t.equal((await curl(path, 'http://reeve/v1/budget')).status, 200);
  });

  t.test('OpenAPI names every route', async (t) => {
    const { body } = await call(path, 'GET', '/openapi.json');
    t.equal(body.openapi, '3.1.0');
    t.strictSame(Object.keys(body.paths).sort(), [
      '/v1/approvals/{id}',
      '/v1/attestation',
      '/v1/budget',
      '/v1/evaluate',
      '/v1/health',
      '/v1/messages',
      '/v1/policy',
      '/v1/sign',
      '/v1/transfer',
      '/v1/transfers/{id}',
      '/v1/wallet',
    ]);
  });

  t.test('a refusal’s receipt is stored within a second', async (t) => {
    const seq = () => call(house.admin, 'GET', '/v1/wallets/alice/state').then(({ body }) => body.lastSeq);
    await until(async () => (await seq()) === house.fake.wallets.get('alice')?.seq);
    t.pass();
  });

  t.test('enclave away: reads are stale, signing is 503', async (t) => {
    await house.fake.stop();
    const down = await until(async () => {
      const answer = await call(path, 'GET', '/v1/health');
      return answer.body.enclave === 'down' && answer;
    });
    t.equal(down.body.status, 'degraded');
    t.match(await call(path, 'POST', '/v1/sign', { transaction: wire(1n) }), {
      status: 503,
      body: { code: 'enclave-unavailable' },
    });
    t.match(await call(path, 'GET', '/v1/wallet'), { status: 200, body: { address, stale: true } });
    t.match(await call(path, 'GET', '/v1/budget'), { status: 200, body: { stale: true } });
    t.match(await call(path, 'GET', '/v1/policy'), { status: 200, body: { stale: true, version: 1 } });
    await house.fake.start();
    await until(async () => (await call(path, 'POST', '/v1/sign', { transaction: wire(1n) })).status === 200);
  });
});
