/** `reeve policy evaluate`: the decision as the enclave would make it. */

import { explainJudgement } from '../../policy/explain.ts';
import { judgementToJson, violationToJson } from '../../policy/json.ts';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/io.ts';
import { judgeRequest, requestOptions } from './request.ts';

/** Exit 0 for `allow`, 1 for anything else, 2 for wrong use. */
export const { run } = defineCommand(
  {
    usage: 'reeve policy evaluate --policy FILE --transaction FILE|-',
    summary:
      'What a policy says to a transaction, by the very functions the enclave runs. Lease and approvals are left out.',
    words: 0,
    options: requestOptions,
  },
  async (context) => {
    const { policy, judgement } = await judgeRequest(context);
    if (!judgement.ok) {
      const violation = violationToJson(judgement.refusal);
      context.report({ decision: 'deny', violations: [violation], effects: [], charges: {} }, [
        `deny: ${violation.code}: ${violation.detail}`,
      ]);
      return EXIT.failed;
    }
    const { decision } = judgement.value;
    context.report(judgementToJson(policy, judgement.value), [decision, ...explainJudgement(policy, judgement.value)]);
    return decision === 'allow' ? EXIT.done : EXIT.failed;
  },
);
