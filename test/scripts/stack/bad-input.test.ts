/** Whatever comes in over a real socket gets one stable code, never a stack trace, and disturbs nobody: a good request follows each bad one. */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address, Instruction } from '@solana/kit';
import { AccountRole } from '@solana/kit';
import type { Test } from 'tap';
import t from 'tap';
import { ERRORS } from '../../../enclave/link/errors.ts';
import { agentSocket } from '../../../scripts/stack/layout.ts';
import type { RawCall } from './support.ts';
import { asJson, ask, checkWell, draft, draftTransfer, exchange, LEAK, openTour, ROOT, socketOf } from './support.ts';

t.setTimeout(90_000);

const PROBLEM = /^application\/problem\+json/;
const tour = await openTour(t);
const { stack, parties } = tour;
const socket = socketOf(tour);
const admin = join(stack.layout.run, 'admin.sock');

function checkProblem(t: Test, answer: Awaited<ReturnType<typeof ask>>, status: number, code: string): void {
  t.strictSame([answer.status, answer.json['code']], [status, code], answer.text.slice(0, 300));
  t.match(answer.type, PROBLEM);
  t.ok(Object.hasOwn(ERRORS, code), 'a code of the table');
  t.notMatch(answer.text, LEAK, 'no trace, no path');
}

const sign = (body: unknown): RawCall => ({ path: '/v1/sign', ...asJson(body) });
const transfer = (changes: object): RawCall => ({
  path: '/v1/transfer',
  ...asJson({ id: 'x', to: parties.shop, asset: 'SOL', amount: '1', ...changes }),
});
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const good = draftTransfer(tour, 1_000n).transaction;

const HTTP: readonly [name: string, call: RawCall, status: number, code: string][] = [
  ['not JSON', { path: '/v1/sign', body: '{"transaction":' }, 400, 'body-malformed'],
  ['an empty body', { path: '/v1/sign', body: '' }, 400, 'body-malformed'],
  ['a prototype as a key', { path: '/v1/sign', body: '{"__proto__":{"x":1}}' }, 400, 'body-malformed'],
  ['bytes that are no text', { path: '/v1/sign', body: Uint8Array.of(0xff, 0xfe, 0x00) }, 400, 'body-malformed'],
  ['another media type', { path: '/v1/sign', body: 'x', headers: { 'content-type': 'text/plain' } }, 415, 'media-type'],
  ['a list', sign([good]), 422, 'body-invalid'],
  ['null', sign(null), 422, 'body-invalid'],
  ['a number for a transaction', sign({ transaction: 7 }), 422, 'body-invalid'],
  ['no transaction', sign({}), 422, 'body-invalid'],
  ['two ways to give one', sign({ transaction: good, transactions: [good] }), 422, 'body-invalid'],
  ['no transactions', sign({ transactions: [] }), 422, 'body-invalid'],
  ['nine transactions', sign({ transactions: Array(9).fill(good) }), 422, 'body-invalid'],
  ['an unknown field', sign({ transaction: good, force: true }), 422, 'body-invalid'],
  ['an id of another alphabet', sign({ transaction: good, id: '../x' }), 422, 'body-invalid'],
  ['an id too long', sign({ transaction: good, id: 'x'.repeat(65) }), 422, 'body-invalid'],
  ['not base64', sign({ transaction: '%%%%' }), 422, 'body-invalid'],
  ['base64 that is not canonical', sign({ transaction: 'AB==' }), 422, 'body-invalid'],
  ['a transaction over its limit', sign({ transaction: base64(new Uint8Array(4097)) }), 422, 'body-invalid'],
  ['an owner that is no address', sign({ transaction: good, owners: ['shop'] }), 422, 'body-invalid'],
  ['a body over its limit', { path: '/v1/sign', body: ' '.repeat(65_537) }, 413, 'body-too-large'],
  ['a number for an amount', transfer({ amount: 1 }), 422, 'body-invalid'],
  ['a negative amount', transfer({ amount: '-1' }), 422, 'body-invalid'],
  ['an amount over u64', transfer({ amount: '18446744073709551616' }), 422, 'body-invalid'],
  ['a recipient that is no address', transfer({ to: '0OIl'.repeat(11) }), 422, 'body-invalid'],
  ['an asset the policy does not name', transfer({ asset: 'BONK' }), 422, 'asset-unknown'],
  ['a wait too long', transfer({ wait: 3600 }), 422, 'body-invalid'],
  ['a memo too long', transfer({ memo: 'é'.repeat(300) }), 422, 'body-invalid'],
  ['a message that is none', { path: '/v1/messages', ...asJson({ message: 1 }) }, 422, 'body-invalid'],
  ['an unknown route', { path: '/v1/keys' }, 404, 'route-unknown'],
  ['a known route, another method', { path: '/v1/sign', method: 'PUT', body: '{}' }, 404, 'route-unknown'],
  ['a path that climbs', { path: '/v1/../../etc/passwd' }, 404, 'route-unknown'],
  ['a broken escape', { path: '/v1/transfers/%E0%A4%A' }, 400, 'http-malformed'],
  ['an unknown transfer', { path: '/v1/transfers/nobody' }, 404, 'transfer-unknown'],
  ['an unknown approval', { path: `/v1/approvals/${'0'.repeat(32)}` }, 404, 'approval-unknown'],
  ['an approval id of another form', { path: '/v1/approvals/..%2f' }, 422, 'body-invalid'],
  ['no nonce', { path: '/v1/attestation' }, 422, 'body-invalid'],
  ['a nonce too short', { path: '/v1/attestation?nonce=00' }, 422, 'body-invalid'],
  ['an owner route on the agent socket', { path: '/v1/commands', ...asJson({}) }, 404, 'route-unknown'],
];

t.test('the agent socket', async (t) => {
  for (const [name, call, status, code] of HTTP) {
    await t.test(name, async (t) => {
      checkProblem(t, await ask(socket, call), status, code);
      await checkWell(t, tour);
    });
  }

  await t.test('HTTP that is none', async (t) => {
    for (const bytes of ['\0\x01\x02\r\n\r\n', 'GET\r\n\r\n', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`]) {
      const text = await exchange(socket, Buffer.from(bytes));
      t.match(text.toString(), /^HTTP\/1\.1 400 [\s\S]*"code":"http-malformed"/);
      t.notMatch(text.toString(), LEAK);
      await checkWell(t, tour);
    }
  });

  await t.test('a wallet that does not exist has no socket', async (t) => {
    t.notOk(existsSync(agentSocket(stack.layout, 'nobody')));
    await t.rejects(ask(agentSocket(stack.layout, 'nobody'), { path: '/v1/wallet' }), { code: 'ENOENT' });
  });
});

const ADMIN: readonly [name: string, call: RawCall, status: number, code: string][] = [
  ['an unknown wallet', { path: '/v1/wallets/nobody/receipts' }, 404, 'wallet-unknown'],
  ['a wallet name of another form', { path: '/v1/wallets/..%2f..%2fx/state' }, 422, 'body-invalid'],
  ['not JSON', { path: '/v1/commands', body: '{' }, 400, 'body-malformed'],
  ['a command that begins like a batch', command(base64(Uint8Array.of(0xa1, 0xff))), 400, 'command-malformed'],
  ['a command of random bytes', command(base64(randomBytes(64))), 400, 'command-malformed'],
  ['a body over its limit', { path: '/v1/commands', body: ' '.repeat(1024 * 1024 + 1) }, 413, 'body-too-large'],
  ['an attestation of an unknown wallet', attest(['nobody']), 404, 'wallet-unknown'],
  ['an unknown route', { path: '/v1/seeds' }, 404, 'route-unknown'],
  ['a signing route on the admin socket', sign({ transaction: good }), 404, 'route-unknown'],
];

function command(envelope: string): RawCall {
  return { path: '/v1/commands', ...asJson({ envelope: [envelope], body: 'AAAA' }) };
}

function attest(wallets: string[]): RawCall {
  return { path: '/v1/attest', ...asJson({ nonce: base64(new Uint8Array(32)), wallets }) };
}

t.test('the admin socket', async (t) => {
  for (const [name, call, status, code] of ADMIN) {
    await t.test(name, async (t) => {
      checkProblem(t, await ask(admin, call), status, code);
      await checkWell(t, tour);
    });
  }
});

const other = '9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM' as Address;
const agent = parties.agent as Address;

function instruction(programAddress: string, data: Uint8Array = new Uint8Array()): Instruction {
  return {
    programAddress: programAddress as Address,
    accounts: [{ address: agent, role: AccountRole.WRITABLE_SIGNER }],
    data,
  };
}

/** A v0 message that looks one account up in a table. */
function withLookupTable(): string {
  const wire = Buffer.from(good, 'base64');
  return base64(
    Buffer.concat([wire.subarray(0, -1), Uint8Array.of(1), new Uint8Array(32).fill(7), Uint8Array.of(1, 0, 0)]),
  );
}

const changed = (at: number, value: number) => {
  const wire = Buffer.from(good, 'base64');
  wire[at] = value;
  return base64(wire);
};

/** The first byte after the slots: the version of the message. */
const VERSION_AT = 65;

const TRANSACTIONS: readonly [name: string, transaction: string, code: string][] = [
  ['bytes that are no transaction', base64(Buffer.alloc(200, 0x5a)), 'undecodable'],
  ['one byte', base64(Uint8Array.of(1)), 'undecodable'],
  ['a byte too many', base64(Buffer.concat([Buffer.from(good, 'base64'), Uint8Array.of(0)])), 'trailing-bytes'],
  ['a message cut short', base64(Buffer.from(good, 'base64').subarray(0, -3)), 'undecodable'],
  ['a version nobody knows', changed(VERSION_AT, 0xff), 'message-version-unsupported'],
  ['another signer’s transaction', draft(other, []).transaction, 'not-our-signature'],
  ['a lookup table', withLookupTable(), 'lookup-table-unpinned'],
  ['a program the policy does not name', draft(agent, [instruction(other)]).transaction, 'program-unknown'],
  [
    'an instruction cut short',
    draft(agent, [instruction('1'.repeat(32), Uint8Array.of(2, 0, 0, 0))]).transaction,
    'instruction-malformed',
  ],
];

t.test('transactions', async (t) => {
  for (const [name, transaction, code] of TRANSACTIONS) {
    await t.test(name, async (t) => {
      const answer = await ask(socket, sign({ transaction }));
      checkProblem(t, answer, 403, 'policy-refused');
      const violations = answer.json['violations'] as { code: string }[];
      t.ok(
        violations.some((violation) => violation.code === code),
        `${code} in ${JSON.stringify(violations)}`,
      );
      await checkWell(t, tour);
    });
  }
});

async function startProxy(file: string): Promise<{ code: number | null; errors: string }> {
  const words = ['-i', process.execPath, join(ROOT, 'scripts', 'main.ts'), 'host-proxy', '--config', file];
  const child = spawn('/usr/bin/env', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  const [code] = await once(child, 'close');
  return { code: code as number | null, errors };
}

/** A change of the running stack's own configuration, and the field its one message names. */
const CONFIGS: readonly [name: string, change: (config: Record<string, unknown>) => unknown, field: string][] = [
  ['a field missing', ({ store: _, ...rest }) => rest, 'store'],
  ['a field of another type', (config) => ({ ...config, store: 7 }), 'store'],
  ['an unknown field', (config) => ({ ...config, stor: 'x' }), 'stor'],
  ['a field missing inside', (config) => ({ ...config, enclave: { agent: 'unix:/x' } }), 'enclave.owner'],
  [
    'an address of another form',
    (config) => ({ ...config, enclave: { agent: '/x', owner: 'unix:/x' } }),
    'enclave.agent',
  ],
  [
    'a group nobody has',
    (config) => ({ ...config, sockets: { directory: '/x', group: 'nobody-has-this' } }),
    'sockets.group',
  ],
  ['a list', () => [], '(the whole file)'],
];

t.test('a configuration that cannot be used: one message with field and file', async (t) => {
  const original = JSON.parse(readFileSync(join(stack.layout.root, 'host-proxy.json'), 'utf8'));
  const file = join(stack.layout.root, 'wrong.json');
  for (const [name, change, field] of CONFIGS) {
    writeFileSync(file, JSON.stringify(change(original)));
    const { code, errors } = await startProxy(file);
    t.equal(code, 1, name);
    t.match(errors, /^reeve host-proxy: config-file-invalid: [^\n]*\n$/, 'one line');
    t.ok(errors.includes(`file: ${file}, field: ${field}, `), errors);
  }
  writeFileSync(file, '{');
  t.match(
    (await startProxy(file)).errors,
    /config-file-invalid: .*field: \(the whole file\), problem: is not JSON\)\n$/,
  );
  t.match(
    (await startProxy(`${file}.none`)).errors,
    /config-file-invalid: .*wrong\.json\.none, field: \(the file\), .*\n$/,
  );
  await checkWell(t, tour);
});

t.test('after all of it the same processes run', async (t) => {
  for (const [name, { process: child }] of stack.parts) t.equal(child.exitCode ?? child.signalCode, null, name);
  t.notMatch(readFileSync(join(stack.layout.logs, 'enclave.log'), 'utf8'), /"code":"internal"|request-failed/);
  t.notMatch(readFileSync(join(stack.layout.logs, 'host-proxy.log'), 'utf8'), /"msg":"internal"/);
});
