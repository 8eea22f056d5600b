/** A recipient that begins and ends like a known one is marked before it is approved; the known one itself and a plain stranger are not. */

import t from 'tap';
import type { EffectJson } from '../../policy/json.ts';
import type { Policy } from '../../policy/policy.ts';
import { findLookAlikes } from '../../scripts/owner/look-alike.ts';

const KNOWN = '9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM';
const FORGED = '9WzD111111111111111111111111111111111111AWWM';
const STRANGER = '5PcyXtP2gbDMPjMK6kjsuiSX2a5jVf97uy9a176Pz3fT';
const policy = { document: { recipients: [{ owners: 'any' }, { owners: [KNOWN] }] } } as unknown as Policy;
const pay = (recipient: string | null, destination: string): EffectJson =>
  ({
    kind: 'transfer',
    transaction: 0,
    instruction: 0,
    asset: 'SOL',
    amount: '1',
    recipient,
    destination,
  }) as EffectJson;

const rows: readonly [string, EffectJson[], number][] = [
  ['the known one', [pay(KNOWN, KNOWN)], 0],
  ['a stranger', [pay(STRANGER, STRANGER)], 0],
  ['alike at both ends', [pay(FORGED, FORGED)], 1],
  ['alike, named only as destination', [pay(null, FORGED)], 1],
  ['alike at the beginning only', [pay(null, `${FORGED.slice(0, -4)}1111`)], 0],
  ['alike at the end only', [pay(null, `1111${FORGED.slice(4)}`)], 0],
  ['twice the same', [pay(FORGED, FORGED), pay(FORGED, FORGED)], 1],
];
for (const [name, effects, count] of rows) t.equal(findLookAlikes(policy, effects).length, count, name);
t.match(findLookAlikes(policy, [pay(FORGED, FORGED)])[0], new RegExp(`${FORGED} looks like ${KNOWN}`));
