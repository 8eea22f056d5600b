/**
 * Squads v4: instructions are told apart by the first eight bytes of SHA-256("global:" + name). Decoded are those an agent's wallet may
 * have a use for: to propose what its owner will vote on, and to draw on a spending limit. All others are refused by name.
 */
import type { InstructionOf, Layouts } from './layout.ts';
import { readLayout } from './layout.ts';
import type { Decoded, RawInstruction } from './raw.ts';
import { alwaysRefused, fault, unknownTag } from './raw.ts';
import type { RefusedClass } from './refused.ts';
import { decodeConfigActions } from './squads-config.ts';

const DISCRIMINATOR_BYTES = 8;
/** The layouts are found by discriminator, so their tag means nothing. */
const tag = 0;
const vote = { tag, accounts: ['multisig', 'member', 'proposal'], data: { memo: 'bytes?' } } as const;

const layouts = {
  vaultTransactionCreate: {
    tag,
    accounts: ['multisig', 'transaction', 'creator', 'rentPayer', 'systemProgram'],
    data: { vaultIndex: 'u8', ephemeralSigners: 'u8', transactionMessage: 'bytes', memo: 'bytes?' },
  },
  proposalCreate: {
    tag,
    accounts: ['multisig', 'proposal', 'creator', 'rentPayer', 'systemProgram'],
    data: { transactionIndex: 'u64', draft: 'flag' },
  },
  proposalApprove: vote,
  /** Of the last six accounts those that are not used are the Squads program itself. */
  spendingLimitUse: {
    tag,
    accounts: [
      'multisig',
      'member',
      'spendingLimit',
      'vault',
      'destination',
      'transferProgram',
      'mint',
      'vaultTokenAccount',
      'destinationTokenAccount',
      'tokenProgram',
    ],
    data: { amount: 'u64', decimals: 'u8', memo: 'bytes?' },
  },
} as const satisfies Layouts;

export type SquadsInstruction = InstructionOf<'squads', typeof layouts>;

type Known = readonly [discriminator: string, name: keyof typeof layouts];
type Refused = readonly [discriminator: string, name: string, why: RefusedClass];

const known: readonly Known[] = [
  ['30fa4ea8d0e2dad3', 'vaultTransactionCreate'],
  ['dc3c49e01e6c4f9f', 'proposalCreate'],
  ['9025a488bcd82af8', 'proposalApprove'],
  ['1039827fc1149b86', 'spendingLimitUse'],
];

const CONFIG_TRANSACTION_CREATE = '9bec57e4894b5127';

const refused: readonly Refused[] = [
  ['b8bcc6c3cd7c75d8', 'programConfigInit', 'membership'],
  ['eef224b5208fd84b', 'programConfigSetAuthority', 'membership'],
  ['65a0f93f9ad7990d', 'programConfigSetMultisigCreationFee', 'membership'],
  ['6f2ef37590bca26b', 'programConfigSetTreasury', 'membership'],
  ['7a4d509f54585ac5', 'multisigCreate', 'creation'],
  ['32ddc75d28f58be9', 'multisigCreateV2', 'creation'],
  ['01dbd76cb8e5d608', 'multisigAddMember', 'membership'],
  ['d975b1d2b691da48', 'multisigRemoveMember', 'membership'],
  ['949a794dd4fe9b48', 'multisigSetTimeLock', 'membership'],
  ['8d2a0f7ea95c3eb5', 'multisigChangeThreshold', 'membership'],
  ['8f5dc78f5ca9c1e8', 'multisigSetConfigAuthority', 'membership'],
  ['30cc4139d2469c4a', 'multisigSetRentCollector', 'membership'],
  ['0bf29f2a56c55973', 'multisigAddSpendingLimit', 'membership'],
  ['e4c6886f7b04b271', 'multisigRemoveSpendingLimit', 'membership'],
  [CONFIG_TRANSACTION_CREATE, 'configTransactionCreate', 'membership'],
  ['7292f4bdfc8c2428', 'configTransactionExecute', 'execution'],
  ['f5c9716c253f1d59', 'transactionBufferCreate', 'buffer'],
  ['11b6d0e48818b266', 'transactionBufferClose', 'buffer'],
  ['e69d433805eef592', 'transactionBufferExtend', 'buffer'],
  ['de36954457f630e7', 'vaultTransactionCreateFromBuffer', 'buffer'],
  ['c208a15799a419ab', 'vaultTransactionExecute', 'execution'],
  ['c28e8d1137b914f8', 'batchCreate', 'foreign-content'],
  ['5964e0124546364c', 'batchAddTransaction', 'foreign-content'],
  ['ac2cb398157feab4', 'batchExecuteTransaction', 'execution'],
  ['0b225cf89a1b336a', 'proposalActivate', 'foreign-content'],
  ['f33e869ce66af687', 'proposalReject', 'foreign-content'],
  ['1b2a7fed26a354cb', 'proposalCancel', 'foreign-content'],
  ['cd29c23ddc8b10f7', 'proposalCancelV2', 'foreign-content'],
  ['50cb54359770bbba', 'configTransactionAccountsClose', 'maintenance'],
  ['c447bbb00223aaa5', 'vaultTransactionAccountsClose', 'maintenance'],
  ['8612136a814461f7', 'vaultBatchTransactionAccountClose', 'maintenance'],
  ['dac407af82660bff', 'batchAccountsClose', 'maintenance'],
];

const knownByDiscriminator = new Map(known);
const refusedByDiscriminator = new Map(refused.map(([discriminator, name, why]) => [discriminator, { name, why }]));

export function decodeSquads(raw: RawInstruction): Decoded<SquadsInstruction> {
  const discriminator = raw.data.subarray(0, DISCRIMINATOR_BYTES).toHex();
  const name = knownByDiscriminator.get(discriminator);
  if (name !== undefined) return readLayout('squads', name, layouts[name], raw, DISCRIMINATOR_BYTES);
  if (discriminator === CONFIG_TRANSACTION_CREATE) return refuseConfig(raw);
  const never = refusedByDiscriminator.get(discriminator);
  return never === undefined ? unknownTag('squads', raw.data) : alwaysRefused('squads', never.name, never.why);
}

/** Says what the actions are, so that whoever reads the refusal learns what was tried. */
function refuseConfig({ data }: RawInstruction): Decoded<never> {
  const decoded = decodeConfigActions(data.subarray(DISCRIMINATOR_BYTES));
  if (!decoded.ok) return fault('instruction-malformed', `configTransactionCreate: ${decoded.refusal}`);
  const kinds = decoded.value.actions.map(({ kind }) => kind).join(', ');
  return alwaysRefused('squads', `configTransactionCreate (${kinds})`, 'membership');
}
