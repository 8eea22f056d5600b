/** Programs of the machine, run with no more environment than they are given. */

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { ReeveError } from '../../enclave/link/errors.ts';

/** Lines of a failed program's output that an error shows. */
const SHOWN_LINES = 5;

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where its output goes. */
  readonly log: string;
}

/** Runs a program to its end, or throws `image-build` with the last lines it said. */
export async function runProgram({ command, args, folder, env = {}, log }: Program): Promise<void> {
  const output = openSync(log, 'a');
  try {
    const child = spawn(
      '/usr/bin/env',
      [
        '-i',
        ...Object.entries({ PATH: '/usr/bin:/bin', ...env }).map(([name, value]) => `${name}=${value}`),
        command,
        ...args,
      ],
      {
        ...(folder === undefined ? {} : { cwd: folder }),
        env: {},
        stdio: ['ignore', output, output],
      },
    );
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status, signal) => resolve(status ?? signal ?? 'unknown'));
    });
    if (code !== 0) throw new ReeveError('image-build', { program: command, ended: code, last: readTail(log) });
  } finally {
    closeSync(output);
  }
}

function readTail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-SHOWN_LINES).join(' | ');
}
