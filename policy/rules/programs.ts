/** Which instructions may be called, and what a memo may weigh. */
import { isCallable } from '../callable.ts';
import type { CalledInstruction } from '../effects.ts';
import type { Violation } from '../types.ts';
import type { Facts } from './facts.ts';
import { pathOf, sumBy, violate } from './facts.ts';

/** Every instruction must be named by the policy. ComputeBudget only sets the fee, which has its own limit. */
export function judgePrograms({ policy, programs }: Facts): Violation[] {
  return programs.flatMap((call) => {
    if (call.program === 'compute-budget' || call.program === 'memo') return [];
    const allowed = policy.programs.get(call.program);
    if (allowed?.has(call.name)) return [];
    if (!isCallable(call.program, call.name))
      return [violate('instruction-never-allowed', { path: pathOf(call), detail: describeCall(call) })];
    const code = allowed === undefined ? 'program-not-allowed' : 'instruction-not-allowed';
    return [violate(code, { path: pathOf(call), detail: describeCall(call) })];
  });
}

function describeCall({ program, name }: CalledInstruction): string {
  return `${program}.${name} is not in the policy’s programs`;
}

/** The bytes of all memos of one transaction count together. */
export function judgeMemos({ policy, effects, programs }: Facts): Violation[] {
  const { memoBytes } = policy;
  if (memoBytes === null) {
    return programs
      .filter(({ program }) => program === 'memo')
      .map((call) => violate('memo-denied', { path: pathOf(call) }));
  }
  const memos = effects.filter((effect) => effect.kind === 'memo');
  const sums = sumBy(
    memos,
    ({ transaction }) => `transactions[${transaction}]`,
    ({ bytes }) => BigInt(bytes.length),
  );
  const long = [...sums].filter(([, bytes]) => bytes > BigInt(memoBytes));
  return long.map(([path, observed]) => violate('memo-too-long', { path, limit: BigInt(memoBytes), observed }));
}

/** Programs whose every use the owner wants to see. */
export function judgeProgramApprovals({ policy, programs }: Facts): Violation[] {
  return programs
    .filter(({ program }) => policy.approvals.programs.has(program))
    .map((call) =>
      violate('approval-program', {
        path: pathOf(call),
        detail: `${call.program}.${call.name} needs the owner’s approval`,
      }),
    );
}
