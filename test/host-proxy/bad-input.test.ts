/** Bad input on the agent socket: one stable code each, never a stack trace, never a crash, other clients undisturbed. */

import type { Socket } from 'node:net';
import { connect } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { call, makeHouse, until } from './support.ts';

const TX = Buffer.from(new Uint8Array(200)).toString('base64');
const SIGN = '/v1/sign';
const PAY = { id: 'a', to: '11111111111111111111111111111111', asset: 'SOL', amount: '1' };

/** method, path, body, status, code, where. */
const ROWS: readonly [string, string, unknown, number, string, string?][] = [
  ['POST', SIGN, '{', 400, 'body-malformed'],
  ['POST', SIGN, '', 400, 'body-malformed'],
  ['POST', SIGN, 'null', 422, 'body-invalid'],
  ['POST', SIGN, '[]', 422, 'body-invalid'],
  ['POST', SIGN, '{"__proto__":{"transaction":"AAAA"}}', 400, 'body-malformed'],
  ['POST', SIGN, {}, 422, 'body-invalid', 'body'],
  ['POST', SIGN, { transaction: 5 }, 422, 'body-invalid', 'body/transaction'],
  ['POST', SIGN, { transaction: '5' }, 422, 'body-invalid', 'body/transaction'],
  ['POST', SIGN, { transaction: 'AAA$' }, 422, 'body-invalid', 'body/transaction'],
  ['POST', SIGN, { transaction: 'AAAB=' }, 422, 'body-invalid', 'body/transaction'],
  ['POST', SIGN, { transaction: 'AAB=' }, 422, 'body-invalid', 'body/transaction'],
  ['POST', SIGN, { transaction: 'A'.repeat(5468) }, 422, 'body-invalid', 'body/transaction'],
  ['POST', SIGN, { transaction: TX, transactions: [TX] }, 422, 'body-invalid', 'body'],
  ['POST', SIGN, { transactions: [] }, 422, 'body-invalid', 'body/transactions'],
  ['POST', SIGN, { transactions: Array(9).fill(TX) }, 422, 'body-invalid', 'body/transactions'],
  ['POST', SIGN, { transaction: TX, extra: 1 }, 422, 'body-invalid', 'body/extra'],
  ['POST', SIGN, { transaction: TX, id: '../x' }, 422, 'body-invalid', 'body/id'],
  ['POST', SIGN, { transaction: TX, id: 'x'.repeat(65) }, 422, 'body-invalid', 'body/id'],
  ['POST', SIGN, { transaction: TX, owners: ['0OIl'] }, 422, 'body-invalid', 'body/owners/0'],
  ['POST', SIGN, { transaction: TX, owners: ['1'.repeat(44)] }, 422, 'body-invalid', 'body/owners/0'],
  ['POST', SIGN, { transaction: 'A'.repeat(70_000) }, 413, 'body-too-large'],
  ['POST', '/v1/transfer', { ...PAY, amount: 1 }, 422, 'body-invalid', 'body/amount'],
  ['POST', '/v1/transfer', { ...PAY, amount: '-1' }, 422, 'body-invalid', 'body/amount'],
  ['POST', '/v1/transfer', { ...PAY, amount: '1.5' }, 422, 'body-invalid', 'body/amount'],
  ['POST', '/v1/transfer', { ...PAY, amount: '18446744073709551616' }, 422, 'body-invalid', 'body/amount'],
  ['POST', '/v1/transfer', { ...PAY, id: undefined }, 422, 'body-invalid', 'body/id'],
  ['POST', '/v1/transfer', { ...PAY, to: '1' }, 422, 'body-invalid', 'body/to'],
  ['POST', '/v1/transfer', { ...PAY, memo: '€'.repeat(300) }, 422, 'body-invalid', 'body/memo'],
  ['POST', '/v1/transfer', { ...PAY, wait: 91 }, 422, 'body-invalid', 'body/wait'],
  ['POST', '/v1/transfer', PAY, 503, 'rpc-unset'],
  ['GET', '/v1/transfers/..%2f..%2fseal', undefined, 422, 'body-invalid', 'params/id'],
  ['GET', '/v1/approvals/zz', undefined, 422, 'body-invalid', 'params/id'],
  ['GET', `/v1/approvals/${'ab'.repeat(16)}?wait=61`, undefined, 422, 'body-invalid', 'querystring/wait'],
  ['GET', `/v1/approvals/${'ab'.repeat(16)}?what=1`, undefined, 422, 'body-invalid', 'querystring/what'],
  ['GET', '/v1/attestation', undefined, 422, 'body-invalid', 'querystring/nonce'],
  ['GET', '/v1/attestation?nonce=0123456789abcdef', undefined, 422, 'body-invalid', 'querystring/nonce'],
  ['POST', '/v1/messages', { message: '' }, 422, 'body-invalid', 'body/message'],
  ['GET', '/v1/sign', undefined, 404, 'route-unknown'],
  ['GET', '/v1/commands', undefined, 404, 'route-unknown'],
  ['DELETE', '/v1/wallet', undefined, 404, 'route-unknown'],
  ['GET', '/%zz', undefined, 400, 'http-malformed'],
];

/** Sends raw bytes and returns all that comes back until the end, if it comes in time. */
function sendRaw(path: string, text: string | Buffer, keepOpen = false): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ path, allowHalfOpen: true });
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
    });
    socket.on('error', () => resolve(seen));
    socket.on('close', () => resolve(seen));
    socket.on('end', () => socket.end());
    socket.write(text);
    if (!keepOpen) socket.end();
  });
}

t.test('bad input', async (t) => {
  const house = await makeHouse();
  t.teardown(() => house.cleanUp());
  await house.startProxy();
  await house.createWallet('alice');
  const path = house.socket('alice');

  t.test('one stable code each', async (t) => {
    for (const [method, url, body, status, code, where] of ROWS) {
      const answer = await call(path, method, url, body);
      const label = `${method} ${url} ${JSON.stringify(body)?.slice(0, 60)}`;
      t.match(answer, { status, body: { status, code, type: `urn:reeve:error:${code}` } }, label);
      t.equal(answer.headers['content-type'], 'application/problem+json', label);
      if (where !== undefined) t.ok(answer.body.detail.includes(`path: ${where},`), `${label}: ${answer.body.detail}`);
      t.notMatch(JSON.stringify(answer.body), /\.ts|node_modules|\bat /, label);
    }
    t.equal(ROWS.length, 41);
  });

  t.test('a body of another type is 415, one without a length that is too long is 413', async (t) => {
    t.match(await call(path, 'POST', SIGN, 'x=1', { 'content-type': 'application/x-www-form-urlencoded' }), {
      status: 415,
      body: { code: 'media-type' },
    });
    t.match(await call(path, 'POST', SIGN, 'A'.repeat(70_000), { 'transfer-encoding': 'chunked' }), { status: 413 });
  });

  t.test('an undecodable transaction reaches the enclave and comes back as it judged', async (t) => {
    house.fake.script = () => ({ outcome: 'refused', violations: [{ code: 'undecodable', detail: 'no message' }] });
    const { status, body } = await call(path, 'POST', SIGN, { transaction: TX });
    t.match({ status, body }, { status: 403, body: { code: 'policy-refused', violations: [{ code: 'undecodable' }] } });
    house.fake.script = null;
  });

  t.test('a transaction that needs no signature of ours is never given out as signed', async (t) => {
    t.match(await call(path, 'POST', SIGN, { transaction: TX }), {
      status: 422,
      body: { code: 'transaction-malformed' },
    });
  });

  t.test('garbage instead of HTTP', async (t) => {
    t.match(await sendRaw(path, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 .*http-malformed/s);
    t.match(await sendRaw(path, Buffer.alloc(100, 0xff)), /^HTTP\/1\.1 400 .*http-malformed/s);
    t.match(
      await sendRaw(path, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`),
      /^HTTP\/1\.1 400 .*http-malformed/s,
    );
  });

  t.test('random bodies never get through and never crash', async (t) => {
    const property = fc.asyncProperty(fc.jsonValue(), async (value) => {
      const { status } = await call(path, 'POST', SIGN, JSON.stringify(value));
      return status === 422 || status === 400;
    });
    await t.resolves(
      fc.assert(property, { seed: 1, numRuns: Math.ceil(3000 * Number(process.env['REEVE_SCALE'] ?? 0.01)) }),
    );
  });

  t.test('a slow client is told so and does not hold up another', async (t) => {
    const slow = sendRaw(path, 'POST /v1/sign HTTP/1.1\r\n', true);
    const late = sendRaw(
      path,
      'POST /v1/sign HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{',
      true,
    );
    t.equal((await call(path, 'GET', '/v1/health')).status, 200);
    t.match(await slow, /^HTTP\/1\.1 408 .*request-timeout/s);
    t.match(await late, /^HTTP\/1\.1 408 .*request-timeout/s);
  });

  t.test('over the cap: a clean 503, the others undisturbed', async (t) => {
    const open = await Promise.all(
      Array.from(
        { length: 256 },
        () =>
          new Promise<Socket>((resolve) => {
            const socket = connect(path, () => resolve(socket));
          }),
      ),
    );
    t.match(
      await sendRaw(path, 'GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n'),
      /^HTTP\/1\.1 503 .*retry-after: 1.*connections-full/s,
    );
    const first = open[0] as Socket;
    const answer = new Promise<string>((resolve) => first.once('data', (chunk) => resolve(chunk.toString())));
    first.write('GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n');
    t.match(await answer, /^HTTP\/1\.1 200/);
    for (const socket of open) socket.destroy();
  });

  t.test('the proxy still serves', async (t) => {
    await until(async () => (await call(path, 'GET', '/v1/wallet')).status === 200);
    t.pass();
  });
});
