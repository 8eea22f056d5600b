/**
 * Runs tests of `policy/` for Stryker inside one process, which is what makes thousands of mutants practical: starting a process for each
 * mutant and file took ten times as long. A test is one outermost `t.test` of a file. Loading a file is a test too: a mutant that is met
 * there gets modules of its own, and is held to every test of that file.
 */
import { resolve } from 'node:path';
import fc from 'fast-check';
import { installHooks, renewModules, urlOfTest } from './mutation-loader.ts';
import { runTests } from './mutation-tap.ts';

/** What the instrumented code reads and writes. */
interface Instrumented {
  activeMutant?: string;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  readonly mutantCoverage?: unknown;
}
interface TestResult {
  readonly id: string;
  readonly name: string;
  readonly fileName: string;
  readonly timeSpentMs: number;
  /** Stryker's numbers for passed and failed. */
  readonly status: 0 | 1;
  readonly failureMessage: string;
}
interface MutantRun {
  readonly activeMutant: { readonly id: string };
  /** How often the mutant may be met: beyond that, its loop does not end. */
  readonly hitLimit?: number;
  readonly testFilter?: readonly string[];
}

/** Stryker lets a mutant be met a hundred times as often as the code it stands for. Ten times is enough, and ends a loop in a second. */
const HITS_LOWERED = 10;
const SEPARATOR = ' › ';
const LOADING = 'loading it';

const shared: Instrumented = {};
(globalThis as { __stryker__?: Instrumented }).__stryker__ = shared;

function idOf(file: string, name: string | null): string {
  return `${file}${SEPARATOR}${name ?? LOADING}`;
}

async function runFile(file: string, wants: (id: string) => boolean): Promise<TestResult[]> {
  const outcomes = await runTests(() => import(urlOfTest(resolve(file))), {
    wants: (name) => wants(idOf(file, name)),
    begins: (name) => {
      shared.currentTestId = idOf(file, name);
    },
  });
  shared.currentTestId = undefined;
  return outcomes.map(({ name, milliseconds, failure }) => ({
    id: idOf(file, name),
    name: idOf(file, name),
    fileName: file,
    timeSpentMs: milliseconds,
    status: failure === null ? 0 : 1,
    failureMessage: failure ?? '',
  }));
}

/** Without a mutant, and each file with modules of its own: so it is known which mutants loading it meets. */
async function runAll(files: readonly string[]) {
  const tests: TestResult[] = [];
  for (const file of files) {
    renewModules();
    tests.push(...(await runFile(file, () => true)));
  }
  return { status: 'complete', tests, mutantCoverage: shared.mutantCoverage };
}

async function runMutant(files: readonly string[], { activeMutant, hitLimit: most, testFilter }: MutantRun) {
  const hitLimit = most === undefined ? undefined : most / HITS_LOWERED;
  const filter = new Set(testFilter ?? files.map((file) => idOf(file, null)));
  const wanted = files.filter((file) => [...filter].some((id) => id.startsWith(`${file}${SEPARATOR}`)));
  const hitCount = hitLimit === undefined ? undefined : 0;
  Object.assign(shared, { activeMutant: activeMutant.id, hitLimit, hitCount });
  const isLoaded = wanted.some((file) => filter.has(idOf(file, null)));
  if (isLoaded) renewModules();
  const results = await runUntilKilled(wanted, filter);
  if (isLoaded) renewModules();
  if (hitLimit !== undefined && (shared.hitCount ?? 0) > hitLimit)
    return { status: 'timeout', reason: `met more than ${hitLimit} times` };
  const killer = results.find(({ status }) => status === 1);
  const nrOfTests = results.length;
  if (killer === undefined) return { status: 'survived', nrOfTests };
  return { status: 'killed', killedBy: [killer.id], failureMessage: killer.failureMessage, nrOfTests };
}

async function runUntilKilled(files: readonly string[], filter: ReadonlySet<string>): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const file of files) {
    const whole = filter.has(idOf(file, null));
    results.push(...(await runFile(file, (id) => whole || filter.has(id))));
    if (results.some(({ status }) => status === 1)) break;
  }
  return results;
}

function createRunner({ inside }: { readonly inside: { readonly testFiles: readonly string[] } }) {
  return {
    capabilities: () => ({ reloadEnvironment: true }),
    init: () => {
      installHooks();
      // A failed property is enough; the smallest example is for people.
      fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
    },
    dryRun: () => runAll(inside.testFiles),
    mutantRun: (run: MutantRun) => runMutant(inside.testFiles, run),
  };
}
createRunner.inject = ['options'] as const;

export const strykerPlugins = [{ kind: 'TestRunner', name: 'inside', factory: createRunner }];
export const strykerValidationSchema = { properties: { inside: { type: 'object' } } };
