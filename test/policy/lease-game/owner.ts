/** The owner's moves and the renewer's: decided on what an instance attests, written before anything leaves. */

import type { Policy } from '../../../policy/policy.ts';
import type { Millis } from '../../../policy/types.ts';
import { noteApproval } from '../../../policy/witness.ts';
import { checkCharges } from './checks.ts';
import type { Command, Content, Era, Game, Instance } from './game.ts';
import { describe, listChain, policyOf, tell } from './game.ts';
import { nameOf, show } from './names.ts';
import { POLICIES } from './policies.ts';
import { deliver } from './take.ts';

/** Milliseconds an approval may be used. */
const APPROVAL_MS = 2_400_000;

/** The owner signs for an instance as it attested itself; the host has it from now on. */
export function issue(game: Game, instance: Instance, content: Content): Command {
  const command = { issue: game.mail.length, boot: instance.boot, seq: instance.seq + 1, content };
  game.mail.push(command);
  tell(game, () => `owner: ${nameOf(content)} is signed for boot ${instance.name}`);
  return command;
}

/** Whether a lease arrives at once, leaves but is the host's to deliver, or is lost with a renewer that dies before it sends. */
type Way = 'sent' | 'withheld' | 'crash';

/** One look of the renewer at an instance. */
export function renew(game: Game, instance: Instance, way: Way): void {
  const { witness, rules, now } = game;
  const policy = POLICIES.find(({ hash }) => hash === witness.policyHash) as Policy;
  const decision = rules.decide(witness, describe(game, instance), policy, now);
  if (decision.kind === 'refuse') {
    tell(game, () => `renewer: boot ${instance.name}: ${decision.alarm}`);
    return;
  }
  const { lease } = decision;
  const end = way === 'crash' ? rules.crash(witness, decision.witness) : { witness: decision.witness, sent: true };
  game.witness = end.witness;
  tell(game, () => `renewer: lease ${lease.number} for boot ${instance.name}, ${show(lease)}, ${way}`);
  checkCharges(game, instance, lease);
  game.issued.push({ ...lease, era: game.eras.length - 1 });
  if (!end.sent) return;
  const command = issue(game, instance, { kind: 'lease', lease });
  if (way === 'sent') deliver(game, instance, command);
}

/** The next policy counts for the renewer from now on, whether its command arrives or not. The lease for it travels in the same command. */
export function changePolicy(game: Game, instance: Instance, what: number): void {
  const { rules, witness, now, eras } = game;
  const before = eras.at(-1) as Era;
  const policy = POLICIES[(POLICIES.indexOf(before.policy) + 1) % POLICIES.length] as Policy;
  eras.push({ policy, version: (eras[instance.era] as Era).version + 1 });
  const changed = { ...witness, policyHash: policy.hash };
  const decision = rules.decide(changed, { ...describe(game, instance), policyHash: policy.hash }, policy, now);
  game.witness = decision.kind === 'lease' ? decision.witness : changed;
  const lease = decision.kind === 'lease' ? decision.lease : null;
  if (lease !== null) {
    checkCharges(game, instance, lease);
    game.issued.push({ ...lease, era: game.eras.length - 1 });
  }
  const command = issue(game, instance, { kind: 'policy', era: eras.length - 1, lease });
  if (what % 3 > 0) deliver(game, instance, command);
}

/** The owner approves what the agent asked this instance for; what was approved before is settled first where it stands in the way. */
export function approve(game: Game, instance: Instance, what: number): void {
  const { rules, now } = game;
  const approval = { policyHash: policyOf(game, instance).hash, boot: instance.boot, until: now + APPROVAL_MS };
  const asked = { effectsHash: approval.policyHash, boot: approval.boot, until: approval.until as Millis };
  let decision = rules.decideApproval(game.witness, asked, now);
  if (decision.kind === 'refuse') {
    settle(game, instance);
    decision = rules.decideApproval(game.witness, asked, now);
  }
  if (decision.kind === 'refuse') {
    tell(game, () => `owner: no approval for boot ${instance.name} yet`);
    return;
  }
  game.witness = decision.witness;
  const id = game.approvals.length + 1;
  game.approvals.push({ id, ...approval, uses: 0 });
  const command = issue(game, instance, {
    kind: 'approve',
    id,
    policyHash: approval.policyHash,
    until: approval.until,
  });
  if (what % 3 > 0) deliver(game, instance, command);
}

/** What the receipts of an instance show of approvals. Of those of the same effects only the last is open: what is seen of an earlier one says nothing of it. */
export function settle(game: Game, { tip }: Instance): void {
  const open = new Map(game.approvals.map((approval) => [approval.policyHash, approval]));
  for (const { id, boot, policyHash } of open.values()) {
    const own = listChain(tip).filter((receipt) => receipt.boot === boot);
    const used = own.some(({ event }) => event.kind === 'approved' && event.id === id);
    const closed = own.some(({ event }) => event.kind === 'close');
    if (used || closed) game.witness = noteApproval(game.witness, boot, policyHash, used ? 'used' : 'closed');
  }
}
