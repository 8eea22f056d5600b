/** The fuzzer itself: it finds what is planted, and the same seed gives the same inputs. */
import t from 'tap';
import { equalBytes } from '../../policy/bytes.ts';
import type { Answer, Target } from './harness.ts';
import { fuzz, INPUT_MS, MEMORY_BYTES } from './harness.ts';
import { mutate } from './mutate.ts';
import { seedRandom } from './random.ts';

const utf8 = new TextEncoder();
const base: Target = {
  name: 'planted',
  inputs: 0,
  longest: 100,
  seeds: [utf8.encode('one two three')],
  tokens: [utf8.encode('four')],
  run: () => ({ code: 'ok' }),
};
const hasFour = (input: Uint8Array) => Buffer.from(input).includes('four');
let kept: Uint8Array[] = [];

/** Keeps the processor for longer than an input may. */
function spin(): Answer {
  const start = process.threadCpuUsage();
  while (process.threadCpuUsage(start).user < (INPUT_MS + 20) * 1_000);
  return { code: 'ok' };
}

/** Takes so much at once. */
function hoard(bytes: number): Answer {
  kept.push(new Uint8Array(bytes).fill(1));
  return { code: 'ok' };
}

t.test('what is planted is found', async (t) => {
  const throwOn = (found: boolean): Answer => {
    if (found) throw new Error('planted');
    return { code: 'ok' };
  };
  const rows: [kind: string, run: (input: Uint8Array) => Answer][] = [
    ['crash', (input) => throwOn(hasFour(input))],
    ['crash', (input) => ({ code: String(input.fill(0).length) })],
    ['slow', (input) => (hasFour(input) ? spin() : { code: 'ok' })],
    ['encoding', (input) => ({ code: 'ok', encoded: hasFour(input) ? input.subarray(1) : input })],
    ['memory', delayed((input) => (hasFour(input) && kept.length < 1 ? hoard(MEMORY_BYTES * 1.5) : { code: 'ok' }))],
    ['memory', delayed(() => hoard(MEMORY_BYTES >> 9))],
    ['seed', () => ({ code: 'refused' })],
  ];
  for (const [kind, run] of rows) {
    kept = [];
    const { findings } = fuzz({ ...base, run }, { inputs: 3_600, seed: 1 });
    t.ok(
      findings.some((finding) => finding.kind === kind),
      `${kind}: ${findings[0]?.kind} ${findings[0]?.detail.slice(0, 60)}`,
    );
  }
  t.strictSame(fuzz(base, { inputs: 500, seed: 1 }).findings, []);
});

/** Nothing is said about memory before the process is warm. */
function delayed(run: Target['run']): Target['run'] {
  let inputs = 0;
  return (input) => {
    inputs += 1;
    return inputs > 2_900 ? run(input) : { code: 'ok' };
  };
}

t.test('a seed decides every input, and an answer that is new makes its input a seed', async (t) => {
  const inputsOf = (seed: number) => {
    const seen: string[] = [];
    fuzz(
      { ...base, run: (input) => ({ code: hasFour(input) ? 'four' : 'ok', seen: seen.push(input.toHex()) }) },
      { inputs: 300, seed },
    );
    return seen;
  };
  t.strictSame(inputsOf(5), inputsOf(5));
  t.notSame(inputsOf(5), inputsOf(6));
  const depth = (code: (input: Uint8Array) => string) => {
    const { codes } = fuzz({ ...base, run: (input) => ({ code: code(input) }) }, { inputs: 3_000, seed: 2 });
    return codes.size;
  };
  const fours = (input: Uint8Array) => Buffer.from(input).toString('latin1').split('four').length - 1;
  t.ok(depth((input) => (fours(input) === 0 ? 'ok' : `${fours(input)}`)) > 6, 'tokens pile up step by step');
});

t.test('changes never pass the longest length, and never touch the input', async (t) => {
  const random = seedRandom(3);
  const input = utf8.encode('one two three');
  const lengths = new Set<number>();
  for (let round = 0; round < 5_000; round += 1) {
    const cuts = round % 2 === 0 ? {} : { cuts: () => [0, 4, 8] };
    lengths.add(mutate(input, random, { ...base, ...cuts, corpus: base.seeds, longest: 20 }).length);
  }
  t.ok(equalBytes(input, utf8.encode('one two three')));
  t.equal(Math.max(...lengths), 20);
  t.equal(Math.min(...lengths), 0);
  t.ok(lengths.size > 15, 'all lengths');
});
