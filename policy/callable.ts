/**
 * The instructions a policy can allow, by program: all that are decoded. That an instruction is named allows no effect it has: those are
 * judged by themselves, and one that gives away a right is refused unless `effects` allows it. Squads is not in here: `vaults` says what
 * may be done with it.
 */
const tokenCalls = [
  'transfer',
  'transferChecked',
  'approve',
  'approveChecked',
  'revoke',
  'setAuthority',
  'burn',
  'burnChecked',
  'closeAccount',
  'freezeAccount',
  'thawAccount',
  'initializeAccount',
  'initializeAccount2',
  'initializeAccount3',
  'initializeImmutableOwner',
  'syncNative',
  'getAccountDataSize',
  'amountToUiAmount',
  'uiAmountToAmount',
  'withdrawExcessLamports',
  'unwrapLamports',
  'batch',
] as const;

export const callable = {
  system: [
    'transfer',
    'transferWithSeed',
    'createAccount',
    'createAccountWithSeed',
    'createAccountAllowPrefund',
    'assign',
    'assignWithSeed',
    'allocate',
    'allocateWithSeed',
    'advanceNonceAccount',
    'withdrawNonceAccount',
    'initializeNonceAccount',
    'authorizeNonceAccount',
    'upgradeNonceAccount',
  ],
  token: tokenCalls,
  'token-2022': [...tokenCalls, 'transferCheckedWithFee'],
  'associated-token': ['create', 'createIdempotent', 'recoverNested'],
  stake: [
    'initialize',
    'initializeChecked',
    'authorize',
    'authorizeChecked',
    'authorizeWithSeed',
    'authorizeCheckedWithSeed',
    'delegate',
    'split',
    'withdraw',
    'deactivate',
    'setLockup',
    'setLockupChecked',
    'merge',
    'getMinimumDelegation',
    'deactivateDelinquent',
    'moveStake',
    'moveLamports',
  ],
  ed25519: ['verify'],
  secp256k1: ['verify'],
  secp256r1: ['verify'],
} as const;

export type CallableProgram = keyof typeof callable;

/** Whether a policy could name this instruction. */
export function isCallable(program: string, name: string): boolean {
  const names: readonly string[] | undefined = Object.hasOwn(callable, program)
    ? callable[program as CallableProgram]
    : undefined;
  return names?.includes(name) ?? false;
}
