/** Approvals as the host lists them, held against the policy the owner pinned: what is printed is what is hashed. */

import { Ajv } from 'ajv';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { ReeveError } from '../../enclave/link/errors.ts';
import { Decimal, Fields } from '../../enclave/link/schema/blocks.ts';
import { ApprovalState, Effects, Violations } from '../../enclave/link/schema/results.ts';
import { describeEffectJson, hashEffectsJson, showAmount } from '../../policy/approvals.ts';
import type { EffectJson } from '../../policy/json.ts';
import type { Policy } from '../../policy/policy.ts';
import { escapeText, formatTime } from '../cli/text.ts';
import { findLookAlikes } from './look-alike.ts';

const Hash = () => Type.String({ pattern: '^[0-9a-f]{64}$' });
const Time = () => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const ListedApproval = Fields({
  id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  state: ApprovalState,
  effectsHash: Hash(),
  effects: Effects,
  programs: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 }),
  feeCap: Decimal(),
  violations: Violations,
  createdAt: Time(),
  expiresAt: Time(),
});
export type ListedApproval = Static<typeof ListedApproval>;

const validate = new Ajv({ strict: true, ownProperties: true }).compile(ListedApproval);

/** The approvals of a host's answer, or `admin-answer`: an entry that does not fit is not shown by half. */
export function readApprovals(values: readonly unknown[]): ListedApproval[] {
  return values.map((value) => {
    if (!validate(value))
      throw new ReeveError('admin-answer', { what: 'approval', detail: validate.errors?.[0]?.message ?? '' });
    return value as ListedApproval;
  });
}

/** What an approval would let happen, in plain words: every part that its hash covers and a person can judge. */
export function describeApproval(policy: Policy, approval: ListedApproval): string[] {
  const { effects, programs, feeCap, violations } = approval;
  return [
    ...effects.filter(({ kind }) => kind !== 'fee').map((effect) => describeEffectJson(policy, effect as EffectJson)),
    `with fees of at most ${showAmount(policy, 'SOL', feeCap)}, through ${programs.map(escapeText).join(', ') || 'no program'}`,
    ...findLookAlikes(policy, effects as readonly EffectJson[]),
    ...violations.map(({ code, detail }) => `asked because: ${escapeText(code)}: ${escapeText(detail)}`),
  ];
}

/** The hash of exactly what is printed, or `approval-differs` when the host's list says another. */
export function checkEffectsHash(policy: Policy, approval: ListedApproval): Uint8Array {
  const effects = approval.effects as readonly EffectJson[];
  const hidden = effects.find(({ memo }) => memo !== undefined && escapeText(memo).replaceAll('\\\\', '\\') !== memo);
  if (hidden !== undefined) throw new ReeveError('approval-differs', { what: 'a memo with hidden characters' });
  const { programs, feeCap } = approval;
  const hash = hashEffectsJson({ policyHash: policy.hash, effects, programs, feeCap });
  if (hash !== approval.effectsHash)
    throw new ReeveError('approval-differs', { expected: approval.effectsHash, observed: hash });
  return new Uint8Array(Buffer.from(hash, 'hex'));
}

/** One line of a list. */
export function titleApproval(wallet: string, { id, state, createdAt, expiresAt }: ListedApproval): string {
  return `${id}  ${wallet}  ${state}, asked ${formatTime(createdAt)}, ends ${formatTime(expiresAt)}`;
}
