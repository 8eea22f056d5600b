/** What must hold, from what left the enclaves and what the owner signed: of every lease when it is issued, of every signature when it is out. */

import type { Receipt } from '../../../enclave/link/receipts.ts';
import { decodeReceipt } from '../../../enclave/link/receipts.ts';
import type { WireLease } from '../../../enclave/link/schema/lease.ts';
import type { AssetAmounts } from '../../../enclave/link/schema/results.ts';
import type { Amounts } from '../../../policy/lease.ts';
import type { Hash } from '../../../policy/types.ts';
import type { Shown } from '../../policy/lease-game/promises.ts';
import { findOverspent, sumUnseen } from '../../policy/lease-game/promises.ts';
import type { Approval, Game, Letter } from './game.ts';
import { fail } from './game.ts';
import type { Instance } from './instance.ts';
import { hexOf, walletOf } from './instance.ts';
import { FEE, SIGNATURES, SOL } from './policies.ts';

type Decided = Extract<Receipt, { kind: 'decision' }>;

/** A signature over `lamports` that verified, and the receipt of it. */
export function checkSigned(game: Game, instance: Instance, lamports: bigint, { body }: Decided): void {
  const policyHash = hexOf(body.policyHash);
  checkRight(game, instance, policyHash);
  if (body.approvalId !== undefined) checkApproval(game, instance, body.approvalId);
  else {
    const { lease } = walletOf(instance);
    const era = game.mail.findLast((letter) => letter.lease?.number === lease?.number)?.era ?? 0;
    const policies = game.eras.map(({ policy }) => policy);
    for (const [asset, amount] of [
      [SOL, lamports + FEE],
      [SIGNATURES, 1n],
    ] as const) {
      game.spendings.push({ at: game.site.now, asset, amount, era });
      const overspent = findOverspent(policies, game.spendings);
      if (overspent !== null) fail(game, overspent);
    }
  }
}

/**
 * Under a lease that was issued to this boot while its policy was the newest, and that holds; not closed, not paused, and under the policy that its own
 * receipts say is in force.
 */
function checkRight(game: Game, instance: Instance, policyHash: string): void {
  const { now } = game.site;
  const { own, enclave } = instance;
  const held = game.mail.filter(
    ({ payload, lease }) =>
      lease !== null &&
      hexOf(payload.boot) === enclave.bootHash &&
      hexOf(lease.policyHash) === policyHash &&
      now < lease.until,
  );
  if (held.length === 0) fail(game, 'signed without a lease, or after its end');
  else if (!held.some(({ era }) => game.eras[era]?.policy.hash === policyHash))
    fail(game, 'signed under an old policy');
  if (own.some(({ kind }) => kind === 'close')) fail(game, 'signed after a close');
  const words = own.flatMap((receipt) => (receipt.kind === 'command' ? [receipt.body] : []));
  const word = words.findLast(({ command }) => command === 'pause' || command === 'resume');
  if (word?.command === 'pause') fail(game, 'signed in a pause that the enclave had taken');
  const named = words.findLast((body) => body.policyHash !== undefined)?.policyHash;
  if (named !== undefined && hexOf(named) !== policyHash) fail(game, 'signed under a policy it had already replaced');
  if (game.silentFrom !== null && now >= game.silentFrom) fail(game, 'signed in a pause, after the last lease');
}

function checkApproval(game: Game, { enclave }: Instance, id: string): void {
  const approval = game.approvals.find((each) => each.id === id);
  if (approval === undefined) {
    fail(game, 'an approval nobody gave was used');
    return;
  }
  const { effectsHash, boot, until } = approval;
  const later = game.approvals.slice(game.approvals.indexOf(approval) + 1);
  approval.uses += 1;
  if (approval.uses > 1) fail(game, 'an approval was used twice');
  if (later.some((each: Approval) => each.effectsHash === effectsHash))
    fail(game, 'an approval was used after the same effects had been approved again');
  if (boot !== enclave.bootHash) fail(game, 'an approval was used in another boot');
  if (game.site.now >= until) fail(game, 'an approval was used after its end');
}

/** A command taken twice, in another boot than it was signed for, or after one that the owner issued later. */
export function checkTaken(game: Game, instance: Instance, { payload, issue }: Letter): void {
  if (hexOf(payload.boot) !== instance.enclave.bootHash) fail(game, 'a command was taken in another boot');
  if (issue <= instance.lastIssue) fail(game, 'a command was taken again, or after a later one');
  instance.lastIssue = issue;
}

/** A lease as it leaves: under the newest policy and seal, and for a new boot with exactly what its chain does not show of earlier ones. */
export function checkIssued(game: Game, instance: Instance, lease: WireLease): void {
  if (walletOf(instance).kmsKeyArn !== game.arn) fail(game, 'a lease for a wallet from an old seal');
  if (!game.exact) return;
  const boot = instance.enclave.bootHash;
  // Of this boot there is the one write that stands for the lease at hand.
  const first = game.mail.every(
    ({ lease: other, payload }) => other === lease || other === null || hexOf(payload.boot) !== boot,
  );
  if (!first || game.written.filter((issue) => issue.boot === boot).length > 1) return;
  const chain = (instance.origin?.receipts ?? []).map((bytes) => show(decodeReceipt(bytes)));
  const issues = game.written.filter((issue) => issue.boot !== boot);
  for (const asset of [SOL, SIGNATURES]) {
    const expected = sumUnseen(issues, chain, asset);
    const charged = lease.charges.reduce((sum, charge) => sum + (charge.asset === asset ? charge.amount : 0n), 0n);
    if (charged !== expected) fail(game, `charged ${charged} ${asset} for a new boot, not ${expected}`);
  }
}

function show(receipt: Receipt): Shown {
  const boot = hexOf(receipt.boot) as Hash;
  switch (receipt.kind) {
    case 'command':
      return { boot, kind: receipt.body.lease === undefined ? 'other' : 'lease', charges: {} };
    case 'decision':
      return {
        boot,
        kind: 'spend',
        charges: receipt.body.decision === 'allow' ? readAmounts(receipt.body.charges) : {},
      };
    case 'close':
      return { boot, kind: 'close', charges: {} };
    case 'boot':
    case 'checkpoint':
      return { boot, kind: 'other', charges: {} };
  }
}

function readAmounts(amounts: AssetAmounts): Amounts {
  return Object.fromEntries(amounts.map(({ asset, amount }) => [asset, amount]));
}
