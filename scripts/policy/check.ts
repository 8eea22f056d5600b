/** `reeve policy check`: schema errors and dangerous shapes of a policy document. */

import { checkPolicy } from '../../policy/check.ts';
import { violationToJson } from '../../policy/json.ts';
import { listRisks } from '../../policy/risks.ts';
import { defineCommand } from '../cli/command.ts';
import { usageError } from '../cli/failures.ts';
import { EXIT } from '../cli/io.ts';
import { readPolicy } from './input.ts';

/** Exit 0 for a policy the enclave would take, with or without warnings; 1 for one it would not; 2 for wrong use. */
export const { run } = defineCommand(
  {
    usage: 'reeve policy check FILE',
    summary:
      'Schema errors with their place and a hint, then numbered warnings about shapes that are probably not meant, and what each allowance risks.',
    words: [0, 1],
    options: { policy: { value: 'FILE', text: 'the same as FILE' } },
  },
  async (context) => {
    const path = context.words[0] ?? context.option('policy');
    if (path === undefined) throw usageError('which file?');
    const policy = readPolicy(path);
    if (!policy.ok) {
      const errors = policy.refusal.map(violationToJson);
      const lines = errors.map(({ code, path: at, detail }) => `error ${code} at ${at ?? '/'}: ${detail}`);
      context.report({ valid: false, errors, warnings: [] }, lines);
      return EXIT.failed;
    }
    const warnings = checkPolicy(policy.value);
    const { hash } = policy.value;
    const lines = warnings.map(({ number, path: at, detail, why }) => `warning ${number} at ${at}: ${detail}: ${why}`);
    const risks = listRisks(policy.value);
    const notes = risks.map(({ path: at, trusts, detail }) => `note at ${at} (${trusts}): ${detail}`);
    context.report({ valid: true, hash, errors: [], warnings, risks }, [
      ...lines,
      ...notes,
      `policy ${hash}: ${warnings.length} warnings`,
    ]);
    return EXIT.done;
  },
);
