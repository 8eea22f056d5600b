/**
 * What instructions of the Stake program do by our right. Stake accounts are not among our accounts: what goes into one has left us, what
 * comes out of one to us costs nothing.
 */
import type { StakeInstruction } from '../programs/stake.ts';
import type { AuthorityRight, Effect, Pubkey, StakeAction } from '../types.ts';
import type { Outcome, Place, Reading } from './context.ts';
import { payOut } from './system.ts';

/** Which right an authorisation gives, by number. */
const rights: readonly AuthorityRight[] = ['staker', 'withdrawer'];

export function readStake(call: StakeInstruction, reading: Reading, place: Place): Outcome[] {
  const { isOwner } = reading;
  switch (call.name) {
    case 'initialize':
    case 'initializeChecked':
      // Nobody's signature is asked for, and an account that we just paid for is as good as the rights it gets.
      return [act('initialize', call.stake, call.withdrawer, null, place)];
    case 'withdraw':
      return payOut(call.authority, call.stake, call.to, call.lamports, reading, place);
    case 'authorize':
    case 'authorizeChecked':
    case 'authorizeWithSeed':
    case 'authorizeCheckedWithSeed':
    case 'setLockup':
    case 'setLockupChecked':
      return readRights(call, reading, place);
    case 'delegate':
      return isOwner(call.authority) ? [act('delegate', call.stake, call.vote, null, place)] : [];
    case 'deactivate':
      return isOwner(call.authority) ? [act('deactivate', call.stake, null, null, place)] : [];
    case 'merge':
      return isOwner(call.authority) ? [act('merge', call.stake, call.destination, null, place)] : [];
    case 'split':
    case 'moveStake':
    case 'moveLamports':
      return isOwner(call.authority) ? [act(call.name, call.stake, call.destination, call.lamports, place)] : [];
    case 'deactivateDelinquent':
      return [act('deactivateDelinquent', call.stake, call.vote, null, place)];
    case 'getMinimumDelegation':
      return [];
  }
}

function act(
  action: StakeAction,
  account: Pubkey,
  target: Pubkey | null,
  lamports: bigint | null,
  place: Place,
): Effect {
  return { kind: 'stake', ...place, action, account, target, lamports };
}

type RightsCall = Extract<
  StakeInstruction,
  {
    readonly name:
      | 'authorize'
      | 'authorizeChecked'
      | 'authorizeWithSeed'
      | 'authorizeCheckedWithSeed'
      | 'setLockup'
      | 'setLockupChecked';
  }
>;

function readRights(call: RightsCall, { isOwner }: Reading, place: Place): Effect[] {
  const custodian = 'custodian' in call ? call.custodian : null;
  if (!isOwner(call.authority) && (custodian === null || !isOwner(custodian))) return [];
  const change = { kind: 'authorityChange', ...place, account: call.stake } as const;
  if (call.name === 'setLockup' || call.name === 'setLockupChecked')
    return [{ ...change, right: 'lockup', to: call.newCustodian }];
  return [{ ...change, right: rights[call.right] ?? 'withdrawer', to: call.newAuthority }];
}
