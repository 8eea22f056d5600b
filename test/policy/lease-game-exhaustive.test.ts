/** Every short game against the lease protocol: no sequence of moves breaks a promise, and without a rule a few moves do. */

import t from 'tap';
import { explore } from './lease-game/explore.ts';
import { RULES, WITHOUT } from './lease-game/rules.ts';
import { listMoneySteps, listOwnerSteps } from './lease-game/steps.ts';

t.setTimeout(7_200_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const FULL = SCALE >= 1;
const SETS = { money: listMoneySteps, owner: listOwnerSteps } as const;

/** Moves of the longest games, and how many games that is: the documented size of the proof. */
const SIZES = [
  { set: 'money', moves: 4, games: 14_171, states: [1, 9, 82, 790] },
  { set: 'owner', moves: 4, games: 34_170, states: [1, 10, 109, 1_326] },
] as const;
const FULL_SIZES = [
  { set: 'money', moves: 6, games: 1_571_934, states: [1, 9, 82, 790, 7_875, 78_337] },
  { set: 'owner', moves: 6, games: 7_621_883, states: [1, 10, 109, 1_326, 17_653, 248_320] },
] as const;

for (const { set, moves, games, states } of FULL ? FULL_SIZES : SIZES) {
  t.test(`${set}: all games of ${moves} moves`, async (t) => {
    const explored = explore(moves, RULES, SETS[set]);
    t.equal(explored.loss, null, explored.loss ?? 'none is lost');
    t.strictSame(explored.states, states, 'different states after so many moves');
    t.equal(explored.tried, games, 'games');
  });
}

t.test('without a rule there is a lost game of so many moves, and no shorter one', async (t) => {
  const rows: readonly (readonly [moves: number, set: keyof typeof SETS, name: string])[] = [
    [3, 'owner', 'a paused wallet is leased'],
    [3, 'owner', 'the policy in the enclave is leased, whatever the owner set'],
    [3, 'owner', 'commands are taken again'],
    [3, 'money', 'a lease holds after its end'],
    [4, 'owner', 'a new policy begins with empty budgets'],
    [4, 'owner', 'an approval is not used up'],
    [4, 'owner', 'the same is approved while an earlier approval may be used'],
    ...(FULL
      ? ([
          [5, 'money', 'the ceiling is not looked at'],
          [5, 'owner', 'unseen spending is not charged'],
          [5, 'owner', 'boots the chain does not show are not charged'],
          [5, 'owner', 'the chain’s last boot is not charged'],
        ] as const)
      : []),
  ];
  for (const [moves, set, name] of rows) {
    const { loss } = explore(5, { ...RULES, ...WITHOUT[name] }, SETS[set], { exact: false });
    t.match(loss, new RegExp(`^${moves} moves: `), name);
    if (loss !== null) t.comment(`${name}\n  ${loss}`);
  }
});
