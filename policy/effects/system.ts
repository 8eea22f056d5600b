/** What instructions of the System program do to our accounts. */
import type { SystemInstruction } from '../programs/system.ts';
import type { Effect, Pubkey } from '../types.ts';
import type { Outcome, Place, Reading } from './context.ts';
import { SOL } from './context.ts';

export function readSystem(call: SystemInstruction, reading: Reading, place: Place): Outcome[] {
  switch (call.name) {
    case 'transfer':
      return payOut(call.from, call.from, call.to, call.lamports, reading, place);
    case 'transferWithSeed':
      return payOut(call.base, call.from, call.to, call.lamports, reading, place);
    case 'withdrawNonceAccount':
      return payOut(call.authority, call.nonce, call.to, call.lamports, reading, place);
    case 'createAccount':
    case 'createAccountWithSeed':
    case 'createAccountAllowPrefund':
      return [...fund(call, reading, place), ...handOver(call.account, call.account, call.owner, reading, place)];
    case 'assign':
      return handOver(call.account, call.account, call.owner, reading, place);
    case 'assignWithSeed':
    case 'allocateWithSeed':
      return handOver(call.base, call.account, call.owner, reading, place);
    case 'allocate':
      // A wallet that holds data can no longer pay.
      return reading.isOwner(call.account) ? [{ kind: 'freeze', ...place, account: call.account, frozen: true }] : [];
    case 'authorizeNonceAccount': {
      const { authority, nonce: account, newAuthority: to } = call;
      return reading.isOwner(authority) ? [{ kind: 'authorityChange', ...place, account, right: 'nonce', to }] : [];
    }
    case 'advanceNonceAccount':
    case 'initializeNonceAccount':
      return readNonce(call, reading, place);
    case 'upgradeNonceAccount':
      return [];
  }
}

/** Lamports leave `from` by the right of `authority`. The same effect in every program that does such a thing. */
export function payOut(
  authority: Pubkey,
  from: Pubkey,
  to: Pubkey,
  lamports: bigint,
  { context, isOwner, isOurs }: Reading,
  place: Place,
): Effect[] {
  if (!isOwner(authority) || isOurs(to)) return [];
  const recipient = context.resolveRecipient(to, null);
  return [{ kind: 'transfer', ...place, asset: SOL, amount: lamports, from, destination: to, recipient }];
}

/** Whatever the new account is given counts as rent for somebody unknown: it belongs to a program from then on. */
function fund(
  call: Extract<SystemInstruction, { readonly lamports: bigint; readonly space: bigint }>,
  { isOwner }: Reading,
  place: Place,
): Effect[] {
  const { payer, account, lamports } = call;
  return payer !== null && isOwner(payer) ? [{ kind: 'rent', ...place, lamports, account, recipient: null }] : [];
}

/** An account that our signature gives to a program. */
function handOver(base: Pubkey, account: Pubkey, to: Pubkey, { isOwner }: Reading, place: Place): Effect[] {
  return isOwner(base) ? [{ kind: 'authorityChange', ...place, account, right: 'assign', to }] : [];
}

/** An advance is told whoever has the right to it: it decides how long the transaction can land. */
function readNonce(
  call: Extract<SystemInstruction, { readonly name: 'advanceNonceAccount' | 'initializeNonceAccount' }>,
  { isOwner }: Reading,
  place: Place,
): Effect[] {
  const { nonce: account, authority } = call;
  if (call.name === 'advanceNonceAccount') return [{ kind: 'nonce', ...place, action: 'advance', account, authority }];
  return isOwner(authority) ? [{ kind: 'nonce', ...place, action: 'initialize', account, authority }] : [];
}
