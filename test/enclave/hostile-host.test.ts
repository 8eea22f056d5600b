/** A host that owns the disk, the delivery and any number of instances, against the real wallet and the real renewer. */

import t from 'tap';
import { ATTACKS } from './hostile-host/attacks.ts';
import { createGame } from './hostile-host/game.ts';
import type { Instance } from './hostile-host/instance.ts';
import { inGame, playSeed, tell, tellLoss } from './hostile-host/play.ts';

t.setTimeout(7_200_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const GAMES = Math.max(20, Math.round(2_000 * SCALE));
const MOVES = 40;

for (const { rule, off, play } of ATTACKS) {
  t.test(`where ${rule}, a host wins`, async (t) => {
    const folder = t.testdir();
    const attack = (sabotage: typeof off, exact: boolean) =>
      inGame(
        () => createGame(folder, sabotage, exact),
        (game) => play(game, game.instances[0] as Instance),
      );
    const lost = await attack(off, false);
    t.not(lost.fault, null, tell(lost, 'without the rule'));
    const held = await attack({}, true);
    t.equal(held.fault, null, tell(held, 'with the rule'));
  });
}

t.test(`${GAMES} random games: every promise holds`, async (t) => {
  const folder = t.testdir();
  let [signed, approved] = [0, 0];
  for (let seed = 1; seed <= GAMES; seed++) {
    const game = await playSeed(folder, seed, MOVES);
    if (game.fault !== null) return t.fail(await tellLoss(folder, seed, MOVES));
    signed += game.known.size;
    approved += game.approvals.reduce((sum, { uses }) => sum + uses, 0);
  }
  t.ok(signed > GAMES && approved > 0, `${signed} signatures, ${approved} of them on an approval`);
});
