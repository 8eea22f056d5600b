/** What every command's handler works with, and gives back. */

import type { Millis } from '../../policy/types.ts';
import type { Enclave } from '../enclave.ts';
import type { CommandBody, CommandName } from '../link/schema/command.ts';
import type { ReceiptBody } from '../link/schema/receipt.ts';
import type { Outcome } from '../link/schema/registry.ts';
import type { Answer } from '../planes/answer.ts';
import type { Wallet } from '../wallet/state.ts';

export interface CommandContext {
  readonly enclave: Enclave;
  readonly wallet: Wallet;
  /** Trusted time; for commands that only make things stricter, the best known. */
  readonly now: Millis;
}

/** What the receipt of a command says besides who signed it. */
export type CommandFacts = Pick<
  ReceiptBody<'command'>,
  'policyHash' | 'policyVersion' | 'lease' | 'approvalId' | 'messageHash' | 'signature' | 'effects'
>;

/** Carries a command out, all of it or (by throwing) nothing, and sets the phase. Signature, binding and phase were checked before. */
export type CommandHandler<Name extends CommandName> = (
  context: CommandContext,
  body: CommandBody<Name>,
) => CommandFacts;

export type CommandAnswer = Answer<Outcome<'owner', 'command'>>;

/** A command whose signature, binding, body and phase hold, and the receipt it will have. */
export interface Admitted<Name extends CommandName> {
  readonly wallet: Wallet;
  readonly body: CommandBody<Name>;
  readonly receipt: Pick<ReceiptBody<'command'>, 'command' | 'seq' | 'signers' | 'envelope'>;
}
