/** Which instructions may be called, and what a memo may weigh. */
import { isCallable } from '../callable.ts';
import type { CalledInstruction } from '../effects.ts';
import { pubkeyToBase58 } from '../keys.ts';
import type { Violation } from '../types.ts';
import type { Facts } from './facts.ts';
import { pathOf, sumBy, violate } from './facts.ts';

/**
 * Every instruction must be named by the policy, or by an effect it allows. ComputeBudget only sets the fee, which has its own limit; calls of
 * programs that are not decoded have a rule of their own.
 */
export function judgePrograms({ policy, programs }: Facts): Violation[] {
  return programs.flatMap((call) => {
    if (call.program === 'compute-budget' || call.program === 'memo' || call.program === 'opaque') return [];
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
    const told = effects.filter(({ kind }) => kind === 'memo');
    const calls = programs.filter(({ program }) => program === 'memo');
    // An instruction of Squads may carry a memo as well.
    return (told.length > 0 ? told : calls).map((place) => violate('memo-denied', { path: pathOf(place) }));
  }
  // A proposal stores its memos on chain too.
  const memos = effects
    .flatMap((effect) => (effect.kind === 'proposal' ? effect.effects : [effect]))
    .filter((effect) => effect.kind === 'memo');
  const sums = sumBy(
    memos,
    ({ transaction }) => `transactions[${transaction}]`,
    ({ bytes }) => BigInt(bytes.length),
  );
  const long = [...sums].filter(([, bytes]) => bytes > BigInt(memoBytes));
  return long.map(([path, observed]) => violate('memo-too-long', { path, limit: BigInt(memoBytes), observed }));
}

/** Programs whose every use the owner wants to see. */
export function judgeProgramApprovals({ policy, programs, calls }: Facts): Violation[] {
  const asked = [
    ...programs.map(({ program, name, ...place }) => ({ ...place, program, name: `${program}.${name}` })),
    ...calls.map(({ call }) => {
      const program = pubkeyToBase58(call.program);
      return { transaction: call.transaction, instruction: call.instruction, program, name: program };
    }),
  ];
  return asked
    .filter(({ program }) => policy.approvals.programs.has(program))
    .map((call) =>
      violate('approval-program', { path: pathOf(call), detail: `${call.name} needs the owner’s approval` }),
    );
}
