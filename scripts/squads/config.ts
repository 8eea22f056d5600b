/** Changes to a multisig: one config transaction, and all of it in one Solana transaction where the owner's vote is enough. */

import { isDeepStrictEqual } from 'node:util';
import type { Instruction } from '@solana/kit';
import { deriveSpendingLimit } from '../../policy/programs/squads-addresses.ts';
import type { ConfigAction } from '../../policy/programs/squads-config.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { MultisigAccount } from './accounts.ts';
import { findProposals, readMultisig, readProposed } from './read.ts';
import type { Indexed, SquadsSdk } from './sdk.ts';
import type { OwnerChain } from './session.ts';

export type Changed =
  /** In force. */
  | { readonly kind: 'done'; readonly index: bigint; readonly signature: string }
  /** Proposed, with the owner's vote; others have to vote too, or a time lock runs. */
  | { readonly kind: 'proposed'; readonly index: bigint; readonly signature: string | null };

/** Creates, proposes, approves and, where one vote is enough and no time lock runs, executes and closes, in one transaction: nothing is left approved. */
export async function changeConfig(
  owner: OwnerChain,
  multisig: Pubkey,
  actions: readonly ConfigAction[],
): Promise<Changed> {
  const account = await readMultisig(owner.chain, multisig);
  const alone = account.threshold === 1 && account.timeLock === 0;
  if (!alone) {
    const waiting = await findSame(owner, account, actions);
    if (waiting !== null) return { kind: 'proposed', index: waiting, signature: null };
  }
  const index = account.transactionIndex + 1n;
  const at = { multisig, index, member: owner.ownerKey, rentPayer: owner.payerKey };
  const instructions = [
    ...proposeConfig(owner.sdk, at, actions),
    ...(alone ? settleConfig(owner.sdk, at, account, actions) : []),
  ];
  const { signature } = await owner.send(instructions);
  return { kind: alone ? 'done' : 'proposed', index, signature };
}

function proposeConfig(sdk: SquadsSdk, at: Indexed, actions: readonly ConfigAction[]): Instruction[] {
  return [sdk.createConfig(at, actions), sdk.createProposal(at), sdk.approve(at)];
}

/** Executes, and gives the rent back. */
export function settleConfig(
  sdk: SquadsSdk,
  at: Indexed,
  { rentCollector }: MultisigAccount,
  actions: readonly ConfigAction[],
): Instruction[] {
  const close = rentCollector === null ? [] : [sdk.closeConfig(at, rentCollector)];
  return [sdk.executeConfig(at, listLimits(at.multisig, actions)), ...close];
}

/** Accounts of limits that the actions add or remove, each once: they have to be named when it is executed. */
function listLimits(multisig: Pubkey, actions: readonly ConfigAction[]): Pubkey[] {
  const limits = actions.flatMap((action) => {
    if (action.kind === 'addSpendingLimit') return [deriveSpendingLimit(multisig, action.createKey)];
    return action.kind === 'removeSpendingLimit' ? [action.limit] : [];
  });
  return [...new Set(limits)];
}

/** An open proposal of exactly these actions, so that a command that is run again does not propose twice. */
async function findSame({ chain }: OwnerChain, account: MultisigAccount, actions: readonly ConfigAction[]) {
  const open = (await findProposals(chain, account.address)).filter(
    ({ state, index }) => (state === 'active' || state === 'approved') && index > account.staleIndex,
  );
  for (const { index } of open) {
    const { transaction } = await readProposed(chain, account.address, index);
    if (transaction.kind === 'config' && isDeepStrictEqual(transaction.actions, actions)) return index;
  }
  return null;
}
