/** Effects that no budget bounds: each has to be allowed by name, and a policy cannot name any of them yet. Nothing lifts this. */
import type { Effect, Violation } from '../types.ts';
import type { Facts } from './facts.ts';
import { pathOf, violate } from './facts.ts';

export function judgeEffects({ effects }: Facts): Violation[] {
  return effects
    .filter(isSpecial)
    .map((effect) => violate('effect-not-allowed', { path: pathOf(effect), detail: describe(effect) }));
}

/** Everything but payments and what they cost. A kind that is added later is special until this says otherwise. */
function isSpecial({ kind }: Effect): boolean {
  return kind !== 'transfer' && kind !== 'fee' && kind !== 'rent' && kind !== 'memo';
}

function describe({ kind }: Effect): string {
  return `an effect of the kind ${kind}, which the policy does not allow`;
}
