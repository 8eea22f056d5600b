/** What a program's decoder is given and what it answers. */
import type { PolicyCodeName } from '../codes.ts';
import type { Pubkey, Result } from '../types.ts';
import type { RefusedClass } from './refused.ts';
import { explainRefusedClass } from './refused.ts';

/** An instruction with its keys looked up. Whether an account signs counts for the whole message, not for the instruction alone. */
export interface RawInstruction {
  readonly program: Pubkey;
  readonly accounts: readonly Pubkey[];
  /** Positions of `accounts` in the message, and how many of the message's keys sign: the first ones. */
  readonly positions: Uint8Array;
  readonly requiredSignatures: number;
  readonly data: Uint8Array;
}

/** Why an instruction is refused; where it stands is added by the caller. */
export interface InstructionFault {
  readonly code: PolicyCodeName;
  readonly detail: string;
}

export type Decoded<Instruction> = Result<Instruction, InstructionFault>;

export function fault(code: PolicyCodeName, detail: string): { ok: false; refusal: InstructionFault } {
  return { ok: false, refusal: { code, detail } };
}

/** The fault of an instruction that has other accounts or data than it takes. The runtime tolerates some of these; we do not. */
export function malformed(name: string, accounts: string, data: string): { ok: false; refusal: InstructionFault } {
  return fault('instruction-malformed', `${name} takes ${accounts} and ${data}`);
}

/** The fault of an instruction whose tag no decoder of the program knows. */
export function unknownTag(program: string, data: Uint8Array): { ok: false; refusal: InstructionFault } {
  const tag = data.length === 0 ? 'no data' : `data that begins with ${data.subarray(0, 4).toHex()}`;
  return fault('instruction-unknown', `${program} with ${tag}`);
}

/** The fault of an instruction that no agent's wallet signs; the class says why. */
export function alwaysRefused(
  program: string,
  name: string,
  why: RefusedClass,
): { ok: false; refusal: InstructionFault } {
  return fault('always-refused', `${program}.${name}, ${why}: ${explainRefusedClass(why)}`);
}
