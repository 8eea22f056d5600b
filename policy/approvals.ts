/** What the owner approves: effects, not bytes. The hash is the same for a fresh blockhash, another fee within the cap, another order of accounts. */

import type { Json } from './canonical.ts';
import { canonicalizeJson } from './canonical.ts';
import type { CalledInstruction } from './effects.ts';
import { escapeText } from './escape.ts';
import type { EffectJson } from './json.ts';
import { effectToJson } from './json.ts';
import type { Policy } from './policy.ts';
import { SOL } from './policy.ts';
import { sha256Hex } from './sha256.ts';
import type { Effect, Hash } from './types.ts';

const DOMAIN = 'reeve/effects/v1';
const SOL_DECIMALS = 9;

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
    effects: effects.map((effect) => effectToJson(policy, effect)),
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

/** Each effect in one line of plain words: human units and the raw value. Names and decimals are the policy's, never the chain's. */
export function describeEffects(policy: Policy, effects: readonly Effect[]): string[] {
  return effects.map((effect) => describeEffectJson(policy, effectToJson(policy, effect)));
}

/** The same from the JSON form. Everything in it came from outside, and is escaped. */
export function describeEffectJson(policy: Policy, effect: EffectJson): string {
  const sol = (lamports: string | undefined) => showAmount(policy, SOL, lamports ?? '0');
  switch (effect.kind) {
    case 'transfer': {
      const to = effect.recipient ?? `an unknown owner, account ${effect.destination}`;
      return `send ${showAmount(policy, effect.asset ?? '', effect.amount ?? '0')} to ${escapeText(to)}`;
    }
    case 'fee':
      return `pay a fee of ${sol(String(BigInt(effect.base ?? 0) + BigInt(effect.priority ?? 0)))}`;
    case 'rent':
      return `pay ${sol(effect.lamports)} for a new token account of ${escapeText(effect.recipient ?? 'an unknown owner')}`;
    case 'memo':
      return `write the memo “${effect.memo ?? ''}”`;
    default:
      return `an effect this version cannot describe: ${escapeText(effect.kind)}`;
  }
}

/** `0.25 SOL (250000000)`. */
export function showAmount(policy: Policy, asset: string, amount: string): string {
  const decimals = policy.assetsByName.get(asset)?.decimals ?? (asset === SOL ? SOL_DECIMALS : 0);
  const digits = amount.padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const part = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${whole}${part === '' ? '' : `.${part}`} ${escapeText(asset)} (${amount})`;
}
