/** What the owner approves: effects, not bytes. The hash is the same for a fresh blockhash, another fee within the cap, another order of accounts. */

import type { Json } from './canonical.ts';
import { canonicalizeJson } from './canonical.ts';
import type { CalledInstruction } from './effects.ts';
import type { EffectJson } from './json.ts';
import { effectsToJson } from './json.ts';
import type { Policy } from './policy.ts';
import { sha256Hex } from './sha256.ts';
import type { Effect, Hash } from './types.ts';

export { describeEffectJson, describeEffects, showAmount } from './describe.ts';

const DOMAIN = 'reeve/effects/v1';

/** What an approval covers, in the form that is shown, stored and hashed. */
export interface ApprovedEffects {
  readonly policyHash: Hash;
  readonly effects: readonly EffectJson[];
  /** `system.transfer`, sorted, each once. */
  readonly programs: readonly string[];
  /** Lamports of fees, decimal. */
  readonly feeCap: string;
}

/** The hash an approval is bound to. Bound to the policy too: asset names mean what that policy says. */
export function hashEffects(
  policy: Policy,
  effects: readonly Effect[],
  programs: readonly CalledInstruction[],
  feeCap: bigint,
): Hash {
  return hashEffectsJson({
    policyHash: policy.hash,
    effects: effectsToJson(policy, effects),
    programs: nameCalls(programs),
    feeCap: String(feeCap),
  });
}

/** The same from what was stored or shown, for the owner's tool: hash what you print. */
export function hashEffectsJson({ policyHash, effects, programs, feeCap }: ApprovedEffects): Hash {
  // The fee itself is left out: the cap stands for it. So is where an instruction stands in its transaction.
  const bound = effects
    .filter(({ kind }) => kind !== 'fee')
    .map(({ instruction: _, ...effect }) => canonicalizeJson(effect as Json) as string);
  const value: Json = { domain: DOMAIN, policyHash, feeCap, programs: [...programs].sort(), effects: bound.sort() };
  return sha256Hex(new TextEncoder().encode(canonicalizeJson(value) as string));
}

/** Instructions as `program.name`, sorted, each once. ComputeBudget is left out: it sets the fee, which the cap bounds. */
export function nameCalls(programs: readonly CalledInstruction[]): string[] {
  const names = programs
    .filter(({ program }) => program !== 'compute-budget')
    .map(({ program, name }) => `${program}.${name}`);
  return [...new Set(names)].sort();
}
