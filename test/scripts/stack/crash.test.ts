/** Processes killed under load: every signature anybody received stands in a stored receipt, no window is exceeded, and asking again is safe. */

import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { verifyStrict } from '../../../enclave/link/ed25519.ts';
import type { Receipt } from '../../../enclave/link/receipts.ts';
import { decodeBase58 } from '../../../host-proxy/transactions/base58.ts';
import { checkChain, readSegments } from '../../../scripts/audit/chain.ts';
import { startEnclave, startHostProxy } from '../../../scripts/stack/stack.ts';
import type { Tour } from '../../../scripts/stack/tour/tour.ts';
import { lease, readSolBudget, storeFolder, waitForPhase } from '../../../scripts/stack/tour/tour.ts';
import type { Drafted } from './support.ts';
import { asJson, ask, draftTransfer, openPool, openTour, SCALE, socketOf } from './support.ts';

t.setTimeout(120_000);

/** Calls at a time, and how many connections they share: a socket serves 64. */
const CALLS = 200;
const CONNECTIONS = 60;
const ROUNDS = Math.max(2, Math.round(10 * SCALE));
/** The daily window of the stack's policy, lamports; and its hourly one of signatures. */
const DAY_LAMPORTS = 3_000_000_000n;
const HOUR_SIGNATURES = 500n;

/** What a call may be told while a process dies. */
const EXPECTED = new Set(['200', '403', '409', '503', 'cut off']);

interface Call extends Drafted {
  readonly id: string;
}

interface Received {
  readonly call: Call;
  readonly signature: string;
  readonly repeated: boolean;
}

/** `CALLS` transfers of at least `lamports`, no two alike. */
function prepare(tour: Tour, name: string, lamports: bigint): Call[] {
  return Array.from({ length: CALLS }, (_, index) => ({
    id: `${name}-${index}`,
    ...draftTransfer(tour, lamports + BigInt(index)),
  }));
}

interface Outcome {
  readonly received: Received[];
  readonly statuses: Map<string, number>;
}

/** All calls at once; `onAnswer` hears of each answer. A status nobody expects is an error. */
async function callAll(tour: Tour, calls: readonly Call[], onAnswer?: (count: number) => void): Promise<Outcome> {
  const pool = openPool(CONNECTIONS);
  const received: Received[] = [];
  const statuses = new Map<string, number>();
  let answers = 0;
  const count = (key: string) => statuses.set(key, (statuses.get(key) ?? 0) + 1);
  await Promise.all(
    calls.map(async (call) => {
      const body = asJson({ id: call.id, transaction: call.transaction });
      try {
        const { status, json } = await ask(socketOf(tour), { path: '/v1/sign', agent: pool, ...body });
        count(String(status));
        if (status === 200)
          received.push({ call, signature: String(json['signature']), repeated: json['repeated'] === true });
        answers += 1;
        onAnswer?.(answers);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
        count('cut off');
      }
    }),
  );
  pool.destroy();
  const strange = [...statuses.keys()].filter((status) => !EXPECTED.has(status));
  if (strange.length > 0) throw new Error(`unexpected: ${strange.join(' ')}`);
  return { received, statuses };
}

/** Everything the disk holds, checked as a chain from its first receipt. */
function readStored(tour: Tour): readonly Receipt[] {
  return checkChain('demo', readSegments(join(storeFolder(tour), 'receipts')), null).receipts;
}

function sumCharges(receipts: readonly Receipt[], asset: string): bigint {
  const charges = receipts.flatMap((receipt) => (receipt.kind === 'decision' ? receipt.body.charges : []));
  return charges.filter((charge) => charge.asset === asset).reduce((sum, { amount }) => sum + amount, 0n);
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const readSignature = (text: string) => decodeBase58(text, 64) as Uint8Array;

const verified = new Set<string>();

function verifyOnce({ parties }: Tour, message: Uint8Array, signature: Uint8Array): boolean {
  const name = hex(Buffer.concat([message, signature]));
  if (!verified.has(name) && verifyStrict(signature, message, decodeBase58(parties.agent, 32) as Uint8Array))
    verified.add(name);
  return verified.has(name);
}

/** The promise itself, after whatever happened. */
function checkFacts(t: Test, tour: Tour, received: readonly Received[]): void {
  const stored = readStored(tour);
  const signed = stored.flatMap(({ kind, body }) => (kind === 'decision' ? body.signatures : []));
  const known = new Set(signed.map(hex));
  const unstored = received.filter(({ signature }) => !known.has(hex(readSignature(signature))));
  t.strictSame(unstored, [], `all ${received.length} signatures received are stored`);
  const isOwn = ({ call, signature }: Received) => verifyOnce(tour, call.message, readSignature(signature));
  t.ok(received.every(isOwn), 'each is over its own bytes');
  t.equal(known.size, signed.length, 'no signature is stored, or charged, twice');
  const [spent, signatures] = [sumCharges(stored, 'SOL'), sumCharges(stored, 'signatures')];
  t.ok(spent <= DAY_LAMPORTS, `${spent} lamports of ${DAY_LAMPORTS} a day`);
  t.ok(signatures <= HOUR_SIGNATURES, `${signatures} signatures of ${HOUR_SIGNATURES} an hour`);
  t.equal(signatures, BigInt(signed.length));
}

/** Asked again with the same ids, a call gives what it gave, or nothing. */
async function checkRepeats(t: Test, tour: Tour, calls: readonly Call[], first: readonly Received[]): Promise<void> {
  const again = await callAll(tour, calls);
  const before = new Map(first.map(({ call, signature }) => [call.id, signature]));
  const differing = again.received.filter(({ call, signature }) => (before.get(call.id) ?? signature) !== signature);
  t.strictSame(differing.length, 0, `${again.received.length} answered again, none differs`);
  const returned = new Set(again.received.filter(({ repeated }) => repeated).map(({ call }) => call.id));
  t.strictSame(
    [...before.keys()].filter((id) => !returned.has(id)).length,
    0,
    'what was given is given again, uncharged',
  );
}

t.test('the enclave is killed during 200 concurrent calls', async (t) => {
  const tour = await openTour(t);
  const received: Received[] = [];
  let toldAway = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const calls = prepare(tour, `kill-${round}`, round === 0 ? 1_000_000n : BigInt(round) * 25_000_000n);
    let killed: Promise<void> | undefined;
    const outcome = await callAll(tour, calls, (count) => {
      if (count === 20 + 30 * round) killed = tour.stack.parts.get('enclave')?.kill();
    });
    t.ok(killed, `killed after ${outcome.received.length} signatures`);
    await killed;
    toldAway += outcome.statuses.get('503') ?? 0;
    received.push(...outcome.received);
    await startEnclave(tour.stack);
    await waitForPhase(tour, 'sealed');
    t.strictSame((await callAll(tour, calls.slice(0, 1))).received, [], 'silent before the lease');
    await lease(tour);
    checkFacts(t, tour, received);
    await checkRepeats(t, tour, calls, outcome.received);
    received.push(...(await callAll(tour, calls)).received);
  }

  t.ok(toldAway > 0, 'calls were told that the enclave is away');
  const { unseen } = await readSolBudget(tour);
  t.ok(unseen > 0n, 'what the crashes may have hidden counts as spent');
  const greedy = await callAll(tour, prepare(tour, 'greedy', 500_000_000n));
  t.ok((greedy.statuses.get('403') ?? 0) > 0, 'the budget ends before the calls do');
  received.push(...greedy.received);
  checkFacts(t, tour, received);
  t.ok((await readSolBudget(tour)).spent >= sumCharges(readStored(tour), 'SOL'), 'the enclave counts all of it');
});

t.test('the host proxy is killed under load, again and again', async (t) => {
  const tour = await openTour(t);
  const received: Received[] = [];
  let cutOff = 0;
  for (let round = 0; round < ROUNDS + 1; round++) {
    const calls = prepare(tour, `proxy-${round}`, 100_000n + BigInt(round * CALLS)).slice(0, 80);
    let killed: Promise<void> | undefined;
    const outcome = await callAll(tour, calls, (count) => {
      if (count === 5 + 10 * round) killed = tour.stack.parts.get('host-proxy')?.kill();
    });
    t.ok(killed, `killed after ${outcome.received.length} signatures`);
    await killed;
    cutOff += outcome.statuses.get('cut off') ?? 0;
    received.push(...outcome.received);
    await startHostProxy(tour.stack);
    checkFacts(t, tour, received);
    await checkRepeats(t, tour, calls, outcome.received);
    const after = await callAll(tour, calls);
    t.equal(after.received.length, calls.length, 'every call is answered in the end');
    received.push(...after.received);
    checkFacts(t, tour, received);
  }
  t.ok(cutOff > 0, 'calls were cut off');
  const { spent, unseen } = await readSolBudget(tour);
  t.equal(unseen, 0n, 'the enclave never went away: nothing is unseen');
  t.equal(spent, sumCharges(readStored(tour), 'SOL'), 'and each payment is counted once');
});
