/** `make bench`: the path of a signature and the policy engine, everything side by side. Exit 1 when a goal is missed; `--json` for machines. */

import { argv, exit, stdout } from 'node:process';
import { prepareCases } from './cases.ts';
import { judgePath } from './goals.ts';
import { describeMachine, formatReport } from './measure.ts';
import type { PathFigure } from './path.ts';
import { measurePath } from './path.ts';
import { benchPolicy } from './policy.ts';
import { formatPath } from './report.ts';
import { startWorld } from './world.ts';

async function benchPath(): Promise<{ figures: PathFigure[]; skipped: readonly string[] }> {
  const world = await startWorld();
  try {
    const { cases, skipped, stop } = await prepareCases(world);
    try {
      return { figures: await measurePath(cases), skipped };
    } finally {
      await stop();
    }
  } finally {
    await world.stop();
  }
}

const machine = describeMachine();
const { figures, skipped } = await benchPath();
const goals = judgePath(figures);
const policy = benchPolicy();
if (argv.includes('--json'))
  stdout.write(`${JSON.stringify({ machine, path: { figures, goals, skipped }, policy })}\n`);
else stdout.write(`${machine}\n\nSignatures: ${formatPath(figures, goals, skipped)}\nPolicy: ${formatReport(policy)}`);
exit([...goals, ...policy.goals].every(({ met }) => met) ? 0 : 1);
