/** Random games of a hostile host, as scripts; a lost one is told in its shortest form. */

import type { Move, Weights } from '../../policy/lease-game/dice.ts';
import { drawScript, pick, shrinkScript } from '../../policy/lease-game/dice.ts';
import type { Game, Letter } from './game.ts';
import { createGame } from './game.ts';
import { close, deliver, spend, spendExceptional, start, submit } from './host.ts';
import type { Instance } from './instance.ts';
import type { Way } from './owner.ts';
import { approve, changePolicy, pause, renew, reseal, resume } from './owner.ts';

type Act = (game: Game, instance: Instance, what: number) => Promise<unknown> | unknown;

/** Mostly at once, sometimes for the host to keep. */
const wayOf = (what: number): Way => (what % 4 === 0 ? 'withheld' : 'sent');

const ACTS = {
  /** From a state of any instance, often the last one of this. */
  start: (game, instance, what) =>
    start(game, (what % 2 === 0 ? instance.states.at(-1) : pick(instance.states, what >>> 3)) ?? null),
  fork: (game) => start(game, null),
  /** Any policy and seal the owner ever signed, beside any state: mostly not taken. */
  mix: (game, instance, what) =>
    start(game, what % 3 === 0 ? null : (pick(instance.states, what >>> 8) ?? null), {
      seal: (what >>> 2) % game.seals.length,
      standing: (what >>> 4) % game.standings.length,
    }),
  close: (game, instance) => close(game, instance),
  renew: (game, instance, what) => renew(game, instance, what % 8 === 0 ? 'crash' : wayOf(what >>> 3)),
  deliver: (game, instance, what) => {
    const mine = game.mail.filter(({ payload }) => Buffer.from(payload.boot).equals(instance.enclave.boot));
    const letter: Letter | undefined = pick(what % 6 === 0 ? game.mail : mine, what >>> 3);
    return letter === undefined ? undefined : deliver(game, instance, letter);
  },
  spend: (game, instance, what) => {
    for (let times = what % 4; times >= 0; times--) spend(game, instance, BigInt(20_000 + ((what >>> 4) % 180_000)));
  },
  /** What was signed or refused before, to whomever. */
  again: (game, instance, what) => submit(game, instance, 30_000n, 1_000_000 + (what % 3)),
  pause: (game, instance, what) => pause(game, instance, wayOf(what)),
  resume: (game, instance, what) => resume(game, instance, wayOf(what)),
  policy: (game, instance, what) => changePolicy(game, instance, wayOf(what)),
  reseal: (game, instance) => reseal(game, instance),
  approve: async (game, instance, what) => {
    const waiting = spendExceptional(game, instance);
    if (waiting !== null) await approve(game, instance, waiting, wayOf(what));
  },
  use: (game, instance) => spendExceptional(game, instance),
  wait: (game, _instance, what) => {
    game.site.now += what % (what % 5 === 0 ? 4_000_000 : 250_000);
  },
} as const satisfies Readonly<Record<string, Act>>;

export type Kind = keyof typeof ACTS;

const WEIGHTS: Weights<Kind> = {
  start: 3,
  fork: 1,
  mix: 2,
  close: 1,
  renew: 24,
  deliver: 8,
  spend: 28,
  again: 2,
  pause: 1,
  resume: 3,
  policy: 3,
  reseal: 1,
  approve: 6,
  use: 4,
  wait: 9,
};

/** Instances a move may be made with: the newest. */
const REACH = 4;

export async function playScript(folder: string, script: readonly Move<Kind>[]): Promise<Game> {
  return inGame(
    () => createGame(folder),
    async (game) => {
      for (const { kind, who, what } of script) {
        const instance = who % 2 === 0 ? game.instances.at(-1) : pick(game.instances.slice(-REACH), who >>> 1);
        await ACTS[kind](game, instance as Instance, what);
        if (game.fault !== null) break;
      }
    },
  );
}

export function playSeed(folder: string, seed: number, moves: number): Promise<Game> {
  return playScript(folder, drawScript(seed, moves, WEIGHTS));
}

export async function tellLoss(folder: string, seed: number, moves: number): Promise<string> {
  const loses = async (script: readonly Move<Kind>[]) => (await playScript(folder, script)).fault !== null;
  const shortest = await shrinkScript(drawScript(seed, moves, WEIGHTS), loses);
  return tell(await playScript(folder, shortest), `game ${seed}, ${shortest.length} moves`);
}

export function tell({ fault, log }: Game, title: string): string {
  return [`${title}: ${fault}`, ...log].join('\n  ');
}

/** Plays with the machine's clock showing the game's time, as the owner's tools read it. */
export async function inGame(create: () => Promise<Game>, play: (game: Game) => Promise<void>): Promise<Game> {
  const machine = Date.now;
  try {
    const game = await create();
    Date.now = () => game.site.now;
    await play(game);
    return game;
  } finally {
    Date.now = machine;
  }
}
