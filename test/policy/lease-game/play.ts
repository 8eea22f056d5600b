/** Whole games: drawn at random, and where one is lost its shortest form, told move by move. */

import type { Move, Weights } from './dice.ts';
import { drawScript, shrinkScript } from './dice.ts';
import type { Game, GameOptions } from './game.ts';
import { createGame } from './game.ts';
import type { Kind } from './moves.ts';
import { makeMove } from './moves.ts';
import type { Rules } from './rules.ts';

const WEIGHTS: Weights<Kind> = {
  start: 8,
  kill: 1,
  close: 2,
  renew: 20,
  withhold: 8,
  crash: 2,
  deliver: 18,
  spend: 34,
  wait: 12,
  sleep: 1,
  pause: 1,
  resume: 3,
  policy: 3,
  approve: 5,
  use: 5,
  settle: 2,
};

/** Plays a script until it ends or something is broken. */
export function playScript(script: readonly Move<Kind>[], rules: Rules, options: GameOptions = {}): Game {
  const game = createGame(rules, options);
  for (const move of script) {
    makeMove(game, move);
    if (game.fault !== null) break;
  }
  return game;
}

export function playSeed(seed: number, moves: number, rules: Rules, options: GameOptions = {}): Game {
  return playScript(drawScript(seed, moves, WEIGHTS), rules, options);
}

/** The shortest form of a lost game, told. */
export async function tellLoss(seed: number, moves: number, rules: Rules, options: GameOptions = {}): Promise<string> {
  const loses = (script: readonly Move<Kind>[]) => playScript(script, rules, options).fault !== null;
  const shortest = await shrinkScript(drawScript(seed, moves, WEIGHTS), loses);
  const { log, fault } = playScript(shortest, rules, { ...options, told: true });
  return [`game ${seed}, ${shortest.length} moves: ${fault}`, ...(log ?? [])].join('\n  ');
}
