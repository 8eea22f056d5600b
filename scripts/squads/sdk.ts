/**
 * The one module that touches the Squads library (and through it the old web3 library): it makes instructions and hands them on in kit's form.
 * Loaded only when a command needs it. Accounts are read by `accounts.ts`, PDAs derived by `policy/`: the library is believed in nothing that
 * is not shown and checked again before it is signed.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Address, Instruction } from '@solana/kit';
import { AccountRole } from '@solana/kit';
import { ReeveError } from '../../enclave/link/errors.ts';
import { pubkeyToBase58, pubkeyToBytes } from '../../policy/keys.ts';
import { deriveProposal, deriveVaultTransaction } from '../../policy/programs/squads-addresses.ts';
import type { ConfigAction, SquadsMember } from '../../policy/programs/squads-config.ts';
import { decodeConfigActions } from '../../policy/programs/squads-config.ts';
import type { Pubkey } from '../../policy/types.ts';

const DISCRIMINATOR_BYTES = 8;
/** All permissions of a member. */
export const ALL_PERMISSIONS = 7;

export interface NewMultisig {
  readonly treasury: Pubkey;
  readonly creator: Pubkey;
  readonly createKey: Pubkey;
  readonly multisig: Pubkey;
  readonly threshold: number;
  readonly members: readonly SquadsMember[];
  readonly timeLock: number;
  readonly rentCollector: Pubkey;
}

/** A transaction of a multisig by its index, and who pays its rent. */
export interface Indexed {
  readonly multisig: Pubkey;
  readonly index: bigint;
  readonly member: Pubkey;
  readonly rentPayer: Pubkey;
}

export interface SquadsSdk {
  createMultisig(fields: NewMultisig): Instruction;
  createConfig(at: Indexed, actions: readonly ConfigAction[]): Instruction;
  createVault(at: Indexed, vaultIndex: number, message: Uint8Array, memo?: string): Instruction;
  createProposal(at: Indexed): Instruction;
  approve(at: Indexed): Instruction;
  reject(at: Indexed): Instruction;
  cancel(at: Indexed): Instruction;
  /** `limits`: the accounts of the spending limits that it adds or removes. */
  executeConfig(at: Indexed, limits: readonly Pubkey[]): Instruction;
  /** `accounts`: the message's keys in their order, with the vault as no signer. */
  executeVault(at: Indexed, accounts: readonly { key: Pubkey; writable: boolean }[]): Instruction;
  /** Gives the rent of a finished transaction back. */
  closeConfig(at: Indexed, rentCollector: Pubkey): Instruction;
  closeVault(at: Indexed, rentCollector: Pubkey): Instruction;
}

/** Importing prints a line about a native addon that is left out on purpose. */
async function importQuietly() {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    const [squads, web3] = await Promise.all([import('@sqds/multisig'), import('@solana/web3.js')]);
    return { squads, web3 };
  } finally {
    console.warn = warn;
  }
}

type Imported = Awaited<ReturnType<typeof importQuietly>>;
type LegacyInstruction = ReturnType<Imported['squads']['instructions']['proposalCreate']>;
type Action = Parameters<Imported['squads']['instructions']['configTransactionCreate']>[0]['actions'][number];

export async function loadSdk(): Promise<SquadsSdk> {
  const imported = await importQuietly();
  const { instructions, generated } = imported.squads;
  const key = (pubkey: Pubkey) => new imported.web3.PublicKey(pubkeyToBytes(pubkey));
  const place = ({ multisig, index }: Indexed) => ({ multisigPda: key(multisig), transactionIndex: index });
  const vote = (at: Indexed) => ({ ...place(at), member: key(at.member) });
  const made = (at: Indexed) => ({ ...place(at), creator: key(at.member), rentPayer: key(at.rentPayer) });
  const accounts = ({ multisig, index, member }: Indexed) => ({
    multisig: key(multisig),
    transaction: key(deriveVaultTransaction(multisig, index)),
    proposal: key(deriveProposal(multisig, index)),
    member: key(member),
  });
  return {
    createMultisig: (fields) => toKit(instructions.multisigCreateV2(writeMultisig(fields, key))),
    createConfig(at, actions) {
      const written = actions.map((action) => writeAction(action, key));
      return checkConfig(toKit(instructions.configTransactionCreate({ ...made(at), actions: written })), actions);
    },
    createVault(at, vaultIndex, transactionMessage, memo) {
      const places = { ...accounts(at), creator: key(at.member), rentPayer: key(at.rentPayer) };
      const args = { vaultIndex, ephemeralSigners: 0, transactionMessage, memo: memo ?? null };
      return toKit(generated.createVaultTransactionCreateInstruction(places, { args }));
    },
    createProposal: (at) => toKit(instructions.proposalCreate(made(at))),
    approve: (at) => toKit(instructions.proposalApprove(vote(at))),
    reject: (at) => toKit(instructions.proposalReject(vote(at))),
    cancel: (at) =>
      toKit(generated.createProposalCancelV2Instruction(toVoteItems(accounts(at)), { args: { memo: null } })),
    executeConfig: (at, limits) =>
      toKit(
        instructions.configTransactionExecute({
          ...vote(at),
          rentPayer: key(at.rentPayer),
          spendingLimits: limits.map(key),
        }),
      ),
    executeVault(at, message) {
      const base = toKit(generated.createVaultTransactionExecuteInstruction(accounts(at)));
      const more = message.map(({ key: account, writable }) => ({
        address: pubkeyToBase58(account) as Address,
        role: writable ? AccountRole.WRITABLE : AccountRole.READONLY,
      }));
      return { ...base, accounts: [...(base.accounts ?? []), ...more] };
    },
    closeConfig: (at, collector) =>
      toKit(instructions.configTransactionAccountsClose({ ...place(at), rentCollector: key(collector) })),
    closeVault: (at, collector) =>
      toKit(instructions.vaultTransactionAccountsClose({ ...place(at), rentCollector: key(collector) })),
  };
}

/** The accounts of a vote under the names that the second form of cancelling gives them. */
function toVoteItems<Key>({ multisig, member, proposal }: Record<'multisig' | 'member' | 'proposal', Key>) {
  return {
    proposalVoteItemMultisig: multisig,
    proposalVoteItemMember: member,
    proposalVoteItemProposal: proposal,
  };
}

type ToKey = (pubkey: Pubkey) => InstanceType<Imported['web3']['PublicKey']>;

function writeMember({ key, permissions: mask }: SquadsMember, toKey: ToKey) {
  return { key: toKey(key), permissions: { mask } };
}

/** Always autonomous: whoever may vote decides, and no single key beside them. */
function writeMultisig(fields: NewMultisig, toKey: ToKey) {
  const { treasury, creator, createKey, multisig, threshold, members, timeLock, rentCollector } = fields;
  return {
    treasury: toKey(treasury),
    creator: toKey(creator),
    createKey: toKey(createKey),
    multisigPda: toKey(multisig),
    configAuthority: null,
    threshold,
    members: members.map((member) => writeMember(member, toKey)),
    timeLock,
    rentCollector: toKey(rentCollector),
  };
}

function writeAction(action: ConfigAction, toKey: ToKey): Action {
  switch (action.kind) {
    case 'addMember':
      return { __kind: 'AddMember', newMember: writeMember(action.member, toKey) };
    case 'removeMember':
      return { __kind: 'RemoveMember', oldMember: toKey(action.member) };
    case 'changeThreshold':
      return { __kind: 'ChangeThreshold', newThreshold: action.threshold };
    case 'setTimeLock':
      return { __kind: 'SetTimeLock', newTimeLock: action.seconds };
    case 'addSpendingLimit': {
      const { createKey, vaultIndex, mint, period, members, destinations } = action;
      // The library's big number takes a decimal text as well, which its type does not say; `checkConfig` reads back what became of it.
      const amount = String(action.amount) as unknown as number;
      const keys = { createKey: toKey(createKey), mint: toKey(mint) };
      const lists = { members: members.map(toKey), destinations: destinations.map(toKey) };
      return { __kind: 'AddSpendingLimit', ...keys, vaultIndex, amount, period, ...lists };
    }
    case 'removeSpendingLimit':
      return { __kind: 'RemoveSpendingLimit', spendingLimit: toKey(action.limit) };
    case 'setRentCollector':
      return {
        __kind: 'SetRentCollector',
        newRentCollector: action.collector === null ? null : toKey(action.collector),
      };
  }
}

/** What the library wrote, read by our own decoder, must be what was asked for. */
function checkConfig(instruction: Instruction, actions: readonly ConfigAction[]): Instruction {
  const decoded = decodeConfigActions(Uint8Array.from(instruction.data ?? []).subarray(DISCRIMINATOR_BYTES));
  if (!decoded.ok || !isDeepStrictEqual(decoded.value.actions, actions))
    throw new ReeveError('internal', { what: 'the Squads library wrote other actions' });
  return instruction;
}

function toKit({ programId, keys, data }: LegacyInstruction): Instruction {
  const roles = [AccountRole.READONLY, AccountRole.WRITABLE, AccountRole.READONLY_SIGNER, AccountRole.WRITABLE_SIGNER];
  return {
    programAddress: programId.toBase58() as Address,
    accounts: keys.map(({ pubkey, isSigner, isWritable }) => ({
      address: pubkey.toBase58() as Address,
      role: roles[(isSigner ? 2 : 0) + (isWritable ? 1 : 0)] as AccountRole,
    })),
    data: Uint8Array.from(data),
  };
}
