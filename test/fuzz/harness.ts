/**
 * One fuzzer for every reader: inputs that a seed decides, and four things that must never happen: an exception nobody announced, more than 50 ms
 * for one input, more than 64 MiB of memory for it or kept after it, bytes that are accepted and say something else when written again.
 */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { equalBytes } from '../../policy/bytes.ts';
import type { Stock } from './mutate.ts';
import { mutate } from './mutate.ts';
import { seedRandom } from './random.ts';

/** Milliseconds one input may take. */
export const INPUT_MS = 50;
/** Bytes that the process may grow by between two looks at it, and that may be kept at the end of what was there when it was warm. */
export const MEMORY_BYTES = 64 * 1024 * 1024;
/** Inputs after which the process counts as warm, and between two looks at its memory. */
const WARM_INPUTS = 2_000;
const LOOK_INPUTS = 250;
/** An input that took this long is tried again so often, by processor time: what took the time may have been another process. */
const SUSPECT_MS = 10;
const SUSPECT_TRIES = 3;
/** Inputs that gave an answer nobody gave before, kept to be changed further. */
const DISCOVERIES_MAX = 400;
/** Findings after which a run ends: more of them say nothing new. */
const FINDINGS_MAX = 5;

/** `ok`, or the code of a refusal. `encoded`: what was accepted, written again. */
export interface Answer {
  readonly code: string;
  readonly encoded?: Uint8Array;
}

/** One reader of outside bytes. `run` must not throw: a throw is a finding. */
export interface Target extends Omit<Stock, 'corpus'> {
  readonly name: string;
  /** How many inputs it gets in a full run. */
  readonly inputs: number;
  readonly seeds: readonly Uint8Array[];
  readonly run: (input: Uint8Array) => Answer;
}

export interface Finding {
  readonly kind: 'crash' | 'slow' | 'memory' | 'encoding' | 'seed';
  readonly detail: string;
  /** The input, or the last of the inputs after which memory had grown. */
  readonly input: Uint8Array;
}

export interface Report {
  readonly inputs: number;
  /** Inputs that were read whole. */
  readonly accepted: number;
  /** Answers by code. */
  readonly codes: ReadonlyMap<string, number>;
  readonly slowestMs: number;
  readonly keptBytes: number;
  readonly findings: readonly Finding[];
}

export interface Options {
  readonly inputs: number;
  readonly seed: number;
  /** Called now and then with the number of inputs so far. */
  readonly onProgress?: (done: number) => void;
}

interface Run {
  readonly target: Target;
  readonly corpus: Uint8Array[];
  readonly codes: Map<string, number>;
  readonly findings: Finding[];
  accepted: number;
  slowestMs: number;
  /** What was kept when the process was warm; until then nothing is said about memory. */
  warmBytes: number | null;
  /** The most memory the process ever held, at the last look. */
  peakBytes: number;
}

/** Runs a target on its seeds and on so many changed inputs. Synchronous. */
export function fuzz(target: Target, { inputs, seed, onProgress }: Options): Report {
  const random = seedRandom(seed);
  const run: Run = {
    target,
    corpus: [...target.seeds],
    codes: new Map(),
    findings: [],
    accepted: 0,
    slowestMs: 0,
    warmBytes: null,
    peakBytes: 0,
  };
  for (const input of target.seeds) take(run, input);
  if (!run.codes.has('ok'))
    run.findings.push({ kind: 'seed', detail: 'no seed is accepted', input: new Uint8Array(0) });
  let done = 0;
  for (; done < inputs && run.findings.length < FINDINGS_MAX; done += 1) {
    const input = mutate(random.pick(run.corpus), random, { ...target, corpus: run.corpus });
    if (take(run, input) && run.corpus.length < target.seeds.length + DISCOVERIES_MAX) run.corpus.push(input);
    if (done % LOOK_INPUTS !== 0) continue;
    lookAtMemory(run, done, input);
    onProgress?.(done);
  }
  const { accepted, codes, slowestMs, findings, warmBytes } = run;
  const keptBytes = warmBytes === null ? 0 : keptMemory() - warmBytes;
  if (keptBytes > MEMORY_BYTES)
    findings.push({ kind: 'memory', detail: `${keptBytes} bytes kept`, input: new Uint8Array(0) });
  return { inputs: done, accepted, codes, slowestMs, keptBytes, findings };
}

/** Whether the input got an answer that nothing got before. */
function take(run: Run, input: Uint8Array): boolean {
  const { answer, ms, finding } = runOnce(run.target, input);
  run.slowestMs = Math.max(run.slowestMs, ms);
  if (finding !== null) run.findings.push(finding);
  const { code, encoded } = answer;
  if (code === 'ok' || encoded !== undefined) run.accepted += 1;
  const times = run.codes.get(code) ?? 0;
  run.codes.set(code, times + 1);
  return times === 0;
}

function lookAtMemory(run: Run, done: number, input: Uint8Array): void {
  if (done < WARM_INPUTS) return;
  run.warmBytes ??= keptMemory();
  const peak = process.resourceUsage().maxRSS * 1024;
  const grown = peak - run.peakBytes;
  if (run.peakBytes > 0 && grown > MEMORY_BYTES)
    run.findings.push({ kind: 'memory', detail: `${grown} bytes more`, input });
  run.peakBytes = peak;
}

/** What is left after everything that can go has gone. */
function keptMemory(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What the first round frees of buffers is counted only by the second.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

interface Outcome {
  readonly answer: Answer;
  readonly ms: number;
  readonly finding: Finding | null;
}

function runOnce(target: Target, input: Uint8Array): Outcome {
  const kept = input.slice();
  const start = performance.now();
  let answer: Answer;
  try {
    answer = target.run(input);
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { answer: { code: 'crash' }, ms: 0, finding: { kind: 'crash', detail, input: kept } };
  }
  const took = performance.now() - start;
  const ms = took > SUSPECT_MS ? Math.min(took, repeat(target, kept)) : took;
  const finding = judgeAnswer(answer, ms, input, kept);
  return { answer, ms, finding };
}

function judgeAnswer({ encoded }: Answer, ms: number, input: Uint8Array, kept: Uint8Array): Finding | null {
  if (!equalBytes(input, kept)) return { kind: 'crash', detail: 'the reader wrote into its input', input: kept };
  if (encoded !== undefined && !equalBytes(encoded, input)) return { kind: 'encoding', detail: encoded.toHex(), input };
  return ms <= INPUT_MS ? null : { kind: 'slow', detail: `${ms.toFixed(1)} ms`, input };
}

/** The shortest of some tries. */
function repeat(target: Target, input: Uint8Array): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < SUSPECT_TRIES && fastest > SUSPECT_MS; tries += 1) {
    const start = process.threadCpuUsage();
    target.run(input);
    const { user, system } = process.threadCpuUsage(start);
    fastest = Math.min(fastest, (user + system) / 1_000);
  }
  return fastest;
}
