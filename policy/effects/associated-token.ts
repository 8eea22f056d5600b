/** What instructions of the Associated Token Account program do to our accounts. */
import { deriveTokenAccount, pubkeyToBase58 } from '../keys.ts';
import type { AssociatedTokenInstruction, NestedRecovery, TokenAccountCreation } from '../programs/associated-token.ts';
import type { EffectContext, Outcome, Place, Reading } from './context.ts';
import { refuseAt } from './context.ts';
import { findMint, findMintFault } from './ownership.ts';

/** Bytes that the chain charges rent for on top of an account's data. */
export const ACCOUNT_OVERHEAD_BYTES = 128;

export function readAssociatedToken(call: AssociatedTokenInstruction, reading: Reading, place: Place): Outcome[] {
  return call.name === 'recoverNested' ? readRecovery(call, reading, place) : readCreation(call, reading, place);
}

/**
 * An account that someone else pays for costs us nothing. One that exists already costs nothing on chain either, but the message cannot
 * tell: it is counted. `recipient` is the owner the account is made for, ourselves included.
 */
function readCreation(creation: TokenAccountCreation, reading: Reading, place: Place): Outcome[] {
  const { payer, account, owner, mint, tokenProgram } = creation;
  const { context } = reading;
  if (!isDerived(creation, context))
    return [refuseAt(reading, place, 'token-account-not-derived', pubkeyToBase58(account))];
  if (!reading.isOwner(payer)) return [];
  const unpinned = findMintFault(reading, place, mint, tokenProgram, null);
  if (unpinned !== null) return [unpinned];
  const bytes = ACCOUNT_OVERHEAD_BYTES + (findMint(context, mint)?.accountSize ?? 0);
  return [{ kind: 'rent', ...place, lamports: BigInt(bytes) * context.rentPerByte, account, recipient: owner }];
}

/** Whether the account is its owner's. The policy's own derivation, where it was for the same token program, spares one here. */
function isDerived({ account, owner, mint, tokenProgram }: TokenAccountCreation, context: EffectContext): boolean {
  const pinned = context.mints.get(mint)?.tokenProgram === tokenProgram;
  if (pinned && context.resolveRecipient(account, mint) === owner) return true;
  return deriveTokenAccount(owner, mint, tokenProgram) === account;
}

/** All that is recovered comes to accounts of the same owner, if the destination is really theirs. */
function readRecovery(call: NestedRecovery, reading: Reading, place: Place): Outcome[] {
  const { nested, mint, destination, owner, tokenProgram } = call;
  if (!reading.isOwner(owner)) return [];
  if (deriveTokenAccount(owner, mint, tokenProgram) !== destination)
    return [refuseAt(reading, place, 'token-account-not-derived', pubkeyToBase58(destination))];
  return [{ kind: 'close', ...place, account: nested, destination: owner }];
}
