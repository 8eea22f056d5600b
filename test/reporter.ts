/** tap's reporter of this project: failures as they come, then one closing line `N passed, N failed, N skipped`, counted per test in a file. */

import { Transform } from 'node:stream';
import type { Result } from 'tap-parser';
import { Parser } from 'tap-parser';

const counts = { passed: 0, failed: 0, skipped: 0 };
const skippedNames: string[] = [];

/** Failures counted so far in the file whose own line comes next. */
let failedInFile = 0;

/** Counts what stands directly in a file: its tests. */
function countFile(file: Parser): void {
  failedInFile = 0;
  file.on('assert', (result: Result) => {
    if (!result.ok && result.todo === false) failedInFile++;
    countResult(result, file.name);
  });
  file.on('child', (test) => watchAssertions(test, file.name));
}

/** A file's own line. One that crashed or was cut short may have no test that failed: it is a failure itself. */
function closeFile(result: Result): void {
  process.stderr.write(`${result.ok ? 'ok    ' : 'not ok'} ${result.name}\n`);
  if (result.ok || failedInFile > 0) return;
  counts.failed++;
  printFailure(result, result.name);
}

/** Prints the assertions that failed inside a test, however deep. */
function watchAssertions(test: Parser, file: string): void {
  test.on('child', (inner) => watchAssertions(inner, file));
  test.on('assert', (result: Result) => {
    if (!result.ok && result.todo === false) printFailure(result, file);
  });
}

function printFailure(result: Result, file: string): void {
  process.stdout.write(
    `\nFAILED ${file}: ${result.name}\n${JSON.stringify(result.diag ?? {}, null, 1).slice(0, 4000)}\n`,
  );
}

function countResult(result: Result, file: string): void {
  if (!result.ok && result.todo === false) {
    counts.failed++;
    printFailure(result, file);
  } else if (result.skip !== false || result.todo !== false) {
    counts.skipped++;
    skippedNames.push(`${file}: ${result.name}`);
  } else {
    counts.passed++;
  }
}

export default class Reporter extends Transform {
  constructor() {
    const parser = new Parser();
    super({
      transform: (chunk, encoding, done) => {
        parser.write(chunk, encoding);
        done();
      },
    });
    parser.on('child', countFile);
    parser.on('assert', closeFile);
    this.on('finish', () => parser.end());
    process.once('exit', () => {
      for (const name of skippedNames) process.stdout.write(`SKIPPED ${name}\n`);
      process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
    });
  }
}
