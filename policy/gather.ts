/** From a request to the facts the rules judge: effects, who is paid, what everything costs and on which budget lines it falls. */
import type { EffectContext } from './effects.ts';
import { ownershipOf, readEffects } from './effects.ts';
import type { EffectJson } from './json.ts';
import { effectsToJson } from './json.ts';
import type { Request } from './judge.ts';
import { deriveTokenAccount } from './keys.ts';
import type { Entry } from './ledger.ts';
import { groupLine, recipientLine, walletLine } from './ledger.ts';
import { EFFECTS_BYTES_MAX, EFFECTS_MAX, NAMED_OWNERS_MAX } from './limits.ts';
import type { Policy } from './policy.ts';
import { SIGNATURES, SOL } from './policy.ts';
import { NATIVE_MINT, TOKEN_PROGRAM } from './programs/addresses.ts';
import type { JudgedCall } from './rules/calls.ts';
import { matchCall } from './rules/calls.ts';
import type { Facts, GroupedTransfer, Payment, Spending } from './rules/facts.ts';
import type { AssetId, Charge, Effect, Pubkey } from './types.ts';

/** Everything the rules look at, read once. */
export function gatherFacts(request: Request): Facts {
  const { policy, agent, messages, owners, ledger, lease, now, lastSignedAt } = request;
  const context = effectContext(policy, agent, owners);
  const { effects, refusals, programs } = readEffects(messages, context);
  const calls = matchCalls(policy, effects, context);
  const transfers = effects.flatMap(paymentOf).map((transfer) => ({
    transfer,
    group: transfer.recipient === null ? null : policy.findGroup(transfer.recipient),
  }));
  const costs = sumCosts(effects, calls);
  const charges = sumCharges(policy, costs, messages.length);
  return {
    policy,
    agent,
    transactions: messages.length,
    effects,
    shown: showEffects(policy, effects),
    refusals,
    programs,
    transfers,
    spendings: [...effects.flatMap(spendingOf), ...calls.flatMap(spendingsOfCall)],
    calls,
    rents: effects.filter((effect) => effect.kind === 'rent'),
    fees: effects.filter((effect) => effect.kind === 'fee'),
    costs,
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

/** Null when there are more than one call may have, or their text is longer than a frame can carry. */
function showEffects(policy: Policy, effects: readonly Effect[]): EffectJson[] | null {
  const count = effects.reduce((sum, effect) => sum + 1 + (effect.kind === 'proposal' ? effect.effects.length : 0), 0);
  if (count > EFFECTS_MAX) return null;
  const shown = effectsToJson(policy, effects);
  return new TextEncoder().encode(JSON.stringify(shown)).length > EFFECTS_BYTES_MAX ? null : shown;
}

function matchCalls(policy: Policy, effects: readonly Effect[], context: EffectContext): JudgedCall[] {
  const opaque = effects.filter((effect) => effect.kind === 'opaqueCall');
  if (opaque.length === 0) return [];
  const ownership = { agent: context.agent, ...ownershipOf(context) };
  return opaque.map((call) => matchCall(policy, call, ownership));
}

/** A spending limit's payment to one of our own accounts is a move among them. */
function paymentOf(effect: Effect): Payment[] {
  return effect.kind === 'transfer' || (effect.kind === 'limitUse' && !effect.inward) ? [effect] : [];
}

function spendingOf(effect: Effect): Spending[] {
  if (effect.kind === 'burn') return [effect];
  if (effect.kind !== 'delegation' || effect.asset === null || effect.delegate === null) return [];
  const { transaction, instruction, asset, amount } = effect;
  return [{ transaction, instruction, asset, amount }];
}

function spendingsOfCall({ call, charges }: JudgedCall): Spending[] {
  const { transaction, instruction } = call;
  return charges.map(({ asset, amount }) => ({ transaction, instruction, asset, amount }));
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

/** What each transaction costs, per asset; fees and rent go to SOL. */
function sumCosts(effects: readonly Effect[], calls: readonly JudgedCall[]): Map<number, Map<AssetId, bigint>> {
  const costs = new Map<number, Map<AssetId, bigint>>();
  const add = (transaction: number, asset: AssetId, amount: bigint) => {
    if (amount === 0n) return;
    const sums = costs.get(transaction) ?? new Map<AssetId, bigint>();
    costs.set(transaction, sums.set(asset, (sums.get(asset) ?? 0n) + amount));
  };
  for (const effect of effects) add(effect.transaction, assetOf(effect), costOf(effect));
  for (const { call, charges } of calls) for (const { asset, amount } of charges) add(call.transaction, asset, amount);
  return costs;
}

/** The sum over all transactions, and one signature for each of them if the policy counts them. */
function sumCharges(policy: Policy, costs: Facts['costs'], transactions: number): Charge[] {
  const sums = new Map<AssetId, bigint>();
  for (const cost of costs.values())
    for (const [asset, amount] of cost) sums.set(asset, (sums.get(asset) ?? 0n) + amount);
  if (policy.assets.has(SIGNATURES)) sums.set(SIGNATURES, BigInt(transactions));
  return [...sums].map(([asset, amount]) => ({ asset, amount }));
}

function assetOf(effect: Effect): AssetId {
  return 'asset' in effect && effect.asset !== null ? effect.asset : SOL;
}

function costOf(effect: Effect): bigint {
  switch (effect.kind) {
    case 'transfer':
    case 'burn':
      return effect.amount;
    case 'delegation':
      return effect.delegate === null ? 0n : effect.amount;
    case 'limitUse':
      return effect.inward ? 0n : effect.amount;
    case 'fee':
      return effect.base + effect.priority;
    case 'rent':
      return effect.lamports;
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
