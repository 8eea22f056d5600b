/** Where a multisig on chain is not what the policy and a sound shape say. Each finding names what is wrong and what to do; none: no drift. */

import { pubkeyToBase58 } from '../../policy/keys.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { MultisigAccount, ProposalAccount, SpendingLimitAccount } from './accounts.ts';
import { NO_KEY } from './accounts.ts';
import type { LimitDifference } from './limits.ts';
import { findDangers } from './shapes.ts';

export type DriftKind =
  | 'shape'
  | 'authority'
  | 'member'
  | 'members-counted'
  | 'limit-missing'
  | 'limit-changed'
  | 'limit-extra'
  | 'limits-stacked'
  | 'approved';

export interface Drift {
  readonly kind: DriftKind;
  readonly detail: string;
}

export interface Seen {
  readonly account: MultisigAccount;
  readonly limits: readonly SpendingLimitAccount[];
  readonly proposals: readonly ProposalAccount[];
}

export interface Expected {
  readonly agent: Pubkey;
  readonly owner: Pubkey;
  /** Members of the multisig that the policy counts with, for rent; null where it does not say. */
  readonly members: number | null;
  readonly differences: readonly LimitDifference[];
}

export function findDrift(seen: Seen, expected: Expected): Drift[] {
  return [
    ...findShapeDrift(seen.account, expected),
    ...expected.differences.map(describeLimit),
    ...findStacked(seen.limits),
    ...findApproved(seen),
  ];
}

function findShapeDrift(account: MultisigAccount, { agent, owner, members }: Expected): Drift[] {
  const { configAuthority, threshold } = account;
  const drifts: Drift[] = findDangers(account, agent).map((detail) => ({ kind: 'shape', detail }));
  if (configAuthority !== NO_KEY) {
    const detail = `${pubkeyToBase58(configAuthority)} alone can change members, threshold and limits at once`;
    drifts.push({ kind: 'authority', detail });
  }
  if (!account.members.some(({ key }) => key === owner))
    drifts.push({ kind: 'member', detail: `the owner ${pubkeyToBase58(owner)} is no member` });
  if (threshold === 1 && account.members.some(({ key }) => key === agent))
    drifts.push({ kind: 'member', detail: 'the agent is a member of a wallet where one vote decides' });
  if (members !== null && account.members.length > members)
    drifts.push({
      kind: 'members-counted',
      detail: `${account.members.length} members, the policy counts rent for ${members}`,
    });
  return drifts;
}

function describeLimit(difference: LimitDifference): Drift {
  switch (difference.kind) {
    case 'missing': {
      const { asset, address } = difference.wanted;
      return { kind: 'limit-missing', detail: `no limit for ${asset.name} at ${pubkeyToBase58(address)}` };
    }
    case 'changed': {
      const { wanted, found, fields } = difference;
      const what = fields.map((field) => `${field} ${describeField(found, field)}`).join(', ');
      return {
        kind: 'limit-changed',
        detail: `limit for ${wanted.asset.name} at ${pubkeyToBase58(found.address)}: ${what}`,
      };
    }
    case 'extra': {
      const { address, members } = difference.found;
      const who = members.map(pubkeyToBase58).join(', ');
      return {
        kind: 'limit-extra',
        detail: `a limit the policy does not name, ${pubkeyToBase58(address)}, for ${who}`,
      };
    }
  }
}

function describeField(
  { amount, period, members, destinations, vaultIndex, mint }: SpendingLimitAccount,
  field: string,
) {
  switch (field) {
    case 'amount':
      return `is ${amount}`;
    case 'period':
      return `is ${period}`;
    case 'vault':
      return `is ${vaultIndex}`;
    case 'mint':
      return `is ${mint === null ? 'SOL' : pubkeyToBase58(mint)}`;
    case 'members':
      return `are ${members.map(pubkeyToBase58).join(' ')}`;
    default:
      return destinations.length === 0 ? 'are open to anybody' : `are ${destinations.length} others`;
  }
}

/** Limits of one member for one vault and mint add up, also within one transaction. */
function findStacked(limits: readonly SpendingLimitAccount[]): Drift[] {
  const sums = new Map<string, { count: number; amount: bigint }>();
  for (const { members, vaultIndex, mint, amount } of limits) {
    for (const member of members) {
      const id = `${pubkeyToBase58(member)} of vault ${vaultIndex}, ${mint === null ? 'SOL' : pubkeyToBase58(mint)}`;
      const sum = sums.get(id) ?? { count: 0, amount: 0n };
      sums.set(id, { count: sum.count + 1, amount: sum.amount + amount });
    }
  }
  return [...sums]
    .filter(([, { count }]) => count > 1)
    .map(([id, { count, amount }]) => ({
      kind: 'limits-stacked',
      detail: `${count} limits add up to ${amount} for ${id}`,
    }));
}

/** An approved proposal can be executed at any later time, also after its voters are gone. */
function findApproved({ proposals }: Seen): Drift[] {
  return proposals
    .filter(({ state }) => state === 'approved')
    .map(({ index }) => ({
      kind: 'approved',
      detail: `proposal ${index} is approved and never expires: execute it, or reeve squads cancel`,
    }));
}
