/** Every short game of a hostile host against the real wallet and the real renewer. */

import t from 'tap';
import type { Game, Letter, Sabotage } from './hostile-host/game.ts';
import { createGame } from './hostile-host/game.ts';
import { close, deliver, spend, start } from './hostile-host/host.ts';
import type { Instance } from './hostile-host/instance.ts';
import { changePolicy, pause, renew } from './hostile-host/owner.ts';
import { inGame, tell } from './hostile-host/play.ts';
import { FEE, LEASE_MS } from './hostile-host/policies.ts';
import { seeOthers } from './hostile-host/sabotage.ts';

t.setTimeout(7_200_000);

const FULL = Number(process.env['REEVE_SCALE'] ?? 0.01) >= 1;
/** Moves of the longest games, and how many games that is: the documented size of the proof. */
const { moves: MOVES, games: GAMES } = FULL ? { moves: 2, games: 121 } : { moves: 1, games: 11 };
const SLICE = 400_000n - FEE;

/** The moves there are; `newest` is the instance that started last. */
const STEPS = {
  'renew the newest': (game, _first, newest) => renew(game, newest),
  'spend in the first': (game, first) => spend(game, first, SLICE),
  'spend in the newest': (game, _first, newest) => spend(game, newest, SLICE),
  'start from nothing': (game) => start(game, null),
  'start from the newest state': (game, _first, newest) => start(game, newest.states.at(-1) ?? null),
  'start from the oldest state': (game, first) => start(game, first.states[0] ?? null),
  'close the newest': (game, _first, newest) => close(game, newest),
  'deliver the last letter': (game, _first, newest) => deliver(game, newest, game.mail.at(-1) as Letter),
  'pause, withheld': (game, _first, newest) => pause(game, newest, 'withheld'),
  'another policy, withheld': (game, _first, newest) => changePolicy(game, newest, 'withheld'),
  'wait over the lease’s end': (game) => {
    game.site.now += LEASE_MS;
  },
} as const satisfies Readonly<
  Record<string, (game: Game, first: Instance, newest: Instance) => Promise<unknown> | unknown>
>;
type Step = keyof typeof STEPS;

/** Four fifths of the window are spent when a game begins, two slices, and the second lease holds. */
async function play(folder: string, path: readonly Step[], sabotage: Sabotage): Promise<{ game: Game; idle: boolean }> {
  let [before, after] = ['', ''];
  const game = await inGame(
    () => createGame(folder, sabotage, Object.keys(sabotage).length === 0),
    async (created) => {
      const first = created.instances[0] as Instance;
      for (let slices = 0; slices < 2; slices++) {
        await renew(created, first);
        spend(created, first, SLICE);
      }
      for (const step of path) {
        before = describe(created);
        await STEPS[step](created, first, created.instances.at(-1) as Instance);
        after = describe(created);
      }
    },
  );
  return { game, idle: before === after };
}

/** All that a move can change. */
function describe({ site, instances, mail, known, written, silentFrom, record }: Game): string {
  const receipts = instances.map((instance) => instance.receipts.length);
  return [site.now, receipts.join(), mail.length, known.size, written.length, silentFrom, record.witness.paused].join(
    ' ',
  );
}

/** Every sequence of moves; what follows a move that did nothing was played without it. */
async function explore(folder: string, depth: number) {
  const steps = Object.keys(STEPS) as Step[];
  let frontier: (readonly Step[])[] = [[]];
  let games = 0;
  for (let moves = 1; moves <= depth; moves++) {
    const next: (readonly Step[])[] = [];
    for (const path of frontier.flatMap((each) => steps.map((step) => [...each, step]))) {
      const { game, idle } = await play(folder, path, {});
      games += 1;
      if (game.fault !== null) return { games, loss: tell(game, path.join(', ')) };
      if (!idle) next.push(path);
    }
    frontier = next;
  }
  return { games, loss: null };
}

t.test(`all games of ${MOVES} moves: every promise holds`, async (t) => {
  const { games, loss } = await explore(t.testdir(), MOVES);
  t.equal(loss, null, loss ?? 'none is lost');
  t.equal(games, GAMES, 'games');
});

t.test('without charges three moves win', async (t) => {
  const path: readonly Step[] = ['start from nothing', 'renew the newest', 'spend in the newest'];
  const { game } = await play(
    t.testdir(),
    path,
    seeOthers(() => null),
  );
  t.match(game.fault, /^1200000 of SOL/, tell(game, path.join(', ')));
});
