/** Which shapes of a multisig are refused, and why. Pure: no chain. */

import t from 'tap';
import type { Pubkey } from '../../policy/types.ts';
import type { Shape } from '../../scripts/squads/shapes.ts';
import { findDangers, spendingShape, treasuryShape } from '../../scripts/squads/shapes.ts';

const key = (byte: string) => byte.repeat(32) as Pubkey;
const [owner, agent, recovery, other] = [key('0a'), key('0b'), key('0c'), key('0d')];
const make = (threshold: number, timeLock: number, ...members: [Pubkey, number][]): Shape => ({
  threshold,
  timeLock,
  members: members.map(([member, permissions]) => ({ key: member, permissions })),
});

const good: readonly [string, Shape][] = [
  ['spending', spendingShape(owner, null)],
  ['spending with recovery', spendingShape(owner, recovery)],
  ['treasury', treasuryShape(owner, agent, recovery, 0)],
  ['treasury with a time lock', treasuryShape(owner, agent, recovery, 86_400)],
  ['the agent proposes only', make(1, 0, [owner, 7], [agent, 1])],
];
const bad: readonly [string, Shape, RegExp][] = [
  ['agent votes at threshold 1', make(1, 0, [owner, 7], [agent, 2]), /by itself/],
  ['agent has everything at threshold 1', make(1, 0, [owner, 7], [agent, 7], [recovery, 7]), /by itself/],
  ['two of two with the agent', treasuryShape(owner, agent, null, 0), /freezes the funds.*--recovery/],
  ['three of three with the agent', make(3, 0, [owner, 7], [agent, 3], [recovery, 7]), /only 2 of 3/],
  ['two of two without the agent', make(2, 0, [owner, 7], [recovery, 7]), /two of two/],
  ['the agent executes', make(2, 0, [owner, 7], [agent, 7], [recovery, 7]), /its own signature/],
  ['the agent executes and nothing else', make(1, 0, [owner, 7], [agent, 4]), /its own signature/],
  ['a threshold nobody reaches', make(3, 0, [owner, 7], [recovery, 7], [other, 5]), /never be reached/],
  ['a threshold of none', make(0, 0, [owner, 7]), /never be reached/],
  ['a member twice', make(1, 0, [owner, 7], [owner, 7]), /twice/],
  ['a time lock over 90 days', make(1, 7_776_001, [owner, 7]), /time lock/],
];

for (const [name, shape] of good) t.strictSame(findDangers(shape, agent), [], name);
for (const [name, shape, reason] of bad) t.match(findDangers(shape, agent).join('; '), reason, name);
