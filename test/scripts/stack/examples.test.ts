/** The README's programs and plain curl against a real stack: they pay, and what is killed after sending has paid once. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createSolanaRpc, getBase64Encoder, getTransactionDecoder } from '@solana/kit';
import t from 'tap';
import { verifyStrict } from '../../../enclave/link/ed25519.ts';
import { decodeBase58 } from '../../../host-proxy/transactions/base58.ts';
import { encodeBase58 } from '../../../policy/base58.ts';
import { callAgent } from '../../../scripts/stack/agent.ts';
import { readBalance, readTokens } from '../../../scripts/stack/chain-calls.ts';
import type { Tour } from '../../../scripts/stack/tour/tour.ts';
import { mustBeOwner } from '../../../scripts/stack/tour/tour.ts';
import { readExample, writeExample } from './readme.ts';
import { draftTransfer, makeFolder, openTour, socketOf } from './support.ts';

t.setTimeout(90_000);

/** A program with the environment it would have outside the test runner. */
async function run(command: string, args: readonly string[], watch?: (child: { kill(): unknown }) => void) {
  const child = spawn('/usr/bin/env', ['-u', 'NODE_OPTIONS', command, ...args]);
  watch?.({ kill: () => child.kill('SIGKILL') });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (texts.stdout += chunk));
  child.stderr.on('data', (chunk) => (texts.stderr += chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, ...texts };
}

/** An agent socket in front of the real one; `onSent` is called when the whole of the nth request has gone on. */
async function openRelay(test: Parameters<typeof makeFolder>[0], target: string, onSent: (nth: number) => void) {
  const path = join(makeFolder(test), 'agent.sock');
  let calls = 0;
  const server = createServer((caller: Socket) => {
    const real = connect(target);
    const received: Buffer[] = [];
    let told = false;
    for (const socket of [caller, real]) socket.on('error', () => undefined);
    caller.on('close', () => real.destroy());
    real.on('data', (chunk) => caller.write(chunk));
    real.on('close', () => caller.end());
    caller.on('data', (chunk: Buffer) => {
      received.push(chunk);
      real.write(chunk, () => {
        if (told || !isWhole(Buffer.concat(received).toString())) return;
        told = true;
        calls += 1;
        onSent(calls);
      });
    });
  });
  test.teardown(() => server.close());
  server.listen(path);
  await once(server, 'listening');
  return path;
}

function isWhole(text: string): boolean {
  const [head = '', body] = text.split('\r\n\r\n');
  return body !== undefined && body.length === Number(/content-length: (\d+)/i.exec(head)?.[1]);
}

/** The id of the one payment that waits. */
async function waitForApproval(tour: Tour): Promise<string> {
  for (let tries = 0; tries < 300; tries += 1) {
    const { approvals } = await mustBeOwner(tour, 'approvals');
    const [first] = approvals as { id: string }[];
    if (first !== undefined) return first.id;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('nothing waits');
}

async function readTransferEnd(tour: Tour, id: string): Promise<Record<string, unknown>> {
  return (await callAgent(socketOf(tour), 'GET', `/v1/transfers/${id}`)).body;
}

t.test('a stack', async (t) => {
  const tour = await openTour(t);
  const { stack, parties } = tour;
  const { shop, mint } = parties;

  await t.test('Python, standard library: killed after sending and run again, it has paid once', async (t) => {
    const text = readExample('pay.py');
    t.ok(text.trimEnd().split('\n').length <= 30, 'at most 30 lines');
    const script = writeExample(t, 'pay.py');
    let child: { kill(): unknown } | undefined;
    let fatal = 1;
    const relay = await openRelay(t, socketOf(tour), (nth) => {
      if (nth === fatal) child?.kill();
    });
    const start = () => run('python3', [script, relay, shop], (started) => (child = started));

    t.match(await start(), { signal: 'SIGKILL', stdout: '' }, 'killed with the SOL payment under way');
    fatal = 3;
    const second = await start();
    t.match(second, { signal: 'SIGKILL' }, 'killed with the token payment under way');
    t.match(second.stdout, /^(landed \S+\n)?$/);
    fatal = 0;
    const last = await start();
    t.match(last, { code: 0, stderr: '' });
    t.match(last.stdout, /^landed \w+\nlanded \w+\n$/);

    t.equal(await readBalance(stack.chainUrl, shop), 1_000_000n, 'SOL once');
    t.equal(await readTokens(stack.chainUrl, shop, mint), 2_500_000n, 'USDC once');
    const [sol, usdc] = [await readTransferEnd(tour, 'invoice-7'), await readTransferEnd(tour, 'invoice-8')];
    t.equal(last.stdout, `landed ${sol['signature']}\nlanded ${usdc['signature']}\n`);
    const { body } = await callAgent(socketOf(tour), 'GET', '/v1/budget');
    const assets = body['assets'] as { asset: string; windows: { spent: string }[] }[];
    t.equal(assets.find(({ asset }) => asset === 'signatures')?.windows[0]?.spent, '2', 'two signatures in all');
  });

  await t.test('a kit program pays and confirms', async (t) => {
    const before = await readBalance(stack.chainUrl, shop);
    const script = writeExample(t, 'pay.ts');
    const { code, stdout, stderr } = await run(process.execPath, [script, socketOf(tour), stack.chainUrl, shop]);
    t.equal(code, 0, stderr);
    const signature = stdout.trim();
    const rpc = createSolanaRpc(stack.chainUrl);
    const { value } = await rpc.getSignatureStatuses([signature as never]).send();
    t.match(value[0], { err: null, confirmationStatus: 'finalized' });
    t.equal(await readBalance(stack.chainUrl, shop), before + 1_000_000n);

    const refused = await run(process.execPath, [script, socketOf(tour), stack.chainUrl, parties.stranger]);
    t.equal(refused.code, 1);
    t.match(refused.stderr, /ReeveRefused/);
    t.match(refused.stderr, /recipient-not-allowed/);
    t.equal(await readBalance(stack.chainUrl, parties.stranger), 0n);
  });

  await t.test(
    'the same program, told to ask the owner: it waits, and finishes by itself or ends when denied',
    async (t) => {
      const text = readExample('pay.ts');
      t.ok(text.trimEnd().split('\n').length < 40, 'under 40 lines');
      const script = writeExample(t, 'pay.ts');
      const before = await readBalance(stack.chainUrl, shop);
      for (const [verb, amount, code] of [
        ['approve', 700_000_000n, 0],
        ['deny', 600_000_000n, 1],
      ] as const) {
        const running = run(process.execPath, [script, socketOf(tour), stack.chainUrl, shop, String(amount)]);
        const id = await waitForApproval(tour);
        await mustBeOwner(tour, verb, id);
        t.match(await running, { code, stderr: verb === 'deny' ? /the owner said: denied/ : '' }, verb);
      }
      t.equal(await readBalance(stack.chainUrl, shop), before + 700_000_000n);
    },
  );

  await t.test('curl alone', async (t) => {
    const curl = async (path: string, body?: unknown) => {
      const data = body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
      const words = ['-sS', '--unix-socket', socketOf(tour), `http://reeve${path}`, '-w', '\n%{http_code}', ...data];
      const { stdout } = await run('curl', words);
      const [text = '', status] = stdout.split('\n');
      return { status: Number(status), json: JSON.parse(text) };
    };

    await t.test('signs a transaction', async (t) => {
      const { transaction, message } = draftTransfer(tour, 12_345n);
      const { status, json } = await curl('/v1/sign', { id: 'by-curl', transaction });
      t.match([status, json.repeated, json.charges], [200, false, { SOL: '17345', signatures: '1' }]);
      const signature = decodeBase58(json.signature, 64) ?? new Uint8Array();
      t.ok(verifyStrict(signature, message, decodeBase58(parties.agent, 32) ?? new Uint8Array()));
      const decoded = getTransactionDecoder().decode(getBase64Encoder().encode(json.transaction));
      t.equal(encodeBase58(Object.values(decoded.signatures)[0] as unknown as Uint8Array), json.signature);
      t.match((await curl('/v1/sign', { id: 'by-curl', transaction })).json, {
        signature: json.signature,
        repeated: true,
      });
    });

    await t.test('reads policy, budget, wallet and health', async (t) => {
      const policy = await curl('/v1/policy');
      t.match(policy, { status: 200, json: { version: 1, document: { format: 'reeve/policy/v1' } } });
      const budget = await curl('/v1/budget');
      t.strictSame(
        budget.json.assets.map(({ asset }: { asset: string }) => asset),
        ['SOL', 'USDC', 'signatures'],
      );
      t.match(budget.json.assets[0].windows[0], { seconds: 86400, max: '3000000000', unseen: '0' });
      t.match(await curl('/v1/wallet'), { status: 200, json: { address: parties.agent, phase: 'active' } });
      t.match(await curl('/v1/health'), { status: 200, json: { status: 'ok', mode: 'development' } });
      t.match(await curl('/openapi.json'), { status: 200, json: { openapi: '3.1.0' } });
    });

    await t.test('asks for an approval and reads it', async (t) => {
      const { transaction } = draftTransfer(tour, 600_000_000n);
      const asked = await curl('/v1/sign', { transaction });
      t.match(asked, { status: 202, json: { approval: { state: 'pending' } } });
      const { id } = asked.json.approval;
      t.match(await curl(`/v1/approvals/${id}`), { status: 200, json: { id, state: 'pending' } });
    });

    await t.test('reads an attestation over its nonce, at most once in ten seconds', async (t) => {
      const nonce = '00112233445566778899aabbccddeeff';
      const { status, json } = await curl(`/v1/attestation?nonce=${nonce}`);
      t.match([status, json.nonce], [200, nonce]);
      t.ok(Buffer.from(json.document, 'base64').includes(Buffer.from(nonce, 'hex')), 'the document holds the nonce');
      t.match(await curl(`/v1/attestation?nonce=${nonce}`), { status: 429, json: { code: 'rate-limited' } });
    });
  });
});
