/** How the path's bench makes its load, measures and judges; what it measures is for `make bench`. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getTransactionDecoder } from '@solana/kit';
import type { Test } from 'tap';
import t from 'tap';
import { judgePath, SIGN } from '../../scripts/bench/goals.ts';
import type { PathCase, PathFigure } from '../../scripts/bench/path.ts';
import { measurePath, ROUNDS } from '../../scripts/bench/path.ts';
import { makeForms, makeRefusedForms, RECIPIENTS } from '../../scripts/bench/payments.ts';
import { takePosts, takeTransactions } from '../../scripts/bench/requests.ts';
import { startSshAgent } from '../../scripts/bench/ssh-agent.ts';
import { makeKey } from '../keys.ts';

const forms = await makeForms(makeKey('agent').key);

t.test('payments are real transactions, and no two are the same', (t) => {
  t.equal(forms.length, 2 * RECIPIENTS);
  const next = takeTransactions(forms, 1_000);
  const made = Array.from({ length: 3 * forms.length }, next);
  t.equal(new Set(made.map(({ message }) => message.toString('hex'))).size, made.length);
  for (const { wire, message } of made) {
    t.ok(Buffer.from(getTransactionDecoder().decode(wire).messageBytes).equals(message), 'kit reads the same message');
  }
  t.equal(makeRefusedForms(makeKey('agent').key).length, 1);
  t.match(
    takePosts('/v1/sign', forms, 1)().toString(),
    /^POST \/v1\/sign HTTP\/1\.1\r\n.*content-length: \d+\r\n\r\n\{/s,
  );
  t.end();
});

/** Answers every request on a socket of its own with this status. */
async function serve(t: Test, status: number): Promise<{ socket: string; bodies: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'rv-load-'));
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString());
      response.writeHead(status, { 'content-length': 2 }).end('{}');
    });
  });
  const socket = join(folder, 'a.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { socket, bodies };
}

t.test('every case has its turn in every round, and no transaction comes twice', async (t) => {
  const { socket, bodies } = await serve(t, 200);
  const http = { kind: 'http', socket, path: '/v1/sign', status: 200, forms } as const;
  const cases: PathCase[] = [
    { name: 'bare', connections: 1, job: { kind: 'loop', forms }, pids: [] },
    { name: 'one', connections: 1, job: { ...http, connections: 1 }, pids: [process.pid] },
    { name: 'four', connections: 4, job: { ...http, connections: 4 }, pids: [process.pid] },
  ];
  const agent = await startSshAgent(join(socket, '..'));
  if (agent !== null) {
    t.teardown(() => agent.stop());
    const job = { kind: 'agent', socket: agent.socket, keyBlob: agent.keyBlob, connections: 2, forms } as const;
    cases.push({ name: 'ssh-agent', connections: 2, job, pids: [agent.pid] });
  }
  const figures = await measurePath(cases, { roundMs: 15, warmMs: 15 });
  for (const { name, rounds } of figures) {
    t.equal(rounds.length, ROUNDS, name);
    for (const { p50, p99, rate, answers } of rounds) t.ok(p50 <= p99 && p50 > 0 && rate > 0 && answers > 0);
  }
  t.equal(new Set(bodies).size, bodies.length);
});

t.test('an answer that is not the one expected ends the bench', async (t) => {
  const { socket } = await serve(t, 403);
  const job = { kind: 'http', socket, path: '/v1/sign', status: 200, connections: 1, forms } as const;
  await t.rejects(measurePath([{ name: 'sign', connections: 1, job, pids: [] }], { roundMs: 5, warmMs: 5 }), /403/);
});

t.test('goals are medians of ratios within a round; without its yardstick a goal is not judged', (t) => {
  const figure = (name: string, p50s: number[]): PathFigure => ({
    name,
    connections: 1,
    rounds: p50s.map((p50) => ({ p50, p99: p50 * 2, rate: 1, answers: 1, cpu: null })),
    memory: null,
  });
  const figures = [figure(SIGN, [10, 200, 30]), figure('ssh-agent', [20, 100, 40])];
  const [p50, rate, , , spread] = judgePath(figures);
  t.match(p50, { ratio: 0.75, met: true }, 'the slow round counts once');
  t.match(rate, { ratio: null, met: true });
  t.match(spread, { ratio: 2, met: true });
  t.match(judgePath([figure(SIGN, [10]), figure('ssh-agent', [5])])[0], { ratio: 2, met: false });
  t.end();
});
