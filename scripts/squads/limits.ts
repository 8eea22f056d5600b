/**
 * One policy, two enforcers: what the policy says, as spending limits on chain. A limit's periods are fixed, start at its creation and are full
 * again at each start, so two full spends can meet at an edge; the enclave's windows roll. The chain so is the wider fence of the two: it never
 * refuses what the enclave has charged, and bounds what a fallen enclave could take.
 */

import { ReeveError } from '../../enclave/link/errors.ts';
import { pubkeyFromBase58 } from '../../policy/keys.ts';
import type { Asset, Policy } from '../../policy/policy.ts';
import { SOL } from '../../policy/policy.ts';
import { deriveSpendingLimit, deriveVault } from '../../policy/programs/squads-addresses.ts';
import type { ConfigAction } from '../../policy/programs/squads-config.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { Period, SpendingLimitAccount } from './accounts.ts';
import { NO_KEY } from './accounts.ts';

/** Seconds of each period, shortest first, and its number in Squads. */
const PERIODS: readonly { readonly period: Period; readonly number: number; readonly seconds: number }[] = [
  { period: 'day', number: 1, seconds: 86_400 },
  { period: 'week', number: 2, seconds: 604_800 },
  { period: 'month', number: 3, seconds: 2_592_000 },
];
/** Destinations that fit the transaction which writes them. */
export const DESTINATIONS_MAX = 90;

export interface WantedLimit {
  readonly address: Pubkey;
  readonly multisig: Pubkey;
  readonly createKey: Pubkey;
  readonly vaultIndex: number;
  readonly vault: Pubkey;
  readonly asset: Asset;
  /** Null: SOL. */
  readonly mint: Pubkey | null;
  readonly amount: bigint;
  readonly period: Period;
  readonly members: readonly Pubkey[];
  /** Empty: anybody. Sorted. */
  readonly destinations: readonly Pubkey[];
}

/** Every limit the policy names, for `agent`. `half`: half the amounts, so that two bursts at an edge stay within the window. `limits-unfit`. */
export function wantLimits(policy: Policy, agent: Pubkey, half: boolean): WantedLimit[] {
  return (policy.document.vaults ?? []).flatMap(({ multisig, index, limits = [] }) => {
    const names = limits.map(({ asset }) => asset);
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) throw unfit(twice, 'two limits of one vault for one asset add up; name one');
    return limits.map(({ createKey, asset }) =>
      wantLimit(policy, keyOf(multisig), index, keyOf(createKey), asset, agent, half),
    );
  });
}

function wantLimit(
  policy: Policy,
  multisig: Pubkey,
  vaultIndex: number,
  createKey: Pubkey,
  name: string,
  agent: Pubkey,
  half: boolean,
): WantedLimit {
  const asset = policy.assetsByName.get(name) as Asset;
  const { amount, period } = choosePeriod(asset);
  if (half && amount === 1n) throw unfit(name, 'half of it is nothing');
  return {
    address: deriveSpendingLimit(multisig, createKey),
    multisig,
    createKey,
    vaultIndex,
    vault: deriveVault(multisig, vaultIndex),
    asset,
    mint: asset.id === SOL ? null : (asset.id as string as Pubkey),
    amount: half ? amount / 2n : amount,
    period,
    members: [agent],
    destinations: listDestinations(policy, asset),
  };
}

/** The smallest amount that never refuses what the windows allow, over the longest period that it holds for. */
export function choosePeriod(asset: Asset): { readonly amount: bigint; readonly period: Period } {
  const windows = asset.windows.toSorted((left, right) => left.seconds - right.seconds);
  const fits = PERIODS.flatMap(({ period, seconds }) => {
    const window = windows.find((entry) => entry.seconds >= seconds);
    return window === undefined ? [] : [{ amount: window.max, period }];
  });
  const least = fits.reduce<bigint | null>((low, { amount }) => (low === null || amount < low ? amount : low), null);
  const chosen = fits.findLast(({ amount }) => amount === least);
  if (chosen === undefined) throw unfit(asset.name, 'no window is at least a day long, the shortest period on chain');
  if (chosen.amount === 0n) throw unfit(asset.name, 'its window allows nothing');
  return chosen;
}

/** Whom the agent may pay by itself. Groups that always need approval are left out: those payments are the owner's to make. */
function listDestinations(policy: Policy, asset: Asset): Pubkey[] {
  const pays = (group: Policy['groups'][number] | null) =>
    group !== null && !group.approval && (group.assets === null || group.assets.has(asset.id));
  if (policy.groups.some((group) => group.any && pays(group))) return [];
  const listed = (policy.document.recipients ?? []).flatMap(({ owners }) =>
    owners === 'any' ? [] : owners.map(keyOf),
  );
  const destinations = [...new Set(listed)].filter((owner) => pays(policy.findGroup(owner))).sort();
  if (destinations.length === 0) throw unfit(asset.name, 'nobody may be paid it, and an empty list would mean anybody');
  if (destinations.length > DESTINATIONS_MAX)
    throw unfit(asset.name, `${destinations.length} recipients; a limit holds ${DESTINATIONS_MAX}`);
  return destinations;
}

export type LimitDifference =
  | { readonly kind: 'missing'; readonly wanted: WantedLimit }
  | {
      readonly kind: 'changed';
      readonly wanted: WantedLimit;
      readonly found: SpendingLimitAccount;
      readonly fields: readonly string[];
    }
  /** On chain, and not in the policy. `ours`: it names the agent. */
  | { readonly kind: 'extra'; readonly found: SpendingLimitAccount; readonly ours: boolean };

/** What is to be done so that the chain has exactly what is wanted. */
export function compareLimits(
  wanted: readonly WantedLimit[],
  found: readonly SpendingLimitAccount[],
  agent: Pubkey,
): LimitDifference[] {
  const byAddress = new Map(found.map((limit) => [limit.address, limit]));
  const named = new Set(wanted.map(({ address }) => address));
  const first = wanted.flatMap((want): LimitDifference[] => {
    const limit = byAddress.get(want.address);
    if (limit === undefined) return [{ kind: 'missing', wanted: want }];
    const fields = listChanges(want, limit);
    return fields.length === 0 ? [] : [{ kind: 'changed', wanted: want, found: limit, fields }];
  });
  const extra = found
    .filter(({ address }) => !named.has(address))
    .map((limit): LimitDifference => ({ kind: 'extra', found: limit, ours: limit.members.includes(agent) }));
  return [...first, ...extra];
}

function listChanges(wanted: WantedLimit, found: SpendingLimitAccount): string[] {
  const same: Record<string, boolean> = {
    vault: wanted.vaultIndex === found.vaultIndex,
    mint: wanted.mint === found.mint,
    amount: wanted.amount === found.amount,
    period: wanted.period === found.period,
    members: sameKeys(wanted.members, found.members),
    destinations: sameKeys(wanted.destinations, found.destinations),
  };
  return Object.entries(same).flatMap(([field, equal]) => (equal ? [] : [field]));
}

function sameKeys(left: readonly Pubkey[], right: readonly Pubkey[]): boolean {
  return left.length === right.length && [...left].sort().join() === [...right].sort().join();
}

/** The actions that remove a difference, all of one config transaction: between the old limit and the new there is no moment without either. */
export function resolveDifference(difference: LimitDifference): ConfigAction[] {
  switch (difference.kind) {
    case 'missing':
      return [addLimit(difference.wanted)];
    case 'changed':
      return [{ kind: 'removeSpendingLimit', limit: difference.found.address }, addLimit(difference.wanted)];
    case 'extra':
      return [{ kind: 'removeSpendingLimit', limit: difference.found.address }];
  }
}

function addLimit({ createKey, vaultIndex, mint, amount, period, members, destinations }: WantedLimit): ConfigAction {
  const number = PERIODS.find((entry) => entry.period === period)?.number ?? 0;
  return {
    kind: 'addSpendingLimit',
    createKey,
    vaultIndex,
    mint: mint ?? NO_KEY,
    amount,
    period: number,
    members,
    destinations,
  };
}

function keyOf(text: string): Pubkey {
  return pubkeyFromBase58(text) as Pubkey;
}

function unfit(asset: string, detail: string): ReeveError {
  return new ReeveError('limits-unfit', { asset, detail });
}
