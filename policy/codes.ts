/**
 * Every code the policy engine can refuse with: a stable number, what it means, and whether an owner's approval may lift it
 * (`lift` names the word that must stand in the policy's `approvals.lifts`). A code is never renumbered, reused or removed.
 */

/** What `approvals.lifts` may name. */
export type LiftKind = 'approvalAbove' | 'perTransaction' | 'window' | 'recipient' | 'program';

export interface PolicyCode {
  readonly number: number;
  readonly text: string;
  readonly lift?: LiftKind;
}

const table = {
  // 1000: messages and transactions
  undecodable: { number: 1000, text: 'the bytes are not a Solana transaction' },
  'message-version-unsupported': { number: 1001, text: 'the message version is not one this engine decodes' },
  'lookup-table-unpinned': {
    number: 1002,
    text: 'the message uses an address lookup table that the policy does not pin',
  },
  'trailing-bytes': { number: 1003, text: 'bytes follow the end of the message or transaction' },
  'not-canonical': { number: 1004, text: 'the bytes are not the one canonical encoding of what they say' },
  'not-our-signature': { number: 1005, text: 'the transaction does not ask for the agent’s signature' },
  'message-too-large': { number: 1006, text: 'the bytes are more than one network packet holds' },
  'header-invalid': { number: 1007, text: 'the header’s counts contradict each other or the list of keys' },
  'index-invalid': {
    number: 1008,
    text: 'an instruction names a program or account that it may not or that does not exist',
  },
  'duplicate-key': { number: 1009, text: 'the message lists a key twice' },
  'signature-count': { number: 1010, text: 'the transaction does not carry one signature slot per required signature' },
  'too-many-instructions': { number: 1011, text: 'the message holds more instructions than the chain accepts' },
  'too-many-effects': { number: 1012, text: 'the transactions of one call do more than one call may do' },
  'config-invalid': { number: 1014, text: 'the chain rejects what the message says about fees and resources' },
  'lookup-invalid': { number: 1015, text: 'the chain rejects the message’s use of address lookup tables' },
  'message-not-allowed': { number: 1013, text: 'the policy allows no such off-chain message' },
  'message-not-wrapped': { number: 1016, text: 'the bytes are not one wrapped off-chain message for the agent alone' },
  'message-too-long': { number: 1017, text: 'the message is longer than the policy allows' },
  'sign-in-invalid': { number: 1018, text: 'a field of the sign-in is not one the text can be made of' },
  'sign-in-domain-not-allowed': { number: 1019, text: 'the policy allows no sign-in to this domain' },

  // 1100: programs and instructions
  'program-not-allowed': { number: 1100, text: 'the policy does not name this program', lift: 'program' },
  'program-unknown': { number: 1101, text: 'this engine does not decode this program' },
  'instruction-not-allowed': {
    number: 1102,
    text: 'the policy does not name this instruction of the program',
    lift: 'program',
  },
  'instruction-unknown': { number: 1103, text: 'this engine does not decode this instruction of the program' },
  'memo-denied': { number: 1104, text: 'the policy allows no memo' },
  'memo-too-long': { number: 1105, text: 'the memos of a transaction are longer than the policy allows' },
  'instruction-malformed': { number: 1106, text: 'the instruction has not exactly the accounts and data it takes' },
  'compute-budget-invalid': { number: 1107, text: 'the compute budget instructions are ones that the chain rejects' },
  'memo-invalid': { number: 1108, text: 'the memo is not UTF-8 or lists an account that does not sign' },
  'token-account-not-derived': {
    number: 1109,
    text: 'the account to create is not the associated token account of its owner',
  },
  'always-refused': { number: 1110, text: 'no agent’s wallet signs this, whatever its policy says' },
  'mint-unknown': {
    number: 1111,
    text: 'the instruction does not say which mint it moves, and the account is not one of ours',
  },
  'amount-unknown': { number: 1112, text: 'the instruction does not say how much leaves our accounts' },
  'limit-unpinned': { number: 1113, text: 'the policy pins no such spending limit' },
  'vault-undeclared': { number: 1114, text: 'the policy declares no such vault' },
  'proposal-incomplete': {
    number: 1115,
    text: 'a proposal and what it proposes are not made in this message, in order and for the same index',
  },
  'proposal-malformed': { number: 1116, text: 'what is proposed is not one canonical message of the vault alone' },
  'effect-not-allowed': { number: 1117, text: 'the policy allows no such effect' },
  'nonce-not-allowed': {
    number: 1118,
    text: 'the transaction would not expire, and the policy does not pin its nonce',
  },
  'nonce-budget-exceeded': { number: 1119, text: 'more than a transaction that does not expire may cost' },
  'call-not-allowed': { number: 1121, text: 'the policy describes no such call of the program' },
  'proposal-not-allowed': { number: 1122, text: 'the policy does not let this be proposed' },
  'proposal-exceeded': { number: 1123, text: 'more than one proposal may move' },
  'vote-not-allowed': { number: 1124, text: 'the policy does not let the agent vote for its own proposals' },
  'instruction-never-allowed': { number: 1120, text: 'no policy of this version can allow this instruction' },

  // 1200: assets and recipients
  'asset-not-allowed': { number: 1200, text: 'the policy does not name this asset' },
  'mint-mismatch': { number: 1201, text: 'the mint is not used with the token program and decimals the policy pins' },
  'recipient-not-allowed': {
    number: 1202,
    text: 'no recipient group of the policy holds the recipient',
    lift: 'recipient',
  },
  'recipient-asset-not-allowed': {
    number: 1203,
    text: 'the recipient’s group may not receive this asset',
    lift: 'recipient',
  },

  // 1300: limits
  'per-transaction-exceeded': { number: 1300, text: 'more than one transaction may move', lift: 'perTransaction' },
  'window-exceeded': { number: 1301, text: 'more than is left in a window', lift: 'window' },
  'ledger-full': { number: 1304, text: 'the ledger holds as many budget lines as it can' },
  'fee-exceeded': { number: 1302, text: 'base and priority fee are over the fee limit' },
  'rent-exceeded': { number: 1303, text: 'rent for new accounts is over the rent limit' },

  // 1400: time
  'hours-closed': { number: 1400, text: 'outside the hours of the policy’s schedule' },
  'day-closed': { number: 1401, text: 'not one of the days of the policy’s schedule' },
  'not-before': { number: 1402, text: 'the policy is not in force yet' },
  'not-after': { number: 1403, text: 'the policy is no longer in force' },
  cooldown: { number: 1404, text: 'too soon after the last signature' },

  // 1500: the owner's word
  'approval-above': { number: 1500, text: 'the amount is one that the owner approves', lift: 'approvalAbove' },
  'approval-program': { number: 1501, text: 'the program is one that the owner approves', lift: 'approvalAbove' },
  'approval-asset': { number: 1502, text: 'the asset is one that the owner approves', lift: 'approvalAbove' },
  'approval-recipient': {
    number: 1503,
    text: 'the recipient’s group is one that the owner approves',
    lift: 'approvalAbove',
  },

  // 1600: the lease
  'lease-missing': { number: 1600, text: 'the wallet has no lease for this boot' },
  'lease-ended': { number: 1601, text: 'the lease has ended' },
  'ceiling-exceeded': { number: 1602, text: 'more than the lease’s ceiling leaves' },
  'lease-other-wallet': { number: 1610, text: 'the lease is for another wallet' },
  'lease-other-boot': { number: 1611, text: 'the lease is for another boot' },
  'lease-other-policy': { number: 1612, text: 'the lease is for another policy' },
  'lease-number-old': { number: 1613, text: 'a lease with this or a later number was taken already' },
  'lease-closed': { number: 1614, text: 'the wallet is closed on this boot' },
  'lease-too-long': { number: 1615, text: 'the lease ends later than the policy allows' },
  'lease-ceiling-too-high': {
    number: 1616,
    text: 'the lease’s ceiling is more than a slice over what the boot has spent',
  },

  // 1700: the renewer's alarms
  'wallet-paused': { number: 1700, text: 'the wallet is paused in the witness' },
  'policy-not-current': { number: 1701, text: 'the enclave holds another policy than the witness' },
  'boot-superseded': { number: 1702, text: 'another boot was leased after this one' },
  'statement-went-back': { number: 1703, text: 'the boot states less than it stated before' },
  'history-lost': { number: 1704, text: 'the witness or the store was lost' },
  'boot-closed': { number: 1705, text: 'the boot was closed in order' },
  'approval-outstanding': { number: 1706, text: 'an approval of the same effects may still be used' },

  // 1800: the policy document
  'policy-not-json': { number: 1800, text: 'the policy is not JSON' },
  'policy-too-large': { number: 1801, text: 'the policy is larger than 256 KiB' },
  'policy-not-canonical': { number: 1802, text: 'the bytes are not the RFC 8785 form of the policy' },
  'policy-schema': { number: 1803, text: 'a field of the policy is missing, unknown or malformed' },
  'policy-rule': { number: 1804, text: 'two fields of the policy contradict each other' },
} as const satisfies Record<string, PolicyCode>;

export type PolicyCodeName = keyof typeof table;

export const policyCodes: Readonly<Record<PolicyCodeName, PolicyCode>> = table;

/** The lift word of a code, or null when nothing lifts it. Unknown codes are never lifted. */
export function liftOf(code: string): LiftKind | null {
  return (policyCodes as Readonly<Record<string, PolicyCode>>)[code]?.lift ?? null;
}
