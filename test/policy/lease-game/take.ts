/** How an instance takes what the owner signed: the steps of the enclave around the pure functions. */

import type { Lease } from '../../../policy/lease.ts';
import { endLease } from '../../../policy/lease.ts';
import { emptyLedger } from '../../../policy/ledger.ts';
import type { Policy } from '../../../policy/policy.ts';
import { checkTaken } from './checks.ts';
import type { Command, Content, Era, Game, Instance } from './game.ts';
import { policyOf, record, tell } from './game.ts';
import { nameOf } from './names.ts';

/** Whatever the host hands to an instance; what is not for it changes nothing. */
export function deliver(game: Game, instance: Instance, command: Command): void {
  const { content } = command;
  const { boot, seq, paused } = instance;
  if (content.kind !== 'lease' && !game.rules.admits(command, boot, seq)) return;
  if (instance.closed || !takeContent(game, instance, content)) return;
  if (content.kind !== 'lease') {
    checkTaken(game, instance, command);
    instance.seq = Math.max(seq, command.seq);
  }
  tell(game, () => `host: boot ${instance.name} takes ${nameOf(content)}${paused ? ' in its pause' : ''}`);
}

function takeContent(game: Game, instance: Instance, content: Content): boolean {
  switch (content.kind) {
    case 'lease':
      if (!takeLease(game, instance, content.lease, policyOf(game, instance))) return false;
      record(game, instance, content);
      return true;
    case 'policy':
      return takePolicy(game, instance, content);
    case 'approve':
      if (instance.lease === null || game.now >= content.until) return false;
      if (instance.approvals.some(({ id }) => id === content.id)) return false;
      instance.approvals.push({ ...content, open: true });
      return true;
    case 'pause':
      instance.paused = true;
      return true;
    case 'resume':
      instance.paused = false;
      return true;
  }
}

function takeLease(game: Game, instance: Instance, lease: Lease, policy: Policy): boolean {
  const { boot, closed, ledger } = instance;
  const { rules, now } = game;
  const taken = rules.take(instance.lease, lease, { wallet: 'w', boot, policy, closed, now });
  if (!taken.ok) return false;
  rules.enterUnseen(ledger, policy, taken.value.charges, now);
  instance.lease = taken.value.state;
  return true;
}

function takePolicy(game: Game, instance: Instance, { era, lease }: Extract<Content, { kind: 'policy' }>): boolean {
  const { policy, version } = game.eras[era] as Era;
  if (version !== (game.eras[instance.era] as Era).version + 1) return false;
  if (!game.rules.policyKeepsBudgets) instance.ledger = emptyLedger();
  const old = instance.lease;
  if (lease !== null && !takeLease(game, instance, lease, policy)) return false;
  if (lease === null && old !== null) instance.lease = endLease(old);
  instance.era = era;
  voidApprovals(instance);
  record(game, instance, { kind: 'policy', era, lease });
  return true;
}

export function voidApprovals({ approvals }: Instance): void {
  for (const approval of approvals) approval.open = false;
}
