/** `reeve squads approve`, `cancel` and `revoke`: what members of a multisig do with their votes. */

import type { Instruction } from '@solana/kit';
import { ReeveError } from '../../../enclave/link/errors.ts';
import { pubkeyToBase58 } from '../../../policy/keys.ts';
import type { Pubkey } from '../../../policy/types.ts';
import { confirm } from '../../cli/confirm.ts';
import { usageError } from '../../cli/failures.ts';
import { EXIT } from '../../cli/io.ts';
import { formatTime } from '../../cli/text.ts';
import type { Session } from '../../owner/session.ts';
import { defineOwnerCommand } from '../../owner/session.ts';
import type { MultisigAccount, ProposalAccount } from '../accounts.ts';
import { changeConfig, settleConfig } from '../config.ts';
import type { Understood } from '../proposal.ts';
import { understand } from '../proposal.ts';
import type { Proposed } from '../read.ts';
import { findLimits, findProposals, readMultisig, readProposed } from '../read.ts';
import type { OwnerChain } from '../session.ts';
import { CHAIN_OPTIONS, openOwnerChain, readKey } from '../session.ts';
import { readWallet } from '../wallet.ts';

const MULTISIG_OPTION = {
  multisig: { value: 'ADDRESS', text: 'which of the policy’s multisigs; needed where it declares several' },
} as const;

export const approve = defineOwnerCommand(
  {
    usage: 'reeve squads approve WALLET INDEX',
    summary:
      'Fetches a proposal, decodes and shows all of it, and approves and executes it in one transaction. With a time lock: approves now, and executes when run again after it.',
    words: 2,
    options: { ...CHAIN_OPTIONS, ...MULTISIG_OPTION },
  },
  async (session) => {
    const { context } = session;
    const facts = await readWallet(session, context.words[0] as string);
    const index = readIndex(context.words[1] as string);
    const multisig = chooseMultisig(session, facts.multisigs);
    const owner = await openOwnerChain(session);
    const account = await readMultisig(owner.chain, multisig);
    const proposed = await readProposed(owner.chain, multisig, index);
    const understood = await understand(owner.chain, facts.policy, proposed.transaction);
    const step = planVote(account, proposed, owner.ownerKey, Date.now());
    context.say(
      `Proposal ${index} of ${pubkeyToBase58(multisig)}, made by ${pubkeyToBase58(proposed.transaction.creator)}:`,
    );
    for (const line of understood.lines) context.say(`  ${line}`);
    for (const line of describeStep(step)) context.say(line);
    await confirm(context, step.executes ? 'Approve and execute it?' : 'Approve it?');
    const { signature } = await owner.send(makeVote(owner, account, proposed, understood, step));
    context.report({ wallet: facts.wallet, index, executed: step.executes, signature }, [
      `${step.executes ? 'Executed' : 'Approved'}: ${signature}`,
    ]);
    return EXIT.done;
  },
);

interface VoteStep {
  readonly approves: boolean;
  readonly executes: boolean;
  /** Votes still missing after ours. */
  readonly missing: number;
  /** When the time lock ends, Unix milliseconds; null without one. */
  readonly unlocksAt: number | null;
}

/** What our vote can do now. `proposal-refused` where no vote is possible. */
export function planVote(account: MultisigAccount, { proposal }: Proposed, owner: Pubkey, now: number): VoteStep {
  if (proposal === null) throw new ReeveError('proposal-refused', { detail: 'nobody has opened it for votes yet' });
  const { state, index, approved, since } = proposal;
  if (state !== 'active' && state !== 'approved')
    throw new ReeveError('proposal-refused', { detail: `it is ${state}` });
  if (state === 'active' && index <= account.staleIndex)
    throw new ReeveError('proposal-refused', { detail: 'the members changed since: it can no longer be voted on' });
  const approves = state === 'active' && !approved.includes(owner);
  const missing = state === 'approved' ? 0 : Math.max(0, account.threshold - approved.length - (approves ? 1 : 0));
  if (missing > 0 || account.timeLock === 0) return { approves, executes: missing === 0, missing, unlocksAt: null };
  const unlocksAt =
    state === 'approved' ? (Number(since ?? 0) + account.timeLock) * 1_000 : now + account.timeLock * 1_000;
  return { approves, executes: state === 'approved' && now >= unlocksAt, missing, unlocksAt };
}

function describeStep({ missing, unlocksAt, executes }: VoteStep): string[] {
  if (missing > 0) return [`${missing} more ${missing === 1 ? 'vote' : 'votes'} will be needed.`];
  if (executes || unlocksAt === null) return [];
  return [`It can be executed from ${formatTime(unlocksAt)}: run this again then, or reeve squads cancel until then.`];
}

function makeVote(
  { sdk, ownerKey, payerKey }: OwnerChain,
  account: MultisigAccount,
  { transaction }: Proposed,
  { accounts }: Understood,
  step: VoteStep,
): Instruction[] {
  const { multisig, index } = transaction;
  const at = { multisig, index, member: ownerKey, rentPayer: payerKey };
  const vote = step.approves ? [sdk.approve(at)] : [];
  if (!step.executes) {
    if (step.approves) return vote;
    throw new ReeveError('proposal-refused', {
      detail: step.missing > 0 ? 'it has our vote; others are missing' : 'its time lock runs',
    });
  }
  if (transaction.kind === 'config') return [...vote, ...settleConfig(sdk, at, account, transaction.actions)];
  const close = account.rentCollector === null ? [] : [sdk.closeVault(at, account.rentCollector)];
  return [...vote, sdk.executeVault(at, accounts), ...close];
}

export const cancel = defineOwnerCommand(
  {
    usage: 'reeve squads cancel WALLET INDEX | --all',
    summary:
      'Votes against an open proposal, or to cancel an approved one that nobody executed. --all: every approved one.',
    words: [1, 2],
    options: { ...CHAIN_OPTIONS, ...MULTISIG_OPTION, all: { text: 'every approved proposal, old ones too' } },
  },
  async (session) => {
    const { context } = session;
    const facts = await readWallet(session, context.words[0] as string);
    const named = context.words[1] === undefined ? null : readIndex(context.words[1]);
    if ((named === null) !== context.flag('all')) throw usageError('an INDEX, or --all');
    const multisig = chooseMultisig(session, facts.multisigs);
    const owner = await openOwnerChain(session);
    const open = await findProposals(owner.chain, multisig);
    const chosen = open.filter(({ index, state }) =>
      named === null ? state === 'approved' : index === named && (state === 'approved' || state === 'active'),
    );
    if (named !== null && chosen.length === 0)
      throw new ReeveError('proposal-refused', { detail: `proposal ${named} is neither open nor approved` });
    for (const { index, state } of chosen) context.say(`Proposal ${index}, ${state}`);
    await confirm(context, `Vote against ${chosen.length}?`);
    const left = await cancelAll(owner, multisig, chosen);
    context.report({ wallet: facts.wallet, cancelled: chosen.map(({ index }) => index), left }, [
      `${chosen.length - left.length} ended${left.length === 0 ? '.' : `, ${left.join(', ')} need more votes.`}`,
    ]);
    return left.length === 0 ? EXIT.done : EXIT.failed;
  },
);

/** One transaction each; our vote is given once. Returns the indexes that are still open. */
export async function cancelAll(
  owner: OwnerChain,
  multisig: Pubkey,
  chosen: readonly ProposalAccount[],
): Promise<bigint[]> {
  for (const { index, state, cancelled, rejected } of chosen) {
    const at = { multisig, index, member: owner.ownerKey, rentPayer: owner.payerKey };
    if ((state === 'approved' ? cancelled : rejected).includes(owner.ownerKey)) continue;
    await owner.send([state === 'approved' ? owner.sdk.cancel(at) : owner.sdk.reject(at)]);
  }
  const asked = new Set(chosen.map(({ index }) => index));
  const after = await findProposals(owner.chain, multisig);
  return after.flatMap(({ index, state }) =>
    asked.has(index) && (state === 'approved' || state === 'active') ? [index] : [],
  );
}

export const revoke = defineOwnerCommand(
  {
    usage: 'reeve squads revoke WALLET',
    summary:
      'Ends every spending limit that names the wallet’s agent, and its membership, in one transaction. Removing a member alone would not end its limits.',
    words: 1,
    options: { ...CHAIN_OPTIONS, ...MULTISIG_OPTION },
  },
  async (session) => {
    const { context } = session;
    const facts = await readWallet(session, context.words[0] as string);
    const multisig = chooseMultisig(session, facts.multisigs);
    const owner = await openOwnerChain(session);
    const account = await readMultisig(owner.chain, multisig);
    const limits = (await findLimits(owner.chain, multisig)).filter(({ members }) => members.includes(facts.agent));
    const isMember = account.members.some(({ key }) => key === facts.agent);
    const actions = [
      ...limits.map(({ address }) => ({ kind: 'removeSpendingLimit', limit: address }) as const),
      ...(isMember ? [{ kind: 'removeMember', member: facts.agent } as const] : []),
    ];
    context.say(
      `${limits.length} limits and ${isMember ? 'the membership' : 'no membership'} of ${pubkeyToBase58(facts.agent)}`,
    );
    if (actions.length === 0) {
      context.report({ wallet: facts.wallet, revoked: 0 }, ['Nothing on chain names the agent.']);
      return EXIT.done;
    }
    await confirm(context, 'End all of it now?');
    const changed = await changeConfig(owner, multisig, actions);
    const lines =
      changed.kind === 'done'
        ? ['Revoked.']
        : [`Another voter has to: reeve squads approve ${facts.wallet} ${changed.index}`];
    context.report({ wallet: facts.wallet, revoked: actions.length, ...changed }, lines);
    return changed.kind === 'done' ? EXIT.done : EXIT.failed;
  },
);

function chooseMultisig({ context }: Session, declared: readonly Pubkey[]): Pubkey {
  const named = context.option('multisig');
  if (named === undefined && declared.length > 1) throw usageError('the policy declares several multisigs: --multisig');
  const chosen = named === undefined ? declared[0] : readKey(named, '--multisig');
  if (chosen === undefined || !declared.includes(chosen)) throw usageError('the policy declares no such multisig');
  return chosen;
}

function readIndex(text: string): bigint {
  if (!/^[1-9][0-9]{0,18}$/.test(text)) throw usageError(`not the index of a proposal: ${text.slice(0, 30)}`);
  return BigInt(text);
}
