/** A multisig as the chain shows it: its account, all of its spending limits, all of its proposals. */

import { ReeveError } from '../../enclave/link/errors.ts';
import { pubkeyToBase58, pubkeyToBytes } from '../../policy/keys.ts';
import { deriveProposal, deriveVaultTransaction } from '../../policy/programs/squads-addresses.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { Chain } from '../chain/rpc.ts';
import { SQUADS_ADDRESS } from '../dev/programs.ts';
import type {
  AccountKind,
  ConfigTransactionAccount,
  MultisigAccount,
  ProposalAccount,
  SpendingLimitAccount,
  VaultTransactionAccount,
} from './accounts.ts';
import {
  DISCRIMINATORS,
  decodeMultisig,
  decodeProposal,
  decodeSpendingLimit,
  decodeTransactionAccount,
  MULTISIG_OFFSET,
} from './accounts.ts';

export async function readMultisig(chain: Chain, address: Pubkey): Promise<MultisigAccount> {
  const account = await chain.readAccount(pubkeyToBase58(address));
  if (account === null)
    throw new ReeveError('squads-account', { address: pubkeyToBase58(address), what: 'no multisig there' });
  return decodeMultisig(account);
}

/** All of them, whoever made them: they cannot be listed from the multisig's own account, so the program's accounts are searched. */
export async function findLimits(chain: Chain, multisig: Pubkey): Promise<SpendingLimitAccount[]> {
  return (await findOf(chain, 'spendingLimit', multisig)).map(decodeSpendingLimit);
}

/** All of them, old ones too: an approved one can be executed for ever. By index. */
export async function findProposals(chain: Chain, multisig: Pubkey): Promise<ProposalAccount[]> {
  const found = (await findOf(chain, 'proposal', multisig)).map(decodeProposal);
  return found.sort((left, right) => (left.index < right.index ? -1 : 1));
}

function findOf(chain: Chain, kind: AccountKind, multisig: Pubkey) {
  return chain.findAccounts(SQUADS_ADDRESS, [
    { offset: 0, bytes: Buffer.from(DISCRIMINATORS[kind], 'hex') },
    { offset: MULTISIG_OFFSET, bytes: pubkeyToBytes(multisig) },
  ]);
}

export interface Proposed {
  readonly proposal: ProposalAccount | null;
  readonly transaction: VaultTransactionAccount | ConfigTransactionAccount;
}

/** A transaction of the multisig and its proposal, from their derived addresses, each naming that multisig and index itself. */
export async function readProposed(chain: Chain, multisig: Pubkey, index: bigint): Promise<Proposed> {
  const places = [deriveVaultTransaction(multisig, index), deriveProposal(multisig, index)].map(pubkeyToBase58);
  const [account, voted] = await chain.readAccounts(places);
  if (account === undefined || account === null)
    throw new ReeveError('squads-account', { index: String(index), what: 'there is no transaction of this index' });
  const transaction = decodeTransactionAccount(account);
  const proposal = voted === undefined || voted === null ? null : decodeProposal(voted);
  for (const part of [transaction, ...(proposal === null ? [] : [proposal])]) {
    if (part.multisig !== multisig || part.index !== index)
      throw new ReeveError('squads-account', { index: String(index), what: 'it belongs to another multisig or index' });
  }
  return { proposal, transaction };
}
