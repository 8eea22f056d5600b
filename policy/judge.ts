/**
 * The one judgement: what a request would do, whether the policy allows it now, and what it costs. Pure and synchronous, so that the
 * enclave can judge and reserve in one step.
 */
import { hashEffects } from './approvals.ts';
import { liftOf } from './codes.ts';
import type { CalledInstruction, EffectContext } from './effects.ts';
import { readEffects } from './effects.ts';
import { deriveTokenAccount } from './keys.ts';
import type { LeaseState } from './lease.ts';
import type { Entry, Ledger } from './ledger.ts';
import { groupLine, recipientLine, walletLine } from './ledger.ts';
import { NAMED_OWNERS_MAX, VIOLATIONS_REPORTED_MAX } from './limits.ts';
import type { Message } from './message.ts';
import type { Policy } from './policy.ts';
import { SIGNATURES, SOL } from './policy.ts';
import { NATIVE_MINT, TOKEN_PROGRAM } from './programs/addresses.ts';
import { judgeEffects } from './rules/effects.ts';
import type { Facts, GroupedTransfer, Rule } from './rules/facts.ts';
import { sumBy } from './rules/facts.ts';
import { judgeFees } from './rules/fees.ts';
import { judgeCeiling, judgeLease } from './rules/lease.ts';
import { judgeApprovalAbove, judgePerTransaction, judgeWindows } from './rules/limits.ts';
import { judgeMemos, judgeProgramApprovals, judgePrograms } from './rules/programs.ts';
import { judgeRecipientApprovals, judgeRecipients } from './rules/recipients.ts';
import { judgeCooldown, judgeSchedule } from './rules/schedule.ts';
import type { AssetId, Charge, Decision, Effect, Hash, Millis, Pubkey, Violation } from './types.ts';

export interface Request {
  readonly policy: Policy;
  readonly agent: Pubkey;
  /** Judged together: all are signed or none. */
  readonly messages: readonly Message[];
  /** Recipients the request names, so that their token accounts can be derived. Naming somebody allows nothing. */
  readonly owners: readonly Pubkey[];
  readonly ledger: Ledger;
  readonly lease: LeaseState | null;
  readonly now: Millis;
  /** The last signature, or the boot's first lease if that is later. */
  readonly lastSignedAt: Millis | null;
  /** Whether the owner approved exactly these effects and the approval is unused and has not ended. Asked at most once. */
  readonly approved: (effectsHash: Hash) => boolean;
}

export interface Judgement {
  readonly decision: Decision;
  /** Every reason against it, in the order of the rules; empty for `allow`. */
  readonly violations: readonly Violation[];
  /** What an approval lifted. */
  readonly lifted: readonly Violation[];
  readonly effects: readonly Effect[];
  readonly programs: readonly CalledInstruction[];
  /** What it costs per asset; nothing when an approval was used. */
  readonly charges: readonly Charge[];
  /** The same by budget line: what `reserve` takes. */
  readonly entries: readonly Entry[];
  readonly effectsHash: Hash;
  /** True when `allow` rests on an approval, which is used up by it. */
  readonly approvalUsed: boolean;
  /** Lamports of fees that an approval of these effects covers. */
  readonly feeCap: bigint;
}

/** The order of judgement, as one table: each row's findings are reported before the next row's. */
const rules: readonly (readonly [stage: string, rule: Rule])[] = [
  ['decode', ({ refusals }) => [...refusals]],
  ['programs', judgePrograms],
  ['programs', judgeMemos],
  ['effects', judgeEffects],
  ['recipients', judgeRecipients],
  ['schedule', judgeSchedule],
  ['cooldown', judgeCooldown],
  ['fees', judgeFees],
  ['perTransaction', judgePerTransaction],
  ['windows', judgeWindows],
  ['approvals', judgeApprovalAbove],
  ['approvals', judgeProgramApprovals],
  ['approvals', judgeRecipientApprovals],
  ['lease', judgeLease],
];

/** Judges messages that `decodeMessage` accepted. Changes nothing: `reserve` and `chargeLease` do, with what is returned. */
export function judge(request: Request): Judgement {
  const facts = gatherFacts(request);
  const { policy, effects, programs, fees } = facts;
  const violations = rules.flatMap(([, rule]) => rule(facts));
  const feeCap = policy.fees.perTransaction * BigInt(fees.length);
  // Made only when somebody asks: most decisions need no approval, and the hash costs more than the judgement.
  let known: Hash | null = null;
  const effectsHash = (): Hash => {
    known ??= hashEffects(policy, effects, programs, feeCap);
    return known;
  };
  const verdict = decide(facts, violations, () => request.approved(effectsHash()));
  const { charges, entries } = verdict.approvalUsed ? { charges: [], entries: [] } : facts;
  return {
    ...verdict,
    violations: verdict.violations.slice(0, VIOLATIONS_REPORTED_MAX),
    effects,
    programs,
    charges,
    entries,
    get effectsHash() {
      return effectsHash();
    },
    feeCap,
  };
}

type Verdict = Pick<Judgement, 'decision' | 'violations' | 'lifted' | 'approvalUsed'>;

/**
 * Deny wins: one violation that nothing lifts is enough. The ceiling is looked at only where the payment would be charged: what needs an
 * approval is not.
 */
function decide(facts: Facts, violations: readonly Violation[], isApproved: () => boolean): Verdict {
  const { lifts } = facts.policy.approvals;
  const liftable = violations.every(({ code }) => {
    const lift = liftOf(code);
    return lift !== null && lifts.has(lift);
  });
  if (liftable && violations.length > 0) {
    if (!isApproved()) return { decision: 'needs-approval', violations, lifted: [], approvalUsed: false };
    return { decision: 'allow', violations: [], lifted: violations, approvalUsed: true };
  }
  const all = [...violations, ...judgeCeiling(facts)];
  return { decision: all.length === 0 ? 'allow' : 'deny', violations: all, lifted: [], approvalUsed: false };
}

function gatherFacts(request: Request): Facts {
  const { policy, agent, messages, owners, ledger, lease, now, lastSignedAt } = request;
  const { effects, refusals, programs } = readEffects(messages, effectContext(policy, agent, owners));
  const transfers = effects
    .filter((effect) => effect.kind === 'transfer')
    .map((transfer) => ({
      transfer,
      group: transfer.recipient === null ? null : policy.findGroup(transfer.recipient),
    }));
  const charges = sumCharges(policy, effects, messages.length);
  return {
    policy,
    agent,
    transactions: messages.length,
    effects,
    refusals,
    programs,
    transfers,
    rents: effects.filter((effect) => effect.kind === 'rent'),
    fees: effects.filter((effect) => effect.kind === 'fee'),
    charges,
    entries: [
      ...charges.map(({ asset, amount }) => ({ line: walletLine(asset), asset, amount })),
      ...groupEntries(transfers),
    ],
    ledger,
    lease,
    now,
    lastSignedAt,
  };
}

/**
 * What the effects reader must know of a policy. For SOL a recipient is the destination itself if a group holds it; for a mint it is a named
 * or listed owner whose derived token account the destination is.
 */
export function effectContext(policy: Policy, agent: Pubkey, owners: readonly Pubkey[]): EffectContext {
  const named = new Map<Pubkey, ReadonlyMap<Pubkey, Pubkey>>();
  const findNamed = (account: Pubkey, mint: Pubkey): Pubkey | null => {
    const known = named.get(mint);
    const table = known ?? deriveNamed(policy, owners, mint);
    if (known === undefined) named.set(mint, table);
    return table.get(account) ?? null;
  };
  const resolveRecipient = (destination: Pubkey, mint: Pubkey | null): Pubkey | null => {
    if (mint === null) return policy.findGroup(destination) === null ? null : destination;
    return findNamed(destination, mint) ?? policy.findListedOwner(destination, mint);
  };
  const { mints, tables, vaults, fees } = policy;
  return {
    agent,
    mints,
    ownAccounts: policy.findOwnAccounts(agent),
    resolveRecipient,
    rentPerByte: fees.rentPerByte,
    tables,
    vaults,
    opaque: new Set(policy.calls.keys()),
  };
}

/** Derived token accounts of the owners that the request names. More than the limit are not looked at, which can only refuse. */
function deriveNamed(policy: Policy, owners: readonly Pubkey[], mint: Pubkey): ReadonlyMap<Pubkey, Pubkey> {
  const program = mint === NATIVE_MINT ? TOKEN_PROGRAM : policy.mints.get(mint)?.tokenProgram;
  if (program === undefined) return new Map();
  return new Map(owners.slice(0, NAMED_OWNERS_MAX).map((owner) => [deriveTokenAccount(owner, mint, program), owner]));
}

/** Transfers by asset, fees and rent to SOL, one signature for each transaction if the policy counts them. */
function sumCharges(policy: Policy, effects: readonly Effect[], transactions: number): Charge[] {
  const sums = sumBy(effects, assetOf, costOf);
  if (policy.assets.has(SIGNATURES)) sums.set(SIGNATURES, BigInt(transactions));
  return [...sums].filter(([, amount]) => amount > 0n).map(([asset, amount]) => ({ asset: asset as AssetId, amount }));
}

function assetOf(effect: Effect): AssetId {
  return 'asset' in effect && effect.asset !== null ? effect.asset : SOL;
}

function costOf(effect: Effect): bigint {
  switch (effect.kind) {
    case 'transfer':
      return effect.amount;
    case 'fee':
      return effect.base + effect.priority;
    case 'rent':
      return effect.lamports;
    case 'burn':
    case 'delegation':
      return effect.amount;
    case 'limitUse':
      return effect.inward ? 0n : effect.amount;
    case 'memo':
    case 'authorityChange':
    case 'close':
    case 'freeze':
    case 'nonce':
    case 'stake':
    case 'programUpgrade':
    case 'proposal':
    case 'opaqueCall':
      return 0n;
  }
}

/** What transfers add to the lines of groups and recipients that have windows of their own. */
function groupEntries(transfers: readonly GroupedTransfer[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const { transfer, group } of transfers) {
    const { asset, amount, recipient } = transfer;
    const rule = group?.assets?.get(asset);
    if (group === null || recipient === null || rule === undefined || rule.windows.length === 0 || amount === 0n)
      continue;
    const line = rule.perRecipient ? recipientLine(asset, group.name, recipient) : groupLine(asset, group.name);
    entries.set(line, { line, asset, amount: (entries.get(line)?.amount ?? 0n) + amount });
  }
  return [...entries.values()];
}
