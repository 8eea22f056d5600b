/**
 * The few instructions of Squads v4 that a payment out of a vault needs, by the program's own layout: drawing on a spending limit, and proposing what no
 * limit covers. What the enclave decodes and judges is exactly these bytes.
 */

import type { AccountMeta, Instruction, TokenProgram } from './instructions.ts';
import { deriveAddress, deriveTokenAccount, known, plain, SYSTEM, TOKEN_PROGRAMS, written } from './instructions.ts';

const SQUADS = known('SQDS4ep65T869zMMBKyuUq6aD6EgTu8psMjkvj52pCf');
/** The first eight bytes of SHA-256("global:" + name). */
const SPENDING_LIMIT_USE = Buffer.from('1039827fc1149b86', 'hex');
const VAULT_TRANSACTION_CREATE = Buffer.from('30fa4ea8d0e2dad3', 'hex');
const PROPOSAL_CREATE = Buffer.from('dc3c49e01e6c4f9f', 'hex');
const PROPOSAL_APPROVE = Buffer.from('9025a488bcd82af8', 'hex');
const SOL_DECIMALS = 9;
/** Where a multisig's account holds the index of its newest transaction, and where a proposal's holds its state. */
const TRANSACTION_INDEX_OFFSET = 78;
const STATE_OFFSET = 48;
const STATES = ['draft', 'active', 'rejected', 'approved', 'executing', 'executed', 'cancelled'] as const;

const word = (text: string) => Buffer.from(text);
const PREFIX = word('multisig');
const signing = (key: Uint8Array): AccountMeta => ({ key, signer: true, writable: false });
const paying = (key: Uint8Array): AccountMeta => ({ key, signer: true, writable: true });

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

const derive = (multisig: Uint8Array, ...seeds: Uint8Array[]) => deriveAddress([PREFIX, multisig, ...seeds], SQUADS);

export const deriveVault = (multisig: Uint8Array, index: number) =>
  derive(multisig, word('vault'), Uint8Array.of(index));
const deriveLimit = (multisig: Uint8Array, createKey: Uint8Array) =>
  derive(multisig, word('spending_limit'), createKey);
const deriveTransaction = (multisig: Uint8Array, index: bigint) => derive(multisig, word('transaction'), u64(index));
export const deriveProposal = (multisig: Uint8Array, index: bigint) =>
  derive(multisig, word('transaction'), u64(index), word('proposal'));

/** Borsh's optional text. */
function writeMemo(memo: string | undefined): Buffer {
  if (memo === undefined) return Buffer.of(0);
  const text = Buffer.from(memo);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([Buffer.of(1), length, text]);
}

export interface LimitUse {
  readonly multisig: Uint8Array;
  readonly vaultIndex: number;
  readonly createKey: Uint8Array;
  readonly member: Uint8Array;
  readonly to: Uint8Array;
  readonly amount: bigint;
  /** Null: SOL. */
  readonly token: { readonly mint: Uint8Array; readonly tokenProgram: TokenProgram; readonly decimals: number } | null;
  readonly memo?: string;
}

/** Pays out of a vault on the strength of a spending limit. Accounts that are not used are the program itself. */
export function useSpendingLimit(use: LimitUse): Instruction {
  const { multisig, vaultIndex, createKey, member, to, amount, token, memo } = use;
  const vault = deriveVault(multisig, vaultIndex);
  const common = [
    plain(multisig),
    signing(member),
    written(deriveLimit(multisig, createKey)),
    written(vault),
    written(to),
  ];
  const absent = plain(SQUADS);
  const rest =
    token === null
      ? [plain(SYSTEM), absent, absent, absent, absent]
      : [
          absent,
          plain(token.mint),
          written(deriveTokenAccount(vault, token.mint, token.tokenProgram)),
          written(deriveTokenAccount(to, token.mint, token.tokenProgram)),
          plain(TOKEN_PROGRAMS[token.tokenProgram]),
        ];
  const decimals = Buffer.of(token?.decimals ?? SOL_DECIMALS);
  const data = Buffer.concat([SPENDING_LIMIT_USE, u64(amount), decimals, writeMemo(memo)]);
  return { program: SQUADS, accounts: [...common, ...rest], data };
}

export interface ProposalDraft {
  readonly multisig: Uint8Array;
  readonly vaultIndex: number;
  readonly index: bigint;
  readonly member: Uint8Array;
  /** A message as Squads keeps it. */
  readonly message: Uint8Array;
  readonly approve: boolean;
  readonly memo?: string;
}

/** Creates and proposes in one message, with our own vote where the policy allows it: if the index is taken, all of it fails. */
export function proposePayment(draft: ProposalDraft): Instruction[] {
  const { multisig, vaultIndex, index, member, message, approve, memo } = draft;
  const length = Buffer.alloc(4);
  length.writeUInt32LE(message.length);
  const proposal = deriveProposal(multisig, index);
  const payers = [signing(member), paying(member), plain(SYSTEM)];
  const create = {
    program: SQUADS,
    accounts: [written(multisig), written(deriveTransaction(multisig, index)), ...payers],
    data: Buffer.concat([VAULT_TRANSACTION_CREATE, Buffer.of(vaultIndex, 0), length, message, writeMemo(memo)]),
  };
  const propose = {
    program: SQUADS,
    accounts: [plain(multisig), written(proposal), ...payers],
    data: Buffer.concat([PROPOSAL_CREATE, u64(index), Buffer.of(0)]),
  };
  if (!approve) return [create, propose];
  const accounts = [plain(multisig), paying(member), written(proposal)];
  return [create, propose, { program: SQUADS, accounts, data: Buffer.concat([PROPOSAL_APPROVE, Buffer.of(0)]) }];
}

/** The index of the newest transaction in a multisig's account, or null for anything else. */
export function readTransactionIndex(account: Uint8Array): bigint | null {
  if (account.length < TRANSACTION_INDEX_OFFSET + 8) return null;
  return Buffer.from(account).readBigUInt64LE(TRANSACTION_INDEX_OFFSET);
}

/** The state in a proposal's account; `unknown` for anything else. */
export function readProposalState(account: Uint8Array): (typeof STATES)[number] | 'unknown' {
  return STATES[account[STATE_OFFSET] ?? STATES.length] ?? 'unknown';
}
