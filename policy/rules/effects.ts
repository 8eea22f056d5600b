/** Effects that no budget bounds: each has to be allowed by name, and to whom. Nothing lifts this. */
import { pubkeyToBase58 } from '../keys.ts';
import { EFFECTS_BYTES_MAX, EFFECTS_MAX } from '../limits.ts';
import type { Policy } from '../policy.ts';
import type { Effect, Violation } from '../types.ts';
import type { Facts } from './facts.ts';
import { pathOf, violate } from './facts.ts';

/** What is too much to be shown is not done. */
export function judgeSize({ shown }: Facts): Violation[] {
  if (shown !== null) return [];
  const detail = `${EFFECTS_MAX} effects at most, in ${EFFECTS_BYTES_MAX} bytes at most`;
  return [violate('too-many-effects', { detail })];
}

export function judgeEffects({ policy, effects }: Facts): Violation[] {
  return effects
    .filter((effect) => !isAllowed(policy, effect))
    .map((effect) => violate('effect-not-allowed', { path: pathOf(effect), detail: describe(effect) }));
}

/** Payments, costs, proposals, advances and calls of other programs have rules of their own. */
function isAllowed({ effects: allowed }: Policy, effect: Effect): boolean {
  switch (effect.kind) {
    case 'transfer':
    case 'limitUse':
    case 'fee':
    case 'rent':
    case 'memo':
    case 'proposal':
    case 'opaqueCall':
      return true;
    case 'nonce':
      return effect.action === 'advance';
    case 'close':
      return allowed.close;
    case 'delegation':
      if (effect.delegate === null) return allowed.revoke;
      return effect.asset !== null && (allowed.delegates.get(effect.asset)?.has(effect.delegate) ?? false);
    case 'burn':
      return allowed.burn.has(effect.asset);
    case 'stake':
      if (effect.action === 'delegate') return effect.target !== null && allowed.votes.has(effect.target);
      return allowed.stakeActions.has(effect.action);
    case 'authorityChange':
    case 'freeze':
    case 'programUpgrade':
      return false;
  }
}

function describe(effect: Effect): string {
  const what = `an effect of the kind ${effect.kind}, which the policy does not allow`;
  return 'account' in effect ? `${what}, on ${pubkeyToBase58(effect.account)}` : what;
}
