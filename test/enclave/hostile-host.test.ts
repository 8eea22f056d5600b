/** Games against a hostile host: what is really signed stays within every window; without any one of the renewer's rules it does not. */

import t from 'tap';
import type { Game, Rule } from './hostile-host.ts';
import { createGame, MAX, worstWindow } from './hostile-host.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const GAMES = Math.max(20, Math.round(2_000 * SCALE));
/** Enough for a host that plays at random to win where a rule is off. */
const GAMES_WITHOUT_A_RULE = 150;
const MOVES = 30;

/** The same games at every run (mulberry32). */
function createDice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

async function move(game: Game, dice: (sides: number) => number): Promise<void> {
  const pick = <Value>(values: readonly Value[]) => values[dice(values.length)] as Value;
  const instance = pick(game.instances.slice(-3));
  switch (dice(10)) {
    case 0:
    case 1:
    case 2:
      for (let times = dice(4); times >= 0; times--) game.spend(instance, BigInt(20_000 + dice(380_000)));
      return;
    case 3:
    case 4:
    case 5:
      return game.renew(instance, dice(5) > 0);
    case 6: {
      const from = dice(6) === 0 ? null : pick(game.instances);
      return game.start(from, from === null ? 0 : dice(from.states.length));
    }
    case 7:
      if (game.mail.length > 0) await game.deliver(instance, pick(game.mail));
      return;
    case 8:
      if (dice(3) === 0) await game.close(instance);
      return;
    default:
      game.now += 1_000 * (1 + dice(400));
  }
}

/** Plays until the host wins or the games are over; returns the most that was signed in a window. */
async function play(folder: string, games: number, off: Rule | null): Promise<bigint> {
  const realNow = Date.now;
  let worst = 0n;
  try {
    for (let seed = 1; seed <= games && (off === null || worst <= MAX); seed++) {
      Date.now = realNow;
      const game = await createGame(folder, off);
      Date.now = () => game.now;
      const dice = createDice(seed);
      for (let turn = 0; turn < MOVES; turn++) await move(game, dice);
      const most = worstWindow(game);
      if (most > worst) worst = most;
    }
  } finally {
    Date.now = realNow;
  }
  return worst;
}

t.test(`${GAMES} random games: no window is overspent`, async (t) => {
  const worst = await play(t.testdir(), GAMES, null);
  t.ok(worst <= MAX, `${worst} of ${MAX}`);
  t.ok(worst > MAX / 2n, 'and the host spent what it could');
});

for (const rule of ['charges', 'superseded'] as const) {
  t.test(`without ${rule} a host wins`, async (t) => {
    t.ok((await play(t.testdir(), GAMES_WITHOUT_A_RULE, rule)) > MAX);
  });
}
