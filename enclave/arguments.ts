/** The command line of the enclave process: five paths. Everything else is in the trust file. */

import { parseArgs } from 'node:util';
import { ReeveError } from './link/errors.ts';

export interface Arguments {
  readonly trust: string;
  /** Sockets this process listens on. */
  readonly agent: string;
  readonly owner: string;
  /** Sockets it connects to: the NSM, the relay to KMS. */
  readonly nsm: string;
  readonly kms: string;
}

const NAMES = ['trust', 'agent', 'owner', 'nsm', 'kms'] as const;

/** Reads `--NAME PATH` for each of the five, or throws `startup-refused` naming what is wrong. */
export function readArguments(argv: readonly string[]): Arguments {
  const values = parse(argv);
  const missing = NAMES.find((name) => typeof values[name] !== 'string' || values[name] === '');
  if (missing !== undefined) throw new ReeveError('startup-refused', { missing: `--${missing} PATH` });
  return values as unknown as Arguments;
}

function parse(argv: readonly string[]): Record<string, unknown> {
  const options = Object.fromEntries(NAMES.map((name) => [name, { type: 'string' as const }]));
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ReeveError('startup-refused', { arguments: error instanceof Error ? error.message.slice(0, 120) : '' });
  }
}
