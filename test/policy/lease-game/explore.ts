/**
 * Every game up to a number of moves: breadth first, each state once. A state is all that a game consists of, so that two orders of the same moves
 * meet again, and a move that does nothing leads nowhere.
 */
import { createHash } from 'node:crypto';
import { exportLedger } from '../../../policy/ledger-state.ts';
import type { Game, GameOptions, Receipt } from './game.ts';
import { createGame } from './game.ts';
import type { Rules } from './rules.ts';

/** One of the moves an explored game is made of, with its actor and all it chooses fixed: it can be made again in a game that came the same way. */
export type Step = (game: Game) => void;

export interface Explored {
  /** New states after so many moves, the first after none; those after the last move are not told apart. */
  readonly states: readonly number[];
  /** Moves tried. */
  readonly tried: number;
  /** The shortest lost game, told, or null. */
  readonly loss: string | null;
}

type Path = readonly Step[];

/** Plays every sequence of `depth` steps; `list` says which there are in a state. Ends with the first promise broken, so with a shortest lost game. */
export function explore(
  depth: number,
  rules: Rules,
  list: (game: Game) => readonly Step[],
  options: GameOptions = {},
): Explored {
  let frontier: Path[] = [[]];
  const seen = new Set([describeState(createGame(rules, options))]);
  const states = [1];
  let tried = 0;
  for (let moves = 1; moves <= depth; moves++) {
    const next: Path[] = [];
    for (const path of frontier) {
      for (const step of list(replay(path, rules, options))) {
        const longer = [...path, step];
        const game = replay(longer, rules, options);
        tried += 1;
        if (game.fault !== null) return { states, tried, loss: tellPath(longer, rules, options) };
        // Nothing is played from the last states, so they need not be told apart.
        if (moves === depth) continue;
        const state = describeState(game);
        if (seen.has(state)) continue;
        seen.add(state);
        next.push(longer);
      }
    }
    frontier = next;
    if (moves < depth) states.push(next.length);
  }
  return { states, tried, loss: null };
}

/** Games are played again from the start: what an instance holds is changed in place, and to copy it would be one more thing to get wrong. */
function replay(path: Path, rules: Rules, options: GameOptions): Game {
  const game = createGame(rules, options);
  for (const step of path) step(game);
  return game;
}

function tellPath(path: Path, rules: Rules, options: GameOptions): string {
  const { fault, log } = replay(path, rules, { ...options, told: true });
  return [`${path.length} moves: ${fault}`, ...(log ?? [])].join('\n  ');
}

const plain = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** All of a game, hashed. What the host holds is a set: in which order it came there says nothing. */
function describeState(game: Game): string {
  const { now, witness, eras, issued, signatures, approvals, silentFrom } = game;
  const keys = new Map<Receipt, string>();
  const keyOf = (receipt: Receipt | null): string => {
    if (receipt === null) return '';
    const known = keys.get(receipt);
    if (known !== undefined) return known;
    const { before, boot, at, event } = receipt;
    const key = `${keyOf(before)}<${Number.parseInt(boot, 16)}@${at}${JSON.stringify(event, plain)}`;
    keys.set(receipt, key);
    return key;
  };
  const instances = game.instances.map(({ ledger, tip, origin: _, ...rest }) => [
    keyOf(tip),
    exportLedger(ledger),
    rest,
  ]);
  const mail = game.mail.map((command) => JSON.stringify(command, plain));
  const sets = [game.receipts.map(keyOf).sort(), mail.sort()];
  const text = JSON.stringify(
    [now, witness, eras.length, issued, signatures, approvals, silentFrom, instances, sets],
    plain,
  );
  return createHash('md5').update(text).digest('base64');
}
