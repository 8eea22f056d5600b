/** A judgement in plain words: what the transaction does, effect by effect, then what decided. */
import { describeEffects, showAmount } from './approvals.ts';
import type { PolicyCode } from './codes.ts';
import { policyCodes } from './codes.ts';
import { escapeText } from './escape.ts';
import { chargesToJson } from './json.ts';
import type { Judgement } from './judge.ts';
import type { Policy } from './policy.ts';
import type { Violation } from './types.ts';

/** Lines for people. Says what would be charged, not whether the chain would accept the transaction. */
export function explainJudgement(policy: Policy, judgement: Judgement): string[] {
  const effects = describeEffects(policy, judgement.effects);
  const charges = Object.entries(chargesToJson(policy, judgement.charges));
  return [
    effects.length === 0 ? 'It does nothing to this wallet that the engine can tell.' : 'It would:',
    ...effects.map((effect) => `  - ${effect}`),
    ...(charges.length === 0 ? [] : ['Charged to the budgets:']),
    ...charges.map(([asset, amount]) => `  - ${showAmount(policy, asset, amount)}`),
    ...explainDecision(judgement),
  ];
}

function explainDecision({ decision, violations, lifted }: Judgement): string[] {
  switch (decision) {
    case 'allow':
      return lifted.length === 0
        ? ['Allowed: no rule speaks against it.']
        : ['Allowed by the owner’s approval, which lifts:', ...lifted.map(explainViolation)];
    case 'needs-approval':
      return ['Needs the owner’s approval:', ...violations.map(explainViolation)];
    case 'deny':
      return ['Denied:', ...violations.map(explainViolation)];
  }
}

function explainViolation(violation: Violation): string {
  const { code, detail, asset, limit, observed, remaining, retryAfter, path } = violation;
  const number = (policyCodes as Readonly<Record<string, PolicyCode>>)[code]?.number;
  const facts = [
    asset === undefined ? null : `asset ${asset}`,
    limit === undefined ? null : `limit ${limit}`,
    observed === undefined ? null : `asked ${observed}`,
    remaining === undefined ? null : `left ${remaining}`,
    retryAfter === undefined ? null : `again in ${retryAfter} s`,
    path === undefined ? null : `at ${path}`,
  ].filter((fact) => fact !== null);
  const extra = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  return `  - ${code} ${number ?? ''}: ${escapeText(`${detail}${extra}`)}`;
}
