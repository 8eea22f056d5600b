/**
 * What stands in for tap while mutants are tested: the assertions the tests of `policy/` use, in this process, with tap's own comparisons,
 * ending a file at its first failure. The same tests pass under tap in `make test`; what is asked of this is that it fails where tap does.
 */
import assert from 'node:assert';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

type Comparison = (found: unknown, wanted: unknown) => { readonly match: boolean };

/** tap's own: Node 26 takes `[1, 2]` for `[1, null]` when it compares loosely. */
const compare: { readonly same: Comparison; readonly strict: Comparison; readonly match: Comparison } = createRequire(
  import.meta.resolve('tap'),
)('tcompare');

type Body = (t: typeof standIn) => unknown;
type ErrorClass = new (...given: never[]) => Error;

/** What one outermost test of a file did, or (name null) what loading the file did. */
export interface Outcome {
  readonly name: string | null;
  readonly milliseconds: number;
  readonly failure: string | null;
}
export interface Watch {
  readonly wants: (name: string) => boolean;
  readonly begins: (name: string | null) => void;
}

interface File extends Watch {
  readonly outcomes: Outcome[];
  /** Outermost tests run one after the other, once the whole file is loaded. */
  queue: Promise<unknown>;
  inside: boolean;
  /** The first failure: it counts also where a test's own code catches it. */
  failure: string | null;
}

let current: File;

/** Loads one file and runs those of its tests that are wanted, up to the first failure. A file does not await its outermost tests. */
export async function runTests(load: () => Promise<unknown>, watch: Watch): Promise<readonly Outcome[]> {
  const { promise: loaded, resolve } = Promise.withResolvers<void>();
  current = { ...watch, outcomes: [], queue: loaded, inside: false, failure: null };
  await record(null, load);
  resolve();
  await current.queue;
  return current.outcomes;
}

async function record(name: string | null, body: () => unknown): Promise<void> {
  current.begins(name);
  const began = performance.now();
  try {
    await body();
  } catch (error) {
    if (isMissing(error)) throw error;
    current.failure ??= String(error);
  }
  current.outcomes.push({ name, milliseconds: performance.now() - began, failure: current.failure });
}

/** A file that is not there says nothing about a mutant: the run is broken, not the mutant killed. */
function isMissing(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'ENOENT';
}

async function runOutermost(name: string, body: Body): Promise<void> {
  if (current.failure !== null || !current.wants(name)) return;
  current.inside = true;
  await record(name, () => body(standIn));
  current.inside = false;
}

function test(name: string, options: { readonly skip?: unknown } | Body, given?: Body): Promise<unknown> {
  const body = typeof options === 'function' ? options : given;
  if (body === undefined || (typeof options === 'object' && options.skip)) return Promise.resolve();
  if (current.inside) return Promise.resolve(body(standIn));
  current.queue = current.queue.then(() => runOutermost(name, body));
  return current.queue;
}

function fail(message = 'failed'): never {
  current.failure ??= message;
  throw new Error(message);
}

function check(holds: boolean, message: string | undefined, what: string): true {
  return holds || fail(message ?? what);
}

function passes(assertion: () => void): boolean {
  try {
    assertion();
    return true;
  } catch {
    return false;
  }
}

function throwsAs(body: () => void, wanted: RegExp | ErrorClass | string | undefined): void {
  if (wanted === undefined || typeof wanted === 'string') assert.throws(body);
  else assert.throws(body, wanted);
}

const standIn = {
  test,
  fail,
  pass: () => true,
  comment: () => undefined,
  setTimeout: () => undefined,
  ok: (value: unknown, message?: string) => check(Boolean(value), message, 'not true'),
  notOk: (value: unknown, message?: string) => check(!value, message, 'true'),
  equal: (found: unknown, wanted: unknown, message?: string) => check(Object.is(found, wanted), message, 'not equal'),
  not: (found: unknown, other: unknown, message?: string) => check(!Object.is(found, other), message, 'equal'),
  same: (found: unknown, wanted: unknown, message?: string) =>
    check(compare.same(found, wanted).match, message, 'not the same'),
  strictSame: (found: unknown, wanted: unknown, message?: string) =>
    check(compare.strict(found, wanted).match, message, 'not strictly the same'),
  match: (found: unknown, wanted: unknown, message?: string) =>
    check(compare.match(found, wanted).match, message, 'no match'),
  notMatch: (found: unknown, wanted: unknown, message?: string) =>
    check(!compare.match(found, wanted).match, message, 'match'),
  doesNotThrow: (body: () => void, message?: string) => check(passes(body), message, 'throws'),
  throws: (body: () => void, wanted?: RegExp | ErrorClass | string, message?: string) =>
    check(
      passes(() => throwsAs(body, wanted)),
      message,
      'does not throw so',
    ),
};

export default standIn;
