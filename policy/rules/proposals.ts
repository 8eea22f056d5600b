/**
 * What is proposed to the members of a vault's multisig. It is charged nowhere, since their votes decide; but what may be put before them is
 * bounded all the same, by `vaults[].propose` instead of the wallet's limits. Nothing lifts this.
 */
import type { Policy, Proposals } from '../policy.ts';
import type { AssetId, Effect, Violation } from '../types.ts';
import type { Facts } from './facts.ts';
import { nameOf, pathOf, violate } from './facts.ts';

export type Proposal = Extract<Effect, { kind: 'proposal' }>;

export function judgeProposals({ policy, effects }: Facts): Violation[] {
  return effects.filter((effect) => effect.kind === 'proposal').flatMap((proposal) => judgeProposal(policy, proposal));
}

function judgeProposal(policy: Policy, proposal: Proposal): Violation[] {
  const path = pathOf(proposal);
  const allowed = policy.vaults.get(proposal.vault)?.propose ?? null;
  if (allowed === null)
    return [violate('proposal-not-allowed', { path, detail: 'the policy allows no proposals for this vault' })];
  const vote = proposal.approves && !allowed.approve ? [violate('vote-not-allowed', { path })] : [];
  return [
    ...vote,
    ...proposal.effects.flatMap((effect) => judgeInner(policy, allowed, effect, path)),
    ...judgePrograms(policy, proposal, path),
    ...judgeSums(policy, allowed, proposal, path),
  ];
}

/** Only payments of named assets to named groups, what accounts for them cost, and memos. */
function judgeInner(policy: Policy, allowed: Proposals, effect: Effect, path: string): Violation[] {
  const refuse = (detail: string) => [
    violate('proposal-not-allowed', { path: `${path}.inner.${placeOf(effect)}`, detail }),
  ];
  switch (effect.kind) {
    case 'transfer': {
      const group = effect.recipient === null ? null : policy.findGroup(effect.recipient);
      if (!allowed.assets.has(effect.asset)) return refuse(`${nameOf(policy, effect.asset)} may not be proposed`);
      if (group === null) return refuse('a payment to somebody in no recipient group');
      return allowed.groups.has(group.name) ? [] : refuse(`payments to group ${group.name} may not be proposed`);
    }
    case 'rent': {
      if (effect.recipient !== null && policy.vaults.has(effect.recipient)) return [];
      const group = effect.recipient === null ? null : policy.findGroup(effect.recipient);
      if (group !== null && allowed.groups.has(group.name)) return [];
      return refuse('an account for somebody who may not be paid');
    }
    case 'memo':
      return [];
    default:
      return refuse(`an effect of the kind ${effect.kind}`);
  }
}

function placeOf({ instruction }: Effect): string {
  return `instructions[${instruction}]`;
}

/** The vault may call what the wallet may; memos are bounded for both together. */
function judgePrograms(policy: Policy, { programs }: Proposal, path: string): Violation[] {
  return programs.flatMap(({ program, name, instruction }) => {
    if (program === 'compute-budget' || program === 'opaque') return [];
    const allowed = program === 'memo' ? policy.memoBytes !== null : policy.programs.get(program)?.has(name);
    if (allowed === true) return [];
    const detail = `${program}.${name} is not in the policy’s programs`;
    return [violate('proposal-not-allowed', { path: `${path}.inner.instructions[${instruction}]`, detail })];
  });
}

function judgeSums(policy: Policy, allowed: Proposals, { effects }: Proposal, path: string): Violation[] {
  const sums = new Map<AssetId, bigint>();
  let rent = 0n;
  for (const effect of effects) {
    if (effect.kind === 'transfer') sums.set(effect.asset, (sums.get(effect.asset) ?? 0n) + effect.amount);
    if (effect.kind === 'rent') rent += effect.lamports;
  }
  const over = [...sums].flatMap(([asset, observed]) => {
    const limit = allowed.assets.get(asset);
    if (limit === undefined || observed <= limit) return [];
    return [violate('proposal-exceeded', { asset: nameOf(policy, asset), limit, observed, remaining: limit, path })];
  });
  const limit = policy.fees.rentPerTransaction;
  if (rent <= limit) return over;
  return [...over, violate('rent-exceeded', { asset: 'SOL', limit, observed: rent, remaining: limit, path })];
}
