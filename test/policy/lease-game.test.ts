/** Random games against the lease protocol, with the real functions of both sides. A lost game is told in its shortest form. */

import t from 'tap';
import { playSeed, tellLoss } from './lease-game/play.ts';
import type { Rules } from './lease-game/rules.ts';
import { RULES, WITHOUT } from './lease-game/rules.ts';

t.setTimeout(7_200_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const GAMES = Math.ceil(1_000_000 * SCALE);
const MOVES = 100;
/** Games after which a protocol without one of its rules must have lost. */
const GAMES_TO_LOSE = 20_000;
/** Rules that spare the owner, not the limit: without them a stop in order or a crash costs more than it must. */
const SPARING = ['a close is not believed', 'what the chain shows is charged as well'];

function findLoss(games: number, rules: Rules, exact: boolean): number | null {
  for (let seed = 0; seed < games; seed++) if (playSeed(seed, MOVES, rules, { exact }).fault !== null) return seed;
  return null;
}

t.test(`${GAMES} games: whatever the host does, every promise holds`, async (t) => {
  const lost = findLoss(GAMES, RULES, true);
  t.equal(lost, null, lost === null ? 'none is lost' : await tellLoss(lost, MOVES, RULES));
});

t.test('every rule is needed: without it something is really signed that must not be', async (t) => {
  for (const [name, without] of Object.entries(WITHOUT)) {
    const rules = { ...RULES, ...without };
    const exact = SPARING.includes(name);
    const lost = findLoss(GAMES_TO_LOSE, rules, exact);
    t.not(lost, null, name);
    if (lost !== null && lost < 100) t.comment(await tellLoss(lost, MOVES, rules, { exact }));
  }
});
