/**
 * `make bench-growth`: what many wallets cost. Stores of 1, 100, 1,000 and 10,000 wallets, each under its own enclave and host proxy; one of them holds a
 * million receipts. Fails where a goal of the growth is missed. `node test/growth/main.ts 1 100` measures these numbers only.
 */

import { join } from 'node:path';
import { argv, exit, stdout } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { canonical, grantLease, makeOwner } from '../../scripts/bench/owner.ts';
import type { PathCase } from '../../scripts/bench/path.ts';
import { measurePath, median } from '../../scripts/bench/path.ts';
import { MINT_KEY, makeForms, paymentsPolicy } from '../../scripts/bench/payments.ts';
import { readUsage } from '../../scripts/bench/processes.ts';
import type { Side } from '../../scripts/bench/world.ts';
import { startWorld } from '../../scripts/bench/world.ts';
import { requestJson } from '../../scripts/cli/http.ts';
import { forgeStore, nameOf } from './forge.ts';

const COUNTS = [1, 100, 1_000, 10_000];
/** This many wallets have this many receipts each; all others a few. */
const LOADED = { wallets: 1_000, receipts: 1_000 };
const FEW_RECEIPTS = 3;
const CONNECTIONS = 32;
const CEILING = 10n ** 15n;
const POLL_MS = 20;
const RESTORE_MS = 600_000;

/** The goals. */
const RATE = 0.8;
const WALLET_BYTES = 20 * 1024;
const RESTART_SECONDS = 15;

interface Grown {
  readonly wallets: number;
  readonly receipts: number;
  readonly side: Side;
  /** From the start of both processes until every wallet is back, seconds. */
  readonly seconds: number;
  /** Resident bytes of the enclave and of the host proxy. */
  readonly memory: readonly [enclave: number, proxy: number];
  readonly agent: Uint8Array;
}

const world = await startWorld();
try {
  const counts = argv.slice(2).map(Number);
  exit((await run(counts.length === 0 ? COUNTS : counts)) ? 0 : 1);
} finally {
  await world.stop();
}

async function run(counts: readonly number[]): Promise<boolean> {
  const owner = makeOwner();
  const policy = canonical(paymentsPolicy());
  const grown: Grown[] = [];
  for (const wallets of counts) {
    grown.push(await grow(wallets));
    describe(grown);
  }
  const cases: PathCase[] = [];
  for (const { side, wallets, agent } of grown) {
    const ceiling = ['SOL', MINT_KEY, 'signatures'].map((asset) => ({ asset, amount: CEILING }));
    await grantLease(owner, side.place, nameOf(0), policy, ceiling);
    const job = { kind: 'http', socket: side.socketOf(nameOf(0)), path: '/v1/sign', status: 200 } as const;
    const forms = await makeForms(agent);
    cases.push({
      name: `${wallets}`,
      connections: CONNECTIONS,
      job: { ...job, connections: CONNECTIONS, forms },
      pids: [],
    });
  }
  return judge(grown, await measureRates(cases));

  async function grow(wallets: number): Promise<Grown> {
    const receipts = wallets === LOADED.wallets ? LOADED.receipts : FEW_RECEIPTS;
    const directory = join(world.folder, `store-${wallets}`);
    const agent = await forgeStore({ directory, owner, policy, key: world.key, wallets, receipts });
    const start = performance.now();
    const side = await world.startSide(`n${wallets}`, { folder: directory });
    if (side === null) throw new Error('no store');
    await waitRestored(side.place.admin, wallets);
    const seconds = (performance.now() - start) / 1_000;
    const memory = [side.enclave, side.proxy].map(({ process: { pid = 0 } }) => readUsage([pid])?.memory ?? 0);
    return { wallets, receipts, side, seconds, memory: memory as [number, number], agent };
  }
}

async function waitRestored(socketPath: string, wallets: number): Promise<void> {
  for (const end = performance.now() + RESTORE_MS; performance.now() < end; await delay(POLL_MS)) {
    const ask = { socketPath, method: 'GET', path: '/v1/hello', unreachable: 'admin-unreachable' } as const;
    const { wallets: there } = (await requestJson(ask)) as { wallets: unknown[] };
    if (there.length === wallets) return;
  }
  throw new Error('not all wallets came back');
}

/** Rates in interleaved rounds, each against the first case's of the same round. */
async function measureRates(cases: readonly PathCase[]): Promise<{ rate: number; ratio: number }[]> {
  const figures = await measurePath(cases);
  const first = figures[0]?.rounds ?? [];
  return figures.map(({ rounds }) => ({
    rate: median(rounds.map(({ rate }) => rate)),
    ratio: median(rounds.map(({ rate }, round) => rate / (first[round]?.rate ?? Number.NaN))),
  }));
}

function describe(grown: readonly Grown[]): void {
  const { wallets, receipts, seconds, memory } = grown.at(-1) as Grown;
  const [enclave, proxy] = memory.map((bytes) => (bytes / 1e6).toFixed(0));
  const text = `${wallets} wallets with ${receipts} receipts each: back after ${seconds.toFixed(1)} s, enclave ${enclave} MB, host proxy ${proxy} MB\n`;
  stdout.write(text);
}

function judge(grown: readonly Grown[], rates: readonly { rate: number; ratio: number }[]): boolean {
  const base = grown[0] as Grown;
  let isMet = true;
  const say = (met: boolean, text: string) => {
    isMet &&= met;
    stdout.write(`  ${met ? '✓' : '✗'} ${text}\n`);
  };
  for (const [index, { wallets, receipts, seconds, memory }] of grown.entries()) {
    const { rate, ratio } = rates[index] ?? { rate: Number.NaN, ratio: Number.NaN };
    say(
      ratio >= RATE,
      `${wallets} wallets: ${rate.toFixed(0)} signatures a second, ${ratio.toFixed(2)} of the first, at least ${RATE}`,
    );
    // Wallets that were paid from are not idle: their windows are full.
    if (wallets > base.wallets * 100 && receipts === FEW_RECEIPTS) {
      const each = (memory[0] - base.memory[0]) / (wallets - base.wallets);
      say(each <= WALLET_BYTES, `${wallets} wallets: ${(each / 1024).toFixed(1)} KiB of the enclave each, at most 20`);
    }
    if (receipts === LOADED.receipts)
      say(
        seconds <= RESTART_SECONDS,
        `a restart with ${wallets * receipts} receipts: ${seconds.toFixed(1)} s, at most 15`,
      );
  }
  return isMet;
}
