/** Games as data: a script of moves drawn from a seed, so that a lost game can be played again and made shorter. */

/** `who` and `what` are drawn whole and taken modulo what there is to choose from when the move is made. */
export interface Move<Kind extends string = string> {
  readonly kind: Kind;
  readonly who: number;
  readonly what: number;
}

/** A kind of move and how often it is drawn, relative to the others. */
export type Weights<Kind extends string> = Readonly<Record<Kind, number>>;

/** Mulberry32: small, seeded, good enough to play. */
function createDice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** The script of a seed: always the same. */
export function drawScript<Kind extends string>(seed: number, length: number, weights: Weights<Kind>): Move<Kind>[] {
  const roll = createDice(seed);
  const kinds = (Object.entries(weights) as [Kind, number][]).flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind),
  );
  return Array.from({ length }, () => ({
    kind: kinds[roll() % kinds.length] as Kind,
    who: roll() >>> 8,
    what: roll() >>> 8,
  }));
}

/** The element a drawn number stands for. */
export function pick<Value>(values: readonly Value[], drawn: number): Value | undefined {
  return values[drawn % values.length];
}

/** Leaves out moves, many at once and then one by one, for as long as the script still loses. */
export async function shrinkScript<Kind extends string>(
  script: readonly Move<Kind>[],
  loses: (script: readonly Move<Kind>[]) => boolean | Promise<boolean>,
): Promise<readonly Move<Kind>[]> {
  let shortest = script;
  for (let size = Math.ceil(script.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let at = 0; at < shortest.length; ) {
      const shorter = shortest.toSpliced(at, size);
      if (await loses(shorter)) shortest = shorter;
      else at += size;
    }
  }
  return shortest;
}
