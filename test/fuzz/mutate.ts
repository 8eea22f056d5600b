/** What is done to an input: one to four of these changes, mostly one, each the kind of thing that breaks readers. */
import { concatBytes } from '../../policy/bytes.ts';
import type { Random } from './random.ts';

/** What the changes may draw from besides the input itself. */
export interface Stock {
  readonly corpus: readonly Uint8Array[];
  /** Byte strings that mean something to the reader. */
  readonly tokens: readonly Uint8Array[];
  /** Where an input can be cut into tokens of its language; by default anywhere. */
  readonly cuts?: (input: Uint8Array) => readonly number[];
  /** Bytes. */
  readonly longest: number;
}

type Mutator = (input: Uint8Array, random: Random, stock: Stock) => Uint8Array;

const CHANGES_MAX = 4;
/** Bytes that one change moves, removes or repeats, where no tokens say otherwise. */
const RANGE_MAX = 64;
/** The borders of lengths and counts in every layout that is read here. */
const BORDERS = [0, 1, 2, 0x17, 0x18, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xfe, 0xff].map(BigInt);
const WIDE_BORDERS = [0xffffn, 0x10000n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

const mutators: readonly Mutator[] = [
  flipBit,
  setByte,
  nudgeByte,
  writeBorder,
  truncate,
  extend,
  removeRange,
  repeatRange,
  swapRanges,
  insertToken,
  overwriteToken,
  splice,
];

/** A changed copy, never longer than the stock allows. */
export function mutate(input: Uint8Array, random: Random, stock: Stock): Uint8Array {
  let output = input;
  const changes = 1 + random.below(1 + random.below(CHANGES_MAX));
  for (let change = 0; change < changes; change += 1) {
    output = random.pick(mutators)(output, random, stock);
  }
  return output.subarray(0, stock.longest);
}

function withByte(input: Uint8Array, random: Random, change: (byte: number) => number): Uint8Array {
  const output = input.slice();
  const at = random.below(input.length);
  if (input.length > 0) output[at] = change(output[at] as number);
  return output;
}

function flipBit(input: Uint8Array, random: Random): Uint8Array {
  return withByte(input, random, (byte) => byte ^ (1 << random.below(8)));
}

function setByte(input: Uint8Array, random: Random): Uint8Array {
  return withByte(input, random, () => random.below(256));
}

/** A length, count or index that is off by a little. */
function nudgeByte(input: Uint8Array, random: Random): Uint8Array {
  return withByte(input, random, (byte) => byte + random.pick([-2, -1, 1, 2]));
}

/** A length of 1, 2, 4 or 8 bytes at a border, either end first. */
function writeBorder(input: Uint8Array, random: Random): Uint8Array {
  const width = random.pick([1, 2, 4, 8]);
  const value = random.pick([...BORDERS, ...WIDE_BORDERS, BigInt(input.length)]);
  const bytes = Uint8Array.from({ length: width }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
  if (random.below(2) === 0) bytes.reverse();
  const output = input.slice();
  const at = random.below(Math.max(1, input.length - width));
  output.set(bytes.subarray(0, input.length - at), at);
  return output;
}

function truncate(input: Uint8Array, random: Random): Uint8Array {
  return input.subarray(0, random.below(input.length + 1));
}

function extend(input: Uint8Array, random: Random): Uint8Array {
  return concatBytes(input, new Uint8Array(1 + random.below(RANGE_MAX)).fill(random.below(256)));
}

function removeRange(input: Uint8Array, random: Random, stock: Stock): Uint8Array {
  const [from, to] = pickRange(input, random, stock);
  return concatBytes(input.subarray(0, from), input.subarray(to));
}

function repeatRange(input: Uint8Array, random: Random, stock: Stock): Uint8Array {
  const [from, to] = pickRange(input, random, stock);
  return concatBytes(input.subarray(0, to), input.subarray(from));
}

function swapRanges(input: Uint8Array, random: Random, stock: Stock): Uint8Array {
  const [one, other] = [pickRange(input, random, stock), pickRange(input, random, stock)];
  const [first, second] = one[0] <= other[0] ? [one, other] : [other, one];
  if (first[1] > second[0]) return input;
  return concatBytes(
    input.subarray(0, first[0]),
    input.subarray(...second),
    input.subarray(first[1], second[0]),
    input.subarray(...first),
    input.subarray(second[1]),
  );
}

function insertToken(input: Uint8Array, random: Random, stock: Stock): Uint8Array {
  if (stock.tokens.length === 0) return input;
  const [at] = pickRange(input, random, stock);
  return concatBytes(input.subarray(0, at), random.pick(stock.tokens), input.subarray(at));
}

function overwriteToken(input: Uint8Array, random: Random, stock: Stock): Uint8Array {
  if (stock.tokens.length === 0) return input;
  const [from, to] = pickRange(input, random, stock);
  return concatBytes(input.subarray(0, from), random.pick(stock.tokens), input.subarray(to));
}

/** The beginning of one input with the end of another. */
function splice(input: Uint8Array, random: Random, stock: Stock): Uint8Array {
  const other = random.pick(stock.corpus);
  return concatBytes(input.subarray(0, random.below(input.length + 1)), other.subarray(random.below(other.length + 1)));
}

/** Between two cuts, or any few bytes. */
function pickRange(input: Uint8Array, random: Random, { cuts }: Stock): [from: number, to: number] {
  const places = cuts?.(input) ?? [];
  if (places.length > 1 && random.below(4) > 0) {
    const index = random.below(places.length - 1);
    return [places[index] as number, places[index + 1] as number];
  }
  const from = random.below(input.length + 1);
  return [from, Math.min(input.length, from + random.below(RANGE_MAX))];
}
