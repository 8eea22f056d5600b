/** `reeve policy explain`: a transaction in plain words, and the rule that decides. */

import { explainJudgement } from '../../policy/explain.ts';
import { violationToJson } from '../../policy/json.ts';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/io.ts';
import { judgeRequest, requestOptions } from './request.ts';

/** Exit 0 when the transaction could be read, whatever the decision; 1 when not. */
export const { run } = defineCommand(
  {
    usage: 'reeve policy explain --policy FILE --transaction FILE|-',
    summary: 'A transaction in plain words, effect by effect, then the rule that decides.',
    words: 0,
    options: requestOptions,
  },
  async (context) => {
    const { policy, judgement } = await judgeRequest(context);
    if (!judgement.ok) {
      const { code, detail } = violationToJson(judgement.refusal);
      context.report({ lines: [], code, detail }, [`Refused before it was judged: ${code}: ${detail}`]);
      return EXIT.failed;
    }
    const lines = explainJudgement(policy, judgement.value);
    context.report({ decision: judgement.value.decision, lines }, lines);
    return EXIT.done;
  },
);
