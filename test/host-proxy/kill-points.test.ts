/**
 * Each process of the sign path killed at every point where it writes, syncs or sends: before, half-way through, and after. Whatever was answered is
 * stored, whatever is asked again is answered with the same bytes or refused, nothing is charged twice, and the chain stays whole.
 */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Test } from 'tap';
import t from 'tap';
import type { Receipt } from '../../enclave/link/receipts.ts';
import { encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { Order } from '../points/points.ts';
import type { RealHouse } from './real-house.ts';
import { killChild, openRealHouse, payment } from './real-house.ts';
import type { HttpAnswer } from './support.ts';
import { call, until } from './support.ts';

t.setTimeout(4 * 3_600_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
/** Times each point is tried; at a small scale every second point once. */
const TRIALS = Math.round(200 * SCALE);
const repeat = (points: readonly string[]) =>
  SCALE < 0.02
    ? points.filter((_, index) => index % 2 === 0)
    : points.flatMap((name) => Array<string>(TRIALS).fill(name));
/** How long a killed process may take to be gone, milliseconds: a point that is never reached is a failure of this test. */
const DEATH_MS = 20_000;
/** Of one payment with its fee. */
const CHARGE = 6_000n;

const order = async (child: ChildProcess, what: Order): Promise<string[]> => {
  child.send(what);
  const [names] = (await once(child, 'message')) as [string[]];
  return names;
};

async function endsByItself(child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true;
  const timeout = AbortSignal.timeout(DEATH_MS);
  return once(child, 'exit', { signal: timeout }).then(
    () => true,
    () => false,
  );
}

interface Rig {
  readonly house: RealHouse;
  readonly agent: Pubkey;
  /** Signatures given out, by id. */
  readonly given: Map<string, string>;
  count: number;
}

const signaturesOf = (receipts: readonly Receipt[]) =>
  receipts.flatMap(({ kind, body }) => (kind === 'decision' ? body.signatures : [])).map(encodeBase58);

async function sign({ house, agent }: Rig, nonce: number): Promise<HttpAnswer | null> {
  const body = { id: `call-${nonce}`, ...payment(agent, nonce) };
  return call(house.socket('w'), 'POST', '/v1/sign', body).catch(() => null);
}

/** What must hold after any kill: what was given out is on the disk, once; a repeated request gives the same bytes or is refused. */
async function checkRepeated(t: Test, rig: Rig, nonce: number, first: HttpAnswer | null, point: string): Promise<void> {
  const again = await until(async () => {
    const answer = await sign(rig, nonce);
    return answer !== null && answer.status !== 503 && answer;
  });
  const isSame = first?.status !== 200 || again.body.signature === first.body.signature;
  const stored = signaturesOf(rig.house.stored('w')).filter((signature) => signature === again.body.signature);
  if (again.status !== 200 || !isSame || stored.length !== 1)
    t.fail(`${point}: ${again.status}, same ${isSame}, stored ${stored.length} times`);
  rig.given.set(`call-${nonce}`, again.body.signature);
}

async function checkAll(t: Test, { house, given }: Rig): Promise<void> {
  const signatures = signaturesOf(house.stored('w'));
  t.equal(new Set(signatures).size, signatures.length, 'no signature is stored twice');
  const known = new Set(signatures);
  t.strictSame(
    [...given.values()].filter((signature) => !known.has(signature)),
    [],
    `${given.size} given out, all stored`,
  );
}

/** Tells which points one signature passes. */
async function listPoints(rig: Rig, child: ChildProcess): Promise<string[]> {
  await order(child, { arm: null });
  rig.count += 1;
  const answer = await sign(rig, rig.count);
  if (answer?.status !== 200) throw new Error(`not signed: ${JSON.stringify(answer)}`);
  return order(child, { list: true });
}

t.test(`the host proxy killed at every point of a signature`, async (t) => {
  const house = await openRealHouse(t);
  await house.startEnclave();
  const spawn = () => house.spawnProxy({ program: 'test/points/host-proxy.ts' });
  let child = await spawn();
  const rig: Rig = { house, agent: await house.createWallet('w'), given: new Map(), count: 0 };
  await house.lease('w');
  const points = await listPoints(rig, child);
  t.ok(points.length >= 12, `${points.length} points: ${points.join(', ')}`);
  for (const point of repeat(points)) {
    rig.count += 1;
    await order(child, { arm: point });
    const first = await sign(rig, rig.count);
    if (!(await endsByItself(child))) t.fail(`${point} was not reached`);
    if (first?.status === 200 && !signaturesOf(house.stored('w')).includes(first.body.signature))
      t.fail(`${point}: released and not stored`);
    await killChild(child);
    child = await spawn();
    await checkRepeated(t, rig, rig.count, first, point);
  }
  await checkAll(t, rig);
  const { spentInBoot, head } = await house.statement('w');
  t.equal(spentInBoot.find(({ asset }) => asset === 'SOL')?.amount, BigInt(rig.count) * CHARGE, 'each is charged once');
  await until(() => house.stored('w').length === head.seq);
});

t.test(`the enclave killed at every point of a signature`, async (t) => {
  const house = await openRealHouse(t);
  const spawn = () => house.spawnEnclave({ program: 'test/points/enclave.ts' });
  let child = await spawn();
  await house.startProxy();
  const rig: Rig = { house, agent: await house.createWallet('w'), given: new Map(), count: 0 };
  await house.lease('w');
  const points = await listPoints(rig, child);
  t.ok(points.length >= 3, `${points.length} points: ${points.join(', ')}`);
  for (const point of repeat(points)) {
    rig.count += 1;
    await order(child, { arm: point });
    const first = await sign(rig, rig.count);
    if (!(await endsByItself(child))) t.fail(`${point} was not reached`);
    await killChild(child);
    child = await spawn();
    await until(async () => (await house.statement('w').catch(() => null))?.phase === 'sealed');
    const silent = await sign(rig, 1_000_000 + rig.count);
    if (silent?.status === 200) t.fail(`${point}: signed before the lease`);
    await house.lease('w');
    await checkRepeated(t, rig, rig.count, first, point);
  }
  await checkAll(t, rig);
});
