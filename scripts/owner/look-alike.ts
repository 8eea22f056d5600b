/** Addresses that a person could take for one they know: people compare the first and the last characters. */

import type { EffectJson } from '../../policy/json.ts';
import type { Policy } from '../../policy/policy.ts';

/** Characters at each end that people compare. */
const COMPARED = 4;

/** A warning for each recipient that is not listed in the policy and begins and ends like one that is. NOT checked: whether anybody was paid before. */
export function findLookAlikes(policy: Policy, effects: readonly EffectJson[]): string[] {
  const known = new Set(policy.document.recipients.flatMap(({ owners }) => (owners === 'any' ? [] : owners)));
  const paid = effects.flatMap(({ recipient, destination }) => [recipient, destination].flatMap((key) => key ?? []));
  return [...new Set(paid)]
    .filter((address) => !known.has(address))
    .flatMap((address) => {
      const like = [...known].find((other) => ends(other) === ends(address));
      if (like === undefined) return [];
      return [`WARNING: ${address} looks like ${like} of the policy and is another address`];
    });
}

const ends = (address: string) => `${address.slice(0, COMPARED)}…${address.slice(-COMPARED)}`;
