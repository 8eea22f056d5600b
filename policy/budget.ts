/** What is left to spend, for the agent to read before it tries. */
import type { LeaseState } from './lease.ts';
import { leftOfCeiling } from './lease.ts';
import type { Ledger } from './ledger.ts';
import { latestOf, spent, walletLine } from './ledger.ts';
import type { Asset, Policy, Window } from './policy.ts';
import type { Millis } from './types.ts';

export interface WindowBudget {
  readonly seconds: number;
  readonly max: bigint;
  readonly spent: bigint;
  readonly unseen: bigint;
  readonly remaining: bigint;
}

export interface AssetBudget {
  /** The asset's name in the policy. */
  readonly asset: string;
  /** The least of what the windows and the lease's ceiling leave; nothing without a lease. Limits of groups are not in it. */
  readonly now: bigint;
  readonly perTransaction: bigint | null;
  readonly approvalAbove: bigint | null;
  readonly windows: readonly WindowBudget[];
}

export interface Budget {
  readonly assets: readonly AssetBudget[];
  readonly leaseEndsAt: Millis | null;
}

/** The wallet's budgets at a moment, of the assets that `wanted` names. */
export function readBudget(
  policy: Policy,
  ledger: Ledger,
  lease: LeaseState | null,
  now: Millis,
  wanted: (asset: string) => boolean = () => true,
): Budget {
  const held = lease !== null && lease.policyHash === policy.hash && latestOf(ledger, now) < lease.until ? lease : null;
  const named = [...policy.assets.values()].filter(({ name }) => wanted(name));
  const assets = named.map((asset) => readAsset(asset, ledger, held, now));
  return { assets, leaseEndsAt: held?.until ?? null };
}

function readAsset(asset: Asset, ledger: Ledger, lease: LeaseState | null, now: Millis): AssetBudget {
  const windows = asset.windows.map((window) => readWindow(asset, window, ledger, now));
  const ceiling = lease === null ? 0n : leftOfCeiling(lease, asset.id);
  const least = windows.reduce((room, { remaining }) => (remaining < room ? remaining : room), ceiling);
  const { name, perTransaction, approvalAbove } = asset;
  return { asset: name, now: least, perTransaction, approvalAbove, windows };
}

function readWindow({ id }: Asset, { seconds, max }: Window, ledger: Ledger, now: Millis): WindowBudget {
  const { seen, unseen } = spent(ledger, walletLine(id), id, seconds, now);
  const counted = seen + unseen;
  return { seconds, max, spent: seen, unseen, remaining: counted < max ? max - counted : 0n };
}
