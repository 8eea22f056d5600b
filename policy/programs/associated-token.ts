/** The Associated Token Account program: makes a token account at the address derived from its owner, mint and token program. */
import type { Pubkey } from '../types.ts';
import { SYSTEM_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from './addresses.ts';
import type { InstructionOf, Layout } from './layout.ts';
import { readLayout } from './layout.ts';
import type { Decoded, RawInstruction } from './raw.ts';
import { fault, malformed, unknownTag } from './raw.ts';

const CREATE = 0;
const CREATE_IDEMPOTENT = 1;
const RECOVER_NESTED = 2;

export interface TokenAccountCreation {
  readonly program: 'associated-token';
  /** `create` fails when the account exists, `createIdempotent` does nothing then. */
  readonly name: 'create' | 'createIdempotent';
  readonly payer: Pubkey;
  /** Where the account is made. That this is the derived address is NOT checked here: `readEffects` does. */
  readonly account: Pubkey;
  readonly owner: Pubkey;
  readonly mint: Pubkey;
  readonly tokenProgram: Pubkey;
}

const recoverLayout = {
  tag: RECOVER_NESTED,
  accounts: ['nested', 'mint', 'destination', 'ownerAccount', 'ownerMint', 'owner', 'tokenProgram'],
} as const satisfies Layout;

/**
 * Tokens that went to an account of our own account: they come to the owner's account for `mint`, the nested account is closed to the owner.
 */
export type NestedRecovery = InstructionOf<'associated-token', { recoverNested: typeof recoverLayout }>;

export type AssociatedTokenInstruction = TokenAccountCreation | NestedRecovery;

export function decodeAssociatedToken(raw: RawInstruction): Decoded<AssociatedTokenInstruction> {
  const { accounts, data } = raw;
  const tag = data[0] ?? CREATE;
  if (tag === RECOVER_NESTED) return readLayout('associated-token', 'recoverNested', recoverLayout, raw, 1);
  if (tag !== CREATE && tag !== CREATE_IDEMPOTENT) return unknownTag('associated-token', data);
  const name = tag === CREATE ? 'create' : 'createIdempotent';
  const [payer, account, owner, mint, system, tokenProgram] = accounts;
  if (!payer || !account || !owner || !mint || !system || !tokenProgram || accounts.length !== 6 || data.length > 1) {
    return malformed(name, '6 accounts', tag === CREATE ? 'at most 1 byte' : '1 byte');
  }
  if (system !== SYSTEM_PROGRAM) return fault('instruction-malformed', `${name} without the system program`);
  if (tokenProgram !== TOKEN_PROGRAM && tokenProgram !== TOKEN_2022_PROGRAM) {
    return fault('instruction-malformed', `${name} with a token program that is none`);
  }
  return { ok: true, value: { program: 'associated-token', name, payer, account, owner, mint, tokenProgram } };
}
