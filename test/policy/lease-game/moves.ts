/** The moves of host, owner, renewer and agent. A move that is not possible does nothing. */

import { chargeLease } from '../../../policy/lease.ts';
import { reserve, spent, walletLine } from '../../../policy/ledger.ts';
import type { AssetId, Millis } from '../../../policy/types.ts';
import { checkApproved, checkSpend } from './checks.ts';
import type { Move } from './dice.ts';
import { pick } from './dice.ts';
import type { Game, Instance } from './game.ts';
import { ASSETS, policyOf, record, startInstance, tell } from './game.ts';
import { nameAsset, where } from './names.ts';
import { approve, changePolicy, issue, renew, settle } from './owner.ts';
import { deliver, voidApprovals } from './take.ts';

export type Kind =
  | 'start'
  | 'kill'
  | 'close'
  | 'renew'
  | 'withhold'
  | 'crash'
  | 'deliver'
  | 'spend'
  | 'wait'
  | 'sleep'
  | 'pause'
  | 'resume'
  | 'policy'
  | 'approve'
  | 'use'
  | 'settle';

/** Longer than the witness remembers a boot, milliseconds. */
const SLEEP_MS = 40 * 86_400_000;

type Act = (game: Game, instance: Instance, what: number) => void;

export const ACTS: Readonly<Record<Kind, Act>> = {
  start(game, _instance, what) {
    const latest = what % 2 === 0 ? game.receipts.at(-1) : pick([null, ...game.receipts], what >>> 4);
    const started = startInstance(game, latest ?? null, what % game.eras.length);
    tell(game, () => `host: boot ${started.name} starts from ${where(game, started.origin)}`);
  },
  kill(game, instance) {
    game.instances.splice(game.instances.indexOf(instance), 1);
    tell(game, () => `host: boot ${instance.name} is killed`);
  },
  close(game, instance) {
    if (instance.closed) return;
    instance.closed = !game.rules.signsClosed;
    voidApprovals(instance);
    record(game, instance, { kind: 'close' });
    tell(game, () => `host: boot ${instance.name} is closed in order`);
  },
  renew: (game, instance) => renew(game, instance, 'sent'),
  withhold: (game, instance) => renew(game, instance, 'withheld'),
  crash: (game, instance) => renew(game, instance, 'crash'),
  deliver(game, instance, what) {
    // Mostly what is for this boot, and sometimes anything.
    const mine = game.mail.filter(({ boot }) => boot === instance.boot);
    const command = pick(what % 8 === 0 ? game.mail : mine, what >>> 3);
    if (command !== undefined) deliver(game, instance, command);
  },
  spend(game, instance, what) {
    const asset = what % 4 === 0 ? ASSETS[1] : ASSETS[0];
    const most = roomOf(game, instance, asset);
    const amount = what % 2 === 0 ? BigInt((what >>> 6) % (Number(most) + 1)) : most;
    if (amount > 0n) spend(game, instance, asset, amount);
  },
  wait(game, _instance, what) {
    game.now = (game.now + (what % (what % 8 === 0 ? 4_000_000 : 1_200_000))) as Millis;
  },
  sleep(game) {
    game.now = (game.now + SLEEP_MS) as Millis;
  },
  pause(game, instance) {
    game.witness = { ...game.witness, paused: true };
    game.silentFrom ??= game.issued.reduce((end, { until }) => Math.max(end, until), 0);
    issue(game, instance, { kind: 'pause' });
  },
  resume(game, instance) {
    game.witness = { ...game.witness, paused: false };
    game.silentFrom = null;
    issue(game, instance, { kind: 'resume' });
  },
  policy: changePolicy,
  approve,
  use(game, instance) {
    if (!maySign(game, instance)) return;
    const { hash } = policyOf(game, instance);
    const approval = instance.approvals.find(
      ({ open, policyHash, until }) => open && policyHash === hash && game.now < until,
    );
    if (approval === undefined) return;
    approval.open = !game.rules.approvalIsUsedUp;
    tell(game, () => `agent: boot ${instance.name} signs what approval ${approval.id} allows`);
    record(game, instance, { kind: 'approved', id: approval.id });
    checkApproved(game, instance, approval.id);
  },
  settle,
};

/** Makes a move with whatever its numbers stand for now. */
export function makeMove(game: Game, { kind, who, what }: Move<Kind>): void {
  // Every other time the newest, so that games get somewhere.
  const instance = who % 2 === 0 ? game.instances.at(-1) : pick(game.instances, who >>> 1);
  if (instance !== undefined) ACTS[kind](game, instance, what);
  else if (kind === 'start' || kind === 'wait') ACTS[kind](game, undefined as unknown as Instance, what);
}

function maySign(game: Game, instance: Instance): boolean {
  const { lease, closed, paused } = instance;
  return lease !== null && !closed && !paused && game.rules.holds(lease, policyOf(game, instance).hash, game.now);
}

/** The most an instance signs now. */
export function roomOf(game: Game, instance: Instance, asset: AssetId): bigint {
  if (!maySign(game, instance) || instance.lease === null) return 0n;
  let most = game.rules.left(instance.lease, asset);
  for (const { seconds, max } of policyOf(game, instance).assets.get(asset)?.windows ?? []) {
    const { seen, unseen } = spent(instance.ledger, walletLine(asset), asset, seconds, game.now);
    if (max - seen - unseen < most) most = max - seen - unseen;
  }
  return most > 0n ? most : 0n;
}

/** Signs so much. */
export function spend(game: Game, instance: Instance, asset: AssetId, amount: bigint): void {
  const { now } = game;
  reserve(instance.ledger, policyOf(game, instance), [{ line: walletLine(asset), asset, amount }], now);
  instance.lease = chargeLease(instance.lease as NonNullable<Instance['lease']>, [{ asset, amount }]);
  tell(game, () => `agent: boot ${instance.name} signs ${amount} of ${nameAsset(asset)}`);
  record(game, instance, { kind: 'spend', asset, amount });
  checkSpend(game, instance, { at: now, asset, amount, era: eraOf(game, instance) });
}

/** The era of the lease an instance holds. */
function eraOf({ issued }: Game, { lease, era }: Instance): number {
  return issued.findLast(({ number }) => number === lease?.number)?.era ?? era;
}
