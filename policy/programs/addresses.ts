/** Addresses of the programs this engine decodes, and of the accounts that instructions name by their place. */
import { ASSOCIATED_TOKEN_PROGRAM, knownPubkey } from '../keys.ts';
import type { Pubkey } from '../types.ts';

export { ASSOCIATED_TOKEN_PROGRAM };

export const SYSTEM_PROGRAM = knownPubkey('11111111111111111111111111111111');
export const COMPUTE_BUDGET_PROGRAM = knownPubkey('ComputeBudget111111111111111111111111111111');
export const TOKEN_PROGRAM = knownPubkey('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
export const TOKEN_2022_PROGRAM = knownPubkey('TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb');
export const STAKE_PROGRAM = knownPubkey('Stake11111111111111111111111111111111111111');
export const LOADER_V3_PROGRAM = knownPubkey('BPFLoaderUpgradeab1e11111111111111111111111');
export const SQUADS_PROGRAM = knownPubkey('SQDS4ep65T869zMMBKyuUq6aD6EgTu8psMjkvj52pCf');

/** Three memo programs are in use; clients disagree on which. */
export const MEMO_V1_PROGRAM = knownPubkey('Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo');
export const MEMO_V3_PROGRAM = knownPubkey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');
export const MEMO_V4_PROGRAM = knownPubkey('Memo4c2pN8afCj432Lb7RMVKi9PbQnnW7ewFFaV3oAH');

/** Programs that only check signatures which stand in the message. */
export const ED25519_PROGRAM = knownPubkey('Ed25519SigVerify111111111111111111111111111');
export const SECP256K1_PROGRAM = knownPubkey('KeccakSecp256k11111111111111111111111111111');
export const SECP256R1_PROGRAM = knownPubkey('Secp256r1SigVerify1111111111111111111111111');

/** The mint of wrapped SOL under the Token program. Its twin under Token-2022 is none that a policy can pin. */
export const NATIVE_MINT = knownPubkey('So11111111111111111111111111111111111111112');
export const NATIVE_MINT_2022 = knownPubkey('9pan9bMn5HatX4EJdBwg9VgCv7Uz5HL8N1m5D3NdXej9');

/** Accounts that are the same wherever an instruction takes them. */
export const fixedAccounts: ReadonlyMap<string, Pubkey> = new Map([
  ['systemProgram', SYSTEM_PROGRAM],
  ['recentBlockhashes', knownPubkey('SysvarRecentB1ockHashes11111111111111111111')],
  ['rentSysvar', knownPubkey('SysvarRent111111111111111111111111111111111')],
  ['clock', knownPubkey('SysvarC1ock11111111111111111111111111111111')],
  ['stakeHistory', knownPubkey('SysvarStakeHistory1111111111111111111111111')],
]);
