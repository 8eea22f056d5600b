/** Policies as an owner hands them over: a file as a person wrote it, made canonical and checked before anybody signs its hash. */

import { readFileSync } from 'node:fs';
import { ReeveError } from '../../enclave/link/errors.ts';
import { canonicalizePolicy } from '../../policy/canonical.ts';
import { checkPolicy } from '../../policy/check.ts';
import { parsePolicy } from '../../policy/compile.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Violation } from '../../policy/types.ts';

export interface PolicyInput {
  readonly bytes: Uint8Array;
  readonly policy: Policy;
  readonly warnings: readonly string[];
}

/** Reads a policy file, or throws `policy-invalid` with the first fault and where it is. */
export function readPolicyFile(path: string): PolicyInput {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ReeveError('file-invalid', { file: path, detail: (cause as Error).message }, cause);
  }
  const bytes = canonicalizePolicy(text);
  if (!bytes.ok) throw policyFault(path, bytes.refusal);
  const policy = parsePolicy(bytes.value);
  if (!policy.ok) throw policyFault(path, policy.refusal);
  const warnings = checkPolicy(policy.value).map(
    ({ number, path: at, detail, why }) => `warning ${number} at ${at}: ${detail} (${why})`,
  );
  return { bytes: bytes.value, policy: policy.value, warnings };
}

function policyFault(file: string, faults: readonly Violation[]): ReeveError {
  const [first] = faults;
  return new ReeveError('policy-invalid', {
    file,
    ...(first === undefined ? {} : { path: first.path ?? '/', detail: first.detail, faults: faults.length }),
  });
}
