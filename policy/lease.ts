/**
 * The enclave's side of the lease: whether to take one, and what it leaves. No lease, no signature. A ceiling counts over the whole boot,
 * so that late, repeated and re-ordered leases are harmless. Who signed the lease is checked before.
 */
import type { PolicyCodeName } from './codes.ts';
import { policyCodes } from './codes.ts';
import { CLOCK_MARGIN_MS, LEASE_SECONDS_MAX } from './limits.ts';
import type { Policy } from './policy.ts';
import type { AssetId, Charge, Hash, Millis, Result, Violation } from './types.ts';

export type Amounts = Readonly<Record<AssetId, bigint>>;

/** Spending the owner cannot see. `until`: the end of the leases it may have used. */
export interface UnseenCharge {
  readonly asset: AssetId;
  readonly amount: bigint;
  readonly until: Millis;
}

/** An owner command's content. `number` counts per wallet over all boots. */
export interface Lease {
  readonly wallet: string;
  readonly number: number;
  readonly boot: Hash;
  readonly policyHash: Hash;
  readonly ceiling: Amounts;
  readonly charges: readonly UnseenCharge[];
  readonly until: Millis;
}

/** What an enclave holds of the leases of one boot. Before the first lease there is none. */
export interface LeaseState {
  readonly number: number;
  readonly policyHash: Hash;
  readonly ceiling: Amounts;
  readonly until: Millis;
  readonly spentInBoot: Amounts;
}

export interface LeaseContext {
  readonly wallet: string;
  readonly boot: Hash;
  readonly policy: Policy;
  /** Closed or retired. */
  readonly closed: boolean;
  readonly now: Millis;
}

export interface TakenLease {
  readonly state: LeaseState;
  /** To be entered in the ledger with `enterUnseen` before anything is signed. Empty but for a boot's first lease. */
  readonly charges: readonly UnseenCharge[];
}

/**
 * How far ahead a charge may be dated: a charge ends with a lease of any policy, by the clocks of two boots. One without an end would fill a
 * window for ever. Milliseconds.
 */
const LATEST_CHARGE_MS = LEASE_SECONDS_MAX * 1_000 + 2 * CLOCK_MARGIN_MS;

/** Takes a lease or says why not. Changes nothing by itself. */
export function takeLease(
  state: LeaseState | null,
  lease: Lease,
  context: LeaseContext,
): Result<TakenLease, Violation> {
  const fault = findLeaseFault(state, lease, context);
  if (fault !== null) return { ok: false, refusal: { code: fault, detail: policyCodes[fault].text } };
  const { number, policyHash, ceiling, until } = lease;
  const taken = { number, policyHash, ceiling, until, spentInBoot: state?.spentInBoot ?? {} };
  return { ok: true, value: { state: taken, charges: state === null ? lease.charges : [] } };
}

function findLeaseFault(state: LeaseState | null, lease: Lease, context: LeaseContext): PolicyCodeName | null {
  const { wallet, boot, policy, closed, now } = context;
  if (lease.wallet !== wallet) return 'lease-other-wallet';
  if (lease.boot !== boot) return 'lease-other-boot';
  if (lease.policyHash !== policy.hash) return 'lease-other-policy';
  if (closed) return 'lease-closed';
  if (lease.number <= (state?.number ?? 0)) return 'lease-number-old';
  if (now >= lease.until) return 'lease-ended';
  if (lease.until > now + policy.lease.maxSeconds * 1_000 + CLOCK_MARGIN_MS) return 'lease-too-long';
  if (lease.charges.some((charge) => charge.until > now + LATEST_CHARGE_MS)) return 'lease-too-long';
  for (const [asset, ceiling] of Object.entries(lease.ceiling) as [AssetId, bigint][]) {
    const slice = policy.assets.get(asset)?.slice ?? 0n;
    if (ceiling > amountOf(state?.spentInBoot, asset) + slice) return 'lease-ceiling-too-high';
  }
  return null;
}

/** The state after a decision's charges, in the same step as the ledger's `reserve`. */
export function chargeLease(state: LeaseState, charges: readonly Charge[]): LeaseState {
  const spentInBoot: Record<AssetId, bigint> = { ...state.spentInBoot };
  for (const { asset, amount } of charges) spentInBoot[asset] = (spentInBoot[asset] ?? 0n) + amount;
  return { ...state, spentInBoot };
}

/** The state after the lease was ended before its time (policy.set without a new lease). What the boot spent stays. */
export function endLease(state: LeaseState): LeaseState {
  return { ...state, until: 0 as Millis };
}

/** What the ceiling leaves of an asset; nothing when the lease does not name it. */
export function leftOfCeiling(state: LeaseState, asset: AssetId): bigint {
  const left = amountOf(state.ceiling, asset) - amountOf(state.spentInBoot, asset);
  return left > 0n ? left : 0n;
}

/** An amount by asset, 0 where there is none. */
export function amountOf(amounts: Amounts | undefined, asset: AssetId): bigint {
  return amounts?.[asset] ?? 0n;
}
