/**
 * What instructions of Squads v4 do to our vaults. A vote is a signature on something that stands elsewhere, so a proposal is read only where
 * the message itself makes the transaction that is proposed: the chain makes an index once, so if somebody else was first, all of it fails.
 */
import type { InstructionList } from '../instructions.ts';
import { deriveTokenAccount, pubkeyToBase58 } from '../keys.ts';
import type { Refusal } from '../message.ts';
import { SQUADS_PROGRAM, SYSTEM_PROGRAM } from '../programs/addresses.ts';
import type { SquadsInstruction } from '../programs/squads.ts';
import { deriveProposal, deriveVaultTransaction } from '../programs/squads-addresses.ts';
import type { InnerMessage } from '../programs/squads-message.ts';
import { decodeInnerMessage, measureVaultTransaction } from '../programs/squads-message.ts';
import type { CalledInstruction, Effect, Pubkey } from '../types.ts';
import { ACCOUNT_OVERHEAD_BYTES } from './associated-token.ts';
import type { Outcome, Place, Reading, VaultFacts } from './context.ts';
import { refuseAt, SOL } from './context.ts';
import { assetOfMint, findMint, findMintFault } from './ownership.ts';

type Named<Name extends SquadsInstruction['name']> = Extract<SquadsInstruction, { readonly name: Name }>;
type LimitUse = Named<'spendingLimitUse'>;

const SOL_DECIMALS = 9;
/** Bytes of a proposal's account, and what each member of the multisig adds. */
const PROPOSAL_BYTES = 70;
const PROPOSAL_BYTES_PER_MEMBER = 96;

export interface SquadsCall {
  readonly call: SquadsInstruction;
  readonly place: Place;
}

/** Reads the instructions inside a proposal, as `readEffects` reads a transaction's. */
export type ReadInner = (
  message: InstructionList,
  reading: Reading,
  transaction: number,
) => { effects: readonly Effect[]; refusals: readonly Refusal[]; programs: readonly CalledInstruction[] };

/** A vault transaction that the message makes, and what it has been followed by so far. */
interface Draft {
  readonly create: Named<'vaultTransactionCreate'>;
  readonly place: Place;
  proposal: Named<'proposalCreate'> | null;
  approves: boolean;
}

/** Reads all Squads instructions of one message together, in their order. */
export function readSquads(calls: readonly SquadsCall[], reading: Reading, readInner: ReadInner): Outcome[] {
  const drafts: Draft[] = [];
  const outcomes = calls.flatMap(({ call, place }) => {
    const memo = call.name === 'proposalCreate' ? null : call.memo;
    const said: Outcome[] = memo === null ? [] : [{ kind: 'memo', ...place, bytes: memo }];
    return [...said, ...follow(call, place, drafts, reading)];
  });
  return [...outcomes, ...drafts.flatMap((draft) => readDraft(draft, reading, readInner))];
}

function follow(call: SquadsInstruction, place: Place, drafts: Draft[], reading: Reading): Outcome[] {
  const incomplete = (detail: string) => [refuseAt(reading, place, 'proposal-incomplete', detail)];
  switch (call.name) {
    case 'vaultTransactionCreate':
      drafts.push({ create: call, place, proposal: null, approves: false });
      return [];
    case 'proposalCreate': {
      const draft = drafts.find(({ proposal, create }) => proposal === null && isProposalOf(call, create));
      if (draft === undefined) return incomplete('no vault transaction of this index was made before');
      if (call.draft) return incomplete('it is made as a draft');
      draft.proposal = call;
      return [];
    }
    case 'proposalApprove': {
      const { multisig, proposal } = call;
      const draft = drafts.find(({ proposal: made }) => made?.proposal === proposal && made.multisig === multisig);
      if (draft === undefined) return incomplete('a vote on what this message does not show');
      draft.approves ||= reading.isOwner(call.member);
      return [];
    }
    case 'spendingLimitUse':
      return readLimitUse(call, reading, place);
  }
}

function isProposalOf(
  { multisig, proposal, transactionIndex }: Named<'proposalCreate'>,
  create: Named<'vaultTransactionCreate'>,
): boolean {
  return (
    create.multisig === multisig &&
    create.transaction === deriveVaultTransaction(multisig, transactionIndex) &&
    proposal === deriveProposal(multisig, transactionIndex)
  );
}

function readDraft({ create, place, proposal, approves }: Draft, reading: Reading, readInner: ReadInner): Outcome[] {
  const wrong = (code: 'proposal-malformed' | 'proposal-incomplete' | 'vault-undeclared', detail: string) => [
    refuseAt(reading, place, code, detail),
  ];
  if (proposal === null) return wrong('proposal-incomplete', 'no proposal follows the vault transaction');
  const declared = findVault(create, reading);
  if (declared === null)
    return wrong('vault-undeclared', `vault ${create.vaultIndex} of ${pubkeyToBase58(create.multisig)}`);
  const [vault, facts] = declared;
  if (create.ephemeralSigners !== 0) return wrong('proposal-malformed', 'it asks for ephemeral signers');
  const inner = decodeInnerMessage(create.transactionMessage);
  if (!inner.ok) return wrong('proposal-malformed', inner.refusal);
  const fault = findInnerFault(inner.value, vault);
  if (fault !== null) return wrong('proposal-malformed', fault);

  const path = `${reading.path}.instructions[${place.instruction}].inner`;
  const report = readInner(inner.value, { ...reading, signer: vault, path }, place.transaction);
  const { multisig, transactionMessage: message } = create;
  const { effects, programs, refusals } = report;
  const index = proposal.transactionIndex;
  return [
    ...refusals,
    { kind: 'proposal', ...place, multisig, vault, index, approves, effects, programs, message },
    ...readProposalRent(create, proposal, inner.value, facts, reading, place),
  ];
}

function findVault({ multisig, vaultIndex }: Named<'vaultTransactionCreate'>, { context }: Reading) {
  for (const [vault, facts] of context.vaults ?? []) {
    if (facts.multisig === multisig && facts.index === vaultIndex) return [vault, facts] as const;
  }
  return null;
}

/** Only the vault may sign, nothing may come from lookup tables, and a proposal may not work on a multisig. */
function findInnerFault(
  { requiredSignatures, keys, lookups, instructions }: InnerMessage,
  vault: Pubkey,
): string | null {
  if (lookups.length > 0) return 'it takes keys from lookup tables, whose content is looked up when it is executed';
  if (requiredSignatures !== 1 || keys[0] !== vault) return 'not the vault alone signs';
  const squads = instructions.some(({ program }) => keys[program] === SQUADS_PROGRAM);
  return squads ? 'it calls Squads itself' : null;
}

/** Rent of the two accounts, for whoever of them is ours. */
function readProposalRent(
  create: Named<'vaultTransactionCreate'>,
  proposal: Named<'proposalCreate'>,
  inner: InnerMessage,
  { members }: VaultFacts,
  reading: Reading,
  place: Place,
): Outcome[] {
  const rent = (account: Pubkey, bytes: number): Effect => {
    const lamports = BigInt(ACCOUNT_OVERHEAD_BYTES + bytes) * reading.context.rentPerByte;
    return { kind: 'rent', ...place, lamports, account, recipient: null };
  };
  const outcomes: Outcome[] = [];
  if (reading.isOwner(create.rentPayer)) outcomes.push(rent(create.transaction, measureVaultTransaction(inner)));
  if (!reading.isOwner(proposal.rentPayer)) return outcomes;
  if (members === null)
    return [
      ...outcomes,
      refuseAt(reading, place, 'amount-unknown', 'rent for a proposal of a multisig of unknown size'),
    ];
  return [...outcomes, rent(proposal.proposal, PROPOSAL_BYTES + PROPOSAL_BYTES_PER_MEMBER * members)];
}

/** A limit of a vault that is not ours is nobody's business but its member's, unless that is us. */
function readLimitUse(call: LimitUse, reading: Reading, place: Place): Outcome[] {
  const { vault, multisig, member, spendingLimit: limit, destination, amount } = call;
  const facts = reading.context.vaults?.get(vault);
  if (facts === undefined || facts.multisig !== multisig) {
    if (facts === undefined && !reading.isOwner(member)) return [];
    return [refuseAt(reading, place, 'vault-undeclared', pubkeyToBase58(vault))];
  }
  const pinned = facts.limits.get(limit);
  if (pinned === undefined) return [refuseAt(reading, place, 'limit-unpinned', pubkeyToBase58(limit))];
  const fault = pinned === null ? findSolFault(call, reading, place) : findTokenFault(call, pinned, reading, place);
  if (fault !== null) return [fault];
  const takesFee = pinned !== null && findMint(reading.context, pinned)?.takesFee === true;
  const inward = reading.isOwner(destination) && !takesFee;
  const recipient = reading.context.resolveRecipient(destination, null);
  const asset = pinned === null ? SOL : assetOfMint(pinned);
  return [{ kind: 'limitUse', ...place, limit, vault, asset, amount, destination, recipient, inward }];
}

/** A limit of SOL is used with the System program and without any of the token accounts. */
function findSolFault(call: LimitUse, reading: Reading, place: Place): Refusal | null {
  const { transferProgram, mint, vaultTokenAccount, destinationTokenAccount, tokenProgram, decimals } = call;
  const absent = [mint, vaultTokenAccount, destinationTokenAccount, tokenProgram].every(
    (key) => key === SQUADS_PROGRAM,
  );
  if (transferProgram === SYSTEM_PROGRAM && absent && decimals === SOL_DECIMALS) return null;
  return refuseAt(reading, place, 'instruction-malformed', 'a limit of SOL that is used with tokens');
}

/** Both token accounts must be the derived ones: the vault's and the destination's. */
function findTokenFault(call: LimitUse, pinned: Pubkey, reading: Reading, place: Place): Refusal | null {
  const { mint, tokenProgram, decimals, transferProgram, vault, destination } = call;
  if (mint !== pinned || (transferProgram !== SQUADS_PROGRAM && transferProgram !== SYSTEM_PROGRAM))
    return refuseAt(reading, place, 'instruction-malformed', 'not the mint of the limit');
  const unpinned = findMintFault(reading, place, mint, tokenProgram, decimals);
  if (unpinned !== null) return unpinned;
  const derived =
    call.vaultTokenAccount === deriveTokenAccount(vault, mint, tokenProgram) &&
    call.destinationTokenAccount === deriveTokenAccount(destination, mint, tokenProgram);
  if (derived) return null;
  return refuseAt(reading, place, 'token-account-not-derived', pubkeyToBase58(call.destinationTokenAccount));
}
