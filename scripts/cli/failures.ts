/** How a command tells that it failed: `code: sentence`, what to do next, and nothing more. */

import { attestationCodes } from '../../attestation/codes.ts';
import { ERRORS, isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { policyCodes } from '../../policy/codes.ts';
import type { Io } from './io.ts';
import { EXIT } from './io.ts';
import { escapeText, formatJson } from './text.ts';

/** What an owner can do about a failure, by code. */
const NEXT_STEPS: Readonly<Record<string, string>> = {
  'pcr-mismatch':
    'compare the image with the one you built (reeve image measure) and pin it in the profile only if it is yours',
  'root-untrusted': 'a simulated enclave is accepted only by a profile of mode development that names its root',
  'document-mode': 'a production profile never accepts a development enclave; use the other profile',
  'witness-locked': 'a renewer is running: name it with --renewer unix:PATH',
  'renewer-unreachable': 'start it with reeve owner lease --auto, or use pause --blind for a pause that cannot wait',
  'admin-unreachable': 'check the --admin address and that the host proxy runs',
  'boot-superseded': 'the host must start a new boot; this one will never be leased again',
  'history-lost':
    'only if you know that receipts or witness were lost: restart the enclave, then reeve owner lease --once --recover-lost',
  'policy-not-current': 'put the policy of the witness in force again with reeve owner policy set',
  'approval-outstanding': 'wait until the first approval is used or has ended',
  'wallet-paused': 'reeve owner resume ends the pause',
  'command-replayed': 'another command was taken in between: run it again',
  'command-boot': 'the enclave was restarted in between: run it again',
};

export interface Failure {
  readonly code: string;
  readonly number: number;
  readonly detail: string;
  readonly next?: string;
}

/** The failure an error stands for. `reason` in a ReeveError's context is a code of attestation or policy, and more precise than the error's own. */
export function readFailure(error: unknown): Failure {
  if (!isReeveError(error)) return { code: 'internal', number: ERRORS.internal.number, detail: describeUnknown(error) };
  const reason = error.context['reason'];
  const code = typeof reason === 'string' ? reason : error.code;
  const next = NEXT_STEPS[code] ?? NEXT_STEPS[error.code];
  return {
    code,
    number: numberOf(code) ?? ERRORS[error.code].number,
    detail: error.message,
    ...(next === undefined ? {} : { next }),
  };
}

function numberOf(code: string): number | undefined {
  const tables: readonly Readonly<Record<string, { readonly number: number }>>[] = [
    attestationCodes,
    policyCodes,
    ERRORS,
  ];
  for (const table of tables) {
    if (Object.hasOwn(table, code)) return table[code]?.number;
  }
  return undefined;
}

/** An error of the platform or of a library: its own message, without the stack. */
function describeUnknown(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : ERRORS.internal.text;
}

/** Prints a failure and gives the exit code. */
export function printFailure(io: Io, json: boolean, error: unknown): number {
  const failure = readFailure(error);
  if (json) io.stdout.write(`${formatJson({ error: failure })}\n`);
  io.stderr.write(`reeve: ${escapeText(failure.code)}: ${escapeText(failure.detail)}\n`);
  if (failure.next !== undefined) io.stderr.write(`  ${failure.next}\n`);
  return failure.code === 'usage' ? EXIT.usage : EXIT.failed;
}

/** Wrong use of a command: exit code 2. */
export function usageError(detail: string): ReeveError {
  return new ReeveError('usage', { detail });
}
