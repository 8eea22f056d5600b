import t from 'tap';
import type { Variant } from './lease-game.ts';
import { playGame } from './lease-game.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const GAMES = Math.ceil(100_000 * SCALE);
const MOVES = 150;
/** Games after which a protocol without one of its rules must have lost. */
const GAMES_TO_LOSE = 5_000;

t.test('whatever the host does, no window is exceeded', async (t) => {
  let lost = -1;
  for (let seed = 0; seed < GAMES && lost < 0; seed++) if (!playGame(seed, MOVES, 'whole')) lost = seed;
  t.equal(lost, -1, `${GAMES} games`);
});

t.test('every rule is needed', async (t) => {
  const variants: readonly Variant[] = [
    'relative ceiling',
    'no charges',
    'charges dated now',
    'superseded boots renewed',
  ];
  for (const variant of variants) {
    let seed = 0;
    while (seed < GAMES_TO_LOSE && playGame(seed, MOVES, variant)) seed += 1;
    t.ok(seed < GAMES_TO_LOSE, `${variant}: game ${seed} is lost`);
  }
});
