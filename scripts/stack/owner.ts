/** The owner as the stack plays it: the same commands an owner types, run in this process with `--yes` and `--json`. */

import { Readable, Writable } from 'node:stream';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Run } from '../cli/io.ts';
import { run as runOwnerCommand } from '../owner/main.ts';

export interface OwnerAnswer {
  readonly code: number;
  readonly value: Record<string, unknown>;
  readonly text: string;
}

/** Runs `reeve owner …` and reads the JSON it prints. */
export function runOwner(argv: readonly string[]): Promise<OwnerAnswer> {
  return runJson(runOwnerCommand, argv);
}

/** Runs any command and reads the JSON it prints. */
export async function runJson(run: Run, argv: readonly string[]): Promise<OwnerAnswer> {
  const out = collect();
  const err = collect();
  const io = { stdout: out.stream, stderr: err.stream, stdin: Readable.from([]), env: process.env };
  const code = await run([...argv, '--yes', '--json'], io);
  return { code, value: readJson(out.text()), text: `${out.text()}${err.text()}`.trim() };
}

/** The same, for a step that must succeed. */
export async function mustOwner(argv: readonly string[]): Promise<Record<string, unknown>> {
  const { code, value, text } = await runOwner(argv);
  if (code !== 0) throw new ReeveError('internal', { command: argv.slice(0, 2).join(' '), said: text.slice(-400) });
  return value;
}

function collect(): { stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

function readJson(text: string): Record<string, unknown> {
  const line = text.trim().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
