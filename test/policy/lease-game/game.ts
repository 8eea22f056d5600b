/**
 * A wallet's owner, renewer and host as plain data. The host hands back any chain of receipts ever produced, runs several instances at once, delays,
 * drops, repeats and re-orders what the owner signs, and spends wherever it can. Leases are not even held to a sequence number here.
 */
import type { Lease, LeaseState } from '../../../policy/lease.ts';
import type { Ledger } from '../../../policy/ledger.ts';
import { emptyLedger, enterUnseen, replayEntries, walletLine } from '../../../policy/ledger.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { AssetId, Hash, Millis } from '../../../policy/types.ts';
import type { StatementFacts, Witness } from '../../../policy/witness.ts';
import { emptyWitness } from '../../../policy/witness.ts';
import { NOON, SOL, USDC } from '../policies.ts';
import { POLICIES } from './policies.ts';
import type { Spending } from './promises.ts';
import type { Rules } from './rules.ts';

export const ASSETS = [SOL, USDC] as const;
/** Instances of a host at the same time; the oldest is killed for another. */
export const INSTANCES_MAX = 4;

export type Event =
  | { readonly kind: 'boot' }
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'policy'; readonly era: number; readonly lease: Lease | null }
  | { readonly kind: 'spend'; readonly asset: AssetId; readonly amount: bigint }
  | { readonly kind: 'approved'; readonly id: number }
  | { readonly kind: 'close' };

/** A link of a chain. Who holds it holds all before it. */
export interface Receipt {
  readonly before: Receipt | null;
  readonly boot: Hash;
  readonly at: Millis;
  readonly event: Event;
}

type Past = Pick<StatementFacts, 'm' | 'mBoot' | 'mSpent' | 'mClosed'>;

export interface Instance {
  readonly name: number;
  readonly boot: Hash;
  /** The chain it was handed. */
  readonly origin: Receipt | null;
  readonly past: Past;
  ledger: Ledger;
  tip: Receipt;
  era: number;
  lease: LeaseState | null;
  closed: boolean;
  paused: boolean;
  /** Sequence number of the last command taken, and when the owner issued it. */
  seq: number;
  lastIssue: number;
  readonly approvals: { readonly id: number; readonly policyHash: Hash; readonly until: number; open: boolean }[];
}

export type Content =
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'policy'; readonly era: number; readonly lease: Lease | null }
  | { readonly kind: 'approve'; readonly id: number; readonly policyHash: Hash; readonly until: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' };

/** What the owner signed: the host's to deliver, to whom and as often as it likes. `issue` counts all of them. */
export interface Command {
  readonly issue: number;
  readonly boot: Hash;
  readonly seq: number;
  readonly content: Content;
}

/** From an owner's change of policy on. */
export interface Era {
  readonly policy: Policy;
  readonly version: number;
}

/** A lease the renewer decided on, and the era that was the newest then. */
export interface Issued extends Lease {
  readonly era: number;
}

/** An approval as the owner gave it. */
export interface Approval {
  readonly id: number;
  readonly policyHash: Hash;
  readonly boot: Hash;
  readonly until: number;
  uses: number;
}

export interface Game {
  readonly rules: Rules;
  /** Whether charges are compared with what these records say, beside what is really signed. */
  readonly exact: boolean;
  now: Millis;
  boots: number;
  witness: Witness;
  readonly eras: Era[];
  readonly instances: Instance[];
  readonly receipts: Receipt[];
  readonly mail: Command[];
  /** Every lease the renewer decided on, whether it left or not. */
  readonly issued: Issued[];
  readonly signatures: Spending[];
  readonly approvals: Approval[];
  /** Since when nothing may be signed any more: the end of the last lease issued before the owner paused. */
  silentFrom: number | null;
  /** The first promise that was broken. */
  fault: string | null;
  /** What happened, for a game that is told. */
  log: string[] | null;
}

export interface GameOptions {
  readonly exact?: boolean;
  readonly told?: boolean;
}

export function createGame(rules: Rules, { exact = true, told = false }: GameOptions = {}): Game {
  const [policy] = POLICIES as [Policy];
  const lists = { instances: [], receipts: [], mail: [], issued: [], signatures: [], approvals: [] };
  const game: Game = {
    rules,
    exact,
    now: NOON,
    boots: 0,
    witness: emptyWitness('w', policy.hash),
    eras: [{ policy, version: 1 }],
    ...lists,
    silentFrom: null,
    fault: null,
    log: told ? [] : null,
  };
  record(game, startInstance(game, null, 0), { kind: 'policy', era: 0, lease: null });
  return game;
}

export function tell(game: Game, text: () => string): void {
  game.log?.push(`${String((game.now - NOON) / 1_000).padStart(6)} s  ${text()}`);
}

export function policyOf(game: Game, { era }: Pick<Instance, 'era'>): Policy {
  return (game.eras[era] as Era).policy;
}

/** Adds to an instance's chain: the host has it from now on. */
export function record(game: Game, instance: Instance, event: Event): void {
  instance.tip = { before: instance.tip, boot: instance.boot, at: game.now, event };
  game.receipts.push(instance.tip);
}

/**
 * A boot from a chain, its newest receipt given. `era` counts only where the chain names no policy, as one begun anew does not: the host may hand over
 * any policy that was ever signed.
 */
export function startInstance(game: Game, origin: Receipt | null, era: number): Instance {
  game.boots += 1;
  const boot = game.boots.toString(16).padStart(64, '0') as Hash;
  const receipts = listChain(origin);
  const named = receipts.findLast(({ event }) => event.kind === 'policy')?.event as { era: number } | undefined;
  const own = named?.era ?? era;
  const instance: Instance = {
    ...replay(receipts, (game.eras[own] as Era).policy),
    name: game.boots,
    boot,
    origin,
    tip: { before: origin, boot, at: game.now, event: { kind: 'boot' } },
    era: own,
    lease: null,
    closed: false,
    paused: false,
    seq: 0,
    lastIssue: -1,
    approvals: [],
  };
  game.receipts.push(instance.tip);
  game.instances.push(instance);
  if (game.instances.length > INSTANCES_MAX) game.instances.shift();
  return instance;
}

/** Oldest first. */
export function listChain(tip: Receipt | null): Receipt[] {
  const receipts: Receipt[] = [];
  for (let each = tip; each !== null; each = each.before) receipts.push(each);
  return receipts.reverse();
}

/** What a restart finds in a chain, as the enclave's replay does. */
function replay(receipts: readonly Receipt[], policy: Policy): { ledger: Ledger; past: Past } {
  const ledger = emptyLedger();
  let past: Past = { m: 0, mBoot: null, mSpent: {}, mClosed: false };
  let leased = false;
  let spent: Record<AssetId, bigint> = {};
  for (const { event, boot, at } of receipts) {
    const lease = event.kind === 'lease' || event.kind === 'policy' ? event.lease : null;
    if (event.kind === 'boot') {
      leased = false;
      spent = {};
    } else if (lease !== null) {
      if (!leased) enterUnseen(ledger, policy, lease.charges, at);
      leased = true;
      past = { m: lease.number, mBoot: boot, mSpent: spent, mClosed: false };
    } else if (event.kind === 'spend') {
      const { asset, amount } = event;
      replayEntries(ledger, policy, [{ line: walletLine(asset), asset, amount }], at);
      spent = { ...spent, [asset]: (spent[asset] ?? 0n) + amount };
      if (leased) past = { ...past, mSpent: spent };
    } else if (event.kind === 'close' && leased) past = { ...past, mClosed: true };
  }
  return { ledger, past };
}

/** What the instance attests. */
export function describe(game: Game, instance: Instance): StatementFacts {
  const { boot, lease, closed, past } = instance;
  return {
    wallet: 'w',
    boot,
    policyHash: policyOf(game, instance).hash,
    lastLease: lease?.number ?? 0,
    spentInBoot: lease?.spentInBoot ?? {},
    closed,
    ...past,
  };
}
