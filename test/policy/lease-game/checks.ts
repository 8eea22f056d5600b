/** What must hold, said anew and from the game's own records alone: of every lease when it is issued, of every signature when it leaves. */

import type { Lease } from '../../../policy/lease.ts';
import type { AssetId, Hash } from '../../../policy/types.ts';
import type { Approval, Command, Era, Game, Instance, Receipt } from './game.ts';
import { ASSETS, listChain, policyOf } from './game.ts';
import { nameAsset } from './names.ts';
import type { Shown, Spending } from './promises.ts';
import { findOverspent, sumUnseen } from './promises.ts';

function fail(game: Game, text: string): void {
  game.fault ??= text;
}

/** A signature that was charged. */
export function checkSpend(game: Game, instance: Instance, signature: Spending): void {
  game.signatures.push(signature);
  checkRight(game, instance);
  const overspent = findOverspent(
    game.eras.map(({ policy }) => policy),
    game.signatures,
  );
  if (overspent !== null) fail(game, overspent);
}

/** A signature that rests on an approval. */
export function checkApproved(game: Game, instance: Instance, id: number): void {
  checkRight(game, instance);
  const approval = game.approvals.find((each) => each.id === id) as Approval;
  const later = game.approvals.some((each) => each.id > id && each.policyHash === approval.policyHash);
  approval.uses += 1;
  if (approval.uses > 1) fail(game, `approval ${id} was used twice`);
  if (later) fail(game, `approval ${id} was used after the same effects had been approved again`);
  if (approval.boot !== instance.boot) fail(game, `approval ${id} was used in another boot`);
  if (game.now >= approval.until) fail(game, `approval ${id} was used after its end`);
}

/**
 * Whether an instance may sign at all: under a lease that was issued to it while its policy was the newest, and that holds; not closed, not paused.
 * So nothing is signed under an old policy once the last lease has ended that was issued before the new one was set, nor by whoever took the new one.
 */
function checkRight(game: Game, instance: Instance): void {
  const { boot, closed, paused } = instance;
  const { hash } = policyOf(game, instance);
  const held = game.issued.filter((lease) => lease.boot === boot && lease.policyHash === hash);
  if (!held.some(({ until }) => game.now < until)) fail(game, 'signed without a lease, or after its end');
  if (!held.some(({ until, era }) => game.now < until && isOf(game, era, hash)))
    fail(game, 'signed under an old policy');
  if (closed) fail(game, 'signed after a close');
  if (paused) fail(game, 'signed in a pause that the enclave had taken');
  if (game.silentFrom !== null && game.now >= game.silentFrom) fail(game, 'signed in a pause, after the last lease');
}

function isOf({ eras }: Game, era: number, hash: Hash): boolean {
  return (eras[era] as Era).policy.hash === hash;
}

/** A command taken twice, in another boot than it was signed for, or after one that the owner issued later. */
export function checkTaken(game: Game, instance: Instance, { boot, issue }: Command): void {
  if (boot !== instance.boot) fail(game, 'a command was taken in another boot');
  if (issue <= instance.lastIssue) fail(game, 'a command was taken again, or after a later one');
  instance.lastIssue = issue;
}

/** A new boot’s first lease carries exactly what earlier boots may have spent that its chain does not show; after a crash that is at most a slice. */
export function checkCharges(game: Game, { origin }: Instance, lease: Lease): void {
  // Once boots are forgotten there is more in these records than the renewer knows, or needs.
  if (!game.exact || game.witness.reach > 0 || game.issued.some(({ boot }) => boot === lease.boot)) return;
  const chain = listChain(origin).map(show);
  const isCrash = isComplete(game, chain.findLast(({ kind }) => kind === 'lease')?.boot, origin);
  for (const asset of ASSETS) {
    const expected = sumUnseen(game.issued, chain, asset);
    const charged = lease.charges.reduce((sum, charge) => sum + (charge.asset === asset ? charge.amount : 0n), 0n);
    if (charged !== expected) fail(game, `charged ${charged} of ${nameAsset(asset)} for a new boot, not ${expected}`);
    if (isCrash && charged > widestSlice(game, asset)) fail(game, 'a crash costs more than a slice');
  }
}

function show({ boot, event }: Receipt): Shown {
  switch (event.kind) {
    case 'lease':
    case 'policy':
      return { boot, kind: event.lease === null ? 'other' : 'lease', charges: {} };
    case 'spend':
      return { boot, kind: 'spend', charges: { [event.asset]: event.amount } };
    case 'close':
      return { boot, kind: 'close', charges: {} };
    case 'boot':
    case 'approved':
      return { boot, kind: 'other', charges: {} };
  }
}

/** Whether a chain shows all there is of the boot that was leased last. */
function isComplete({ issued, receipts }: Game, last: Hash | undefined, origin: Receipt | null): boolean {
  if (last === undefined || issued.at(-1)?.boot !== last) return false;
  return listChain(origin).findLast(({ boot }) => boot === last) === receipts.findLast(({ boot }) => boot === last);
}

function widestSlice(game: Game, asset: AssetId): bigint {
  const slices = game.eras.map(({ policy }) => policy.assets.get(asset)?.slice ?? 0n);
  return slices.reduce((most, slice) => (slice > most ? slice : most), 0n);
}
