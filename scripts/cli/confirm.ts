/** The question before something is signed. */

import { createInterface } from 'node:readline';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Context } from './command.ts';

/** Returns when the answer is `yes` or `y`, or `--yes` was given; anything else, and the end of input, is `not-confirmed`. */
export async function confirm(context: Context, question: string): Promise<void> {
  if (context.yes) return;
  context.io.stderr.write(`${question} [yes/no] `);
  const lines = createInterface({ input: context.io.stdin });
  try {
    for await (const line of lines) {
      if (/^y(es)?$/i.test(line.trim())) return;
      break;
    }
  } finally {
    lines.close();
  }
  throw new ReeveError('not-confirmed');
}
