/**
 * A game against the lease protocol, one asset and one window, with the real functions of both sides. The host hands back any chain ever
 * produced, keeps old instances running, delays, drops, repeats and re-orders leases; the renewer crashes between syncing and sending.
 */
import type { Lease, LeaseState } from '../../policy/lease.ts';
import { chargeLease, leftOfCeiling, takeLease } from '../../policy/lease.ts';
import type { Ledger } from '../../policy/ledger.ts';
import { emptyLedger, enterUnseen, reserve, spent, walletLine } from '../../policy/ledger.ts';
import type { LedgerState } from '../../policy/ledger-state.ts';
import { exportLedger, importLedger } from '../../policy/ledger-state.ts';
import type { Hash, Millis } from '../../policy/types.ts';
import type { StatementFacts, Witness } from '../../policy/witness.ts';
import { decideLease, emptyWitness } from '../../policy/witness.ts';
import { compile, draft, HOUR, NOON, SOL } from './policies.ts';

const MAX = 1_000n;
const SLICE = 700n;
const LEASE_SECONDS = 3_000;
const INSTANCES_MAX = 4;
const policy = compile(
  draft({
    assets: { SOL: { windows: [{ seconds: HOUR, max: String(MAX) }] } },
    lease: { maxSeconds: LEASE_SECONDS, slice: { SOL: String(SLICE) } },
  }),
);

/** The protocol as written, or with one of its rules taken away. */
export type Variant = 'whole' | 'relative ceiling' | 'no charges' | 'charges dated now' | 'superseded boots renewed';

type Past = Pick<StatementFacts, 'm' | 'mBoot' | 'mSpent' | 'mClosed'>;

interface Chain extends Past {
  readonly ledger: LedgerState;
}

interface Instance {
  readonly boot: Hash;
  readonly past: Past;
  readonly ledger: Ledger;
  lease: LeaseState | null;
  closed: boolean;
}

interface Game {
  readonly random: (below: number) => number;
  readonly variant: Variant;
  now: Millis;
  boots: number;
  witness: Witness;
  readonly chains: Chain[];
  readonly leases: Lease[];
  instances: Instance[];
  readonly spends: { readonly at: number; readonly amount: bigint }[];
}

const GENESIS: Chain = { ledger: exportLedger(emptyLedger()), m: 0, mBoot: null, mSpent: {}, mClosed: false };

/** Plays one game and says whether real spending stayed within the window. */
export function playGame(seed: number, moves: number, variant: Variant): boolean {
  const witness = emptyWitness('w', policy.hash);
  const state = { now: NOON, boots: 0, witness, chains: [GENESIS], leases: [], instances: [], spends: [] };
  const game: Game = { ...state, random: randomOf(seed), variant };
  for (let index = 0; index < moves; index++) move(game);
  return game.spends.every(({ at }) => sumSince(game, at) <= MAX);
}

function sumSince({ spends }: Game, end: number): bigint {
  const inside = spends.filter(({ at }) => at <= end && at > end - HOUR * 1_000);
  return inside.reduce((sum, { amount }) => sum + amount, 0n);
}

function move(game: Game): void {
  const { random } = game;
  const instance = game.instances[random(game.instances.length)];
  const dice = random(100);
  if (instance === undefined || dice < 5) start(game);
  else if (dice < 8) game.instances = game.instances.filter((each) => each !== instance);
  else if (dice < 11) close(game, instance);
  else if (dice < 28) renew(game, instance);
  else if (dice < 50) deliver(game, instance);
  else if (dice < 85) spend(game, instance);
  else game.now = (game.now + random(dice < 98 ? 600_000 : 4_000_000)) as Millis;
}

function start(game: Game): void {
  if (game.instances.length >= INSTANCES_MAX) return;
  const { chains, random } = game;
  const recent = random(2) === 0 ? chains.length - 1 : random(chains.length);
  const { ledger, ...past } = chains[recent] as Chain;
  const loaded = importLedger(ledger);
  if (!loaded.ok) throw new Error(loaded.refusal);
  game.boots += 1;
  const boot = game.boots.toString(16).padStart(64, '0') as Hash;
  game.instances.push({ boot, past, ledger: loaded.value, lease: null, closed: false });
}

/** What a restart from this instance's receipts would find. */
function record(game: Game, { boot, past, ledger, lease, closed }: Instance): void {
  const own: Past =
    lease === null ? past : { m: lease.number, mBoot: boot, mSpent: lease.spentInBoot, mClosed: closed };
  game.chains.push({ ...own, ledger: exportLedger(ledger) });
}

function close(game: Game, instance: Instance): void {
  instance.closed = true;
  record(game, instance);
}

function renew(game: Game, { boot, past, lease, closed }: Instance): void {
  const own = {
    wallet: 'w',
    boot,
    policyHash: policy.hash,
    lastLease: lease?.number ?? 0,
    spentInBoot: lease?.spentInBoot ?? {},
    closed,
  };
  const statement: StatementFacts = { ...own, ...past };
  let decision = decideLease(game.witness, statement, policy, game.now);
  if (
    decision.kind === 'refuse' &&
    decision.alarm === 'boot-superseded' &&
    game.variant === 'superseded boots renewed'
  ) {
    decision = decideLease(makeCurrent(game.witness, boot), statement, policy, game.now);
  }
  if (decision.kind === 'refuse') return;
  game.witness = decision.witness;
  const crashed = game.random(10) === 0;
  if (!crashed) game.leases.push(decision.lease);
}

function makeCurrent(witness: Witness, boot: Hash): Witness {
  const others = witness.boots.filter((each) => each.boot !== boot);
  return { ...witness, boots: [...others, ...witness.boots.filter((each) => each.boot === boot)], lastStatement: null };
}

function deliver(game: Game, instance: Instance): void {
  const { variant, random, leases, now } = game;
  const mine = leases.filter(({ boot }) => boot === instance.boot);
  const lease = random(4) === 0 ? leases[random(leases.length)] : mine[random(mine.length)];
  if (lease === undefined) return;
  const { boot, closed, ledger } = instance;
  const taken = takeLease(instance.lease, lease, { wallet: 'w', boot, policy, closed, now });
  if (!taken.ok) return;
  const { state } = taken.value;
  const relative = { [SOL]: (state.spentInBoot[SOL] ?? 0n) + SLICE };
  instance.lease = variant === 'relative ceiling' ? { ...state, ceiling: relative } : state;
  const charges = variant === 'no charges' ? [] : taken.value.charges;
  const dated = variant === 'charges dated now' ? charges.map((charge) => ({ ...charge, until: now })) : charges;
  enterUnseen(ledger, policy, dated, now);
  record(game, instance);
}

function spend(game: Game, instance: Instance): void {
  const { ledger, lease, closed } = instance;
  if (lease === null || closed || game.now >= lease.until) return;
  const { seen, unseen } = spent(ledger, walletLine(SOL), SOL, HOUR, game.now);
  const window = MAX - seen - unseen;
  const left = leftOfCeiling(lease, SOL);
  const most = window < left ? window : left;
  if (most <= 0n) return;
  const amount = game.random(3) > 0 ? most : BigInt(game.random(Number(most)) + 1);
  reserve(ledger, policy, [{ line: walletLine(SOL), asset: SOL, amount }], game.now);
  instance.lease = chargeLease(lease, [{ asset: SOL, amount }]);
  game.spends.push({ at: game.now, amount });
  record(game, instance);
}

/** Mulberry32: small, seeded, good enough to play. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return below === 0 ? 0 : ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
