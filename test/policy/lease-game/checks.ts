/** What must hold, said anew and from the game's own records alone: of every lease when it is issued, of every signature when it leaves. */

import type { Amounts, Lease } from '../../../policy/lease.ts';
import type { AssetId, Hash } from '../../../policy/types.ts';
import type { Approval, Command, Era, Game, Instance, Signature } from './game.ts';
import { ASSETS, listChain, policyOf } from './game.ts';
import { nameAsset } from './names.ts';

function fail(game: Game, text: string): void {
  game.fault ??= text;
}

/** A signature that was charged. */
export function checkSpend(game: Game, instance: Instance, signature: Signature): void {
  game.signatures.push(signature);
  checkRight(game, instance);
  for (const [era] of game.eras.entries()) checkWindows(game, signature, era);
}

/**
 * The windows of an era's policy that end now: those in which it was the newest policy anything was signed under. Where a later policy signed, that
 * one's windows count; where it did not, it is not this policy's doing what earlier ones allowed.
 */
function checkWindows(game: Game, { at: now, asset }: Signature, era: number): void {
  for (const { seconds, max } of (game.eras[era] as Era).policy.assets.get(asset)?.windows ?? []) {
    let sum = 0n;
    let newest = -1;
    for (const { at, asset: own, amount, era: signed } of game.signatures) {
      if (own !== asset || at <= now - seconds * 1_000) continue;
      sum += amount;
      if (signed > newest) newest = signed;
    }
    if (newest === era && sum > max) fail(game, `${sum} of ${nameAsset(asset)} within ${seconds} s, ${max} at most`);
  }
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

/** A new boot’s first lease carries exactly what earlier boots may have spent that its chain does not show. */
export function checkCharges(game: Game, instance: Instance, lease: Lease): void {
  // Once boots are forgotten there is more in these records than the renewer knows, or needs.
  if (!game.exact || game.witness.reach > 0 || game.issued.some(({ boot }) => boot === lease.boot)) return;
  for (const asset of ASSETS) {
    const expected = sumUnseen(game, instance, asset);
    const charged = lease.charges.reduce((sum, charge) => sum + (charge.asset === asset ? charge.amount : 0n), 0n);
    if (charged !== expected) fail(game, `charged ${charged} of ${nameAsset(asset)} for a new boot, not ${expected}`);
  }
}

function sumUnseen(game: Game, { origin }: Instance, asset: AssetId): bigint {
  const chain = listChain(origin);
  const leasedIn = chain.filter(
    ({ event }) => (event.kind === 'lease' || event.kind === 'policy') && event.lease !== null,
  );
  const last = leasedIn.at(-1)?.boot;
  const boots = [...new Set(game.issued.map(({ boot }) => boot))];
  let sum = 0n;
  // Of boots leased before the chain's last one it carries the charges.
  for (const boot of boots.slice(Math.max(0, boots.indexOf(last as Hash)))) {
    const most = highestCeiling(game, boot, asset);
    if (boot !== last) sum += most;
    else if (!chain.some((receipt) => receipt.boot === boot && receipt.event.kind === 'close')) {
      const left = most - sumShown(chain, boot, asset);
      if (isComplete(game, boot, origin) && left > widestSlice(game, asset))
        fail(game, 'a crash costs more than a slice');
      sum += left;
    }
  }
  return sum;
}

function highestCeiling(game: Game, own: Hash, asset: AssetId): bigint {
  const ceilings = game.issued.flatMap(({ boot, ceiling }) =>
    boot === own ? [(ceiling as Amounts)[asset] ?? 0n] : [],
  );
  return ceilings.reduce((most, each) => (each > most ? each : most), 0n);
}

function sumShown(chain: ReturnType<typeof listChain>, own: Hash, asset: AssetId): bigint {
  return chain.reduce(
    (sum, { boot, event }) =>
      boot === own && event.kind === 'spend' && event.asset === asset ? sum + event.amount : sum,
    0n,
  );
}

/** Whether a chain shows all of a boot. */
function isComplete(game: Game, own: Hash, origin: Instance['origin']): boolean {
  return listChain(origin).findLast(({ boot }) => boot === own) === game.receipts.findLast(({ boot }) => boot === own);
}

function widestSlice(game: Game, asset: AssetId): bigint {
  const slices = game.eras.map(({ policy }) => policy.assets.get(asset)?.slice ?? 0n);
  return slices.reduce((most, slice) => (slice > most ? slice : most), 0n);
}
