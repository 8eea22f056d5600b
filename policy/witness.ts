/**
 * The renewer's side of the lease. The witness is what the owner knows for sure: every lease that was issued. Whatever a statement does not
 * show of it is counted as spent. A returned witness must be on the disk before the lease made with it is signed and sent.
 */
import type { PolicyCodeName } from './codes.ts';
import type { Amounts, Lease, UnseenCharge } from './lease.ts';
import { amountOf } from './lease.ts';
import { CLOCK_MARGIN_MS, LEASE_CHARGES_MAX } from './limits.ts';
import type { Policy } from './policy.ts';
import type { AssetId, Hash, Millis } from './types.ts';

/** All leases issued to one boot. */
export interface LeasedBoot {
  readonly boot: Hash;
  readonly firstNumber: number;
  readonly lastNumber: number;
  /** The highest ceiling of its leases, per asset. */
  readonly maxCeiling: Amounts;
  /** The latest end of its leases. */
  readonly until: Millis;
  /** As computed for its first lease; every later one carries the same. */
  readonly charges: readonly UnseenCharge[];
}

export interface IssuedApproval {
  readonly effectsHash: Hash;
  readonly boot: Hash;
  readonly until: Millis;
  /** What a statement or the receipts showed of it. */
  readonly seen: 'no' | 'used' | 'closed';
}

/** One wallet's witness, plain data. The pins of keys and images stand beside it in the renewer's file. */
export interface Witness {
  readonly wallet: string;
  readonly policyHash: Hash;
  readonly paused: boolean;
  /** Number of the last lease issued. */
  readonly lastNumber: number;
  /** A chain that ends before this lease needs the owner's word: the witness no longer knows what came after. */
  readonly reach: number;
  /** In the order of their first lease. The last is the current one, all others are superseded. */
  readonly boots: readonly LeasedBoot[];
  /** What the current boot stated last. */
  readonly lastStatement: { readonly lastLease: number; readonly spentInBoot: Amounts } | null;
  readonly approvals: readonly IssuedApproval[];
}

/** What the renewer needs of a statement, after it verified document, nonce, image and keys. */
export interface StatementFacts {
  readonly wallet: string;
  readonly boot: Hash;
  readonly policyHash: Hash;
  readonly lastLease: number;
  readonly spentInBoot: Amounts;
  readonly closed: boolean;
  /** The last lease in the chain this boot recovered, 0 without one; its boot; what the chain shows charged there; whether it closed. */
  readonly m: number;
  readonly mBoot: Hash | null;
  readonly mSpent: Amounts;
  readonly mClosed: boolean;
}

export type LeaseDecision =
  | { readonly kind: 'lease'; readonly lease: Lease; readonly witness: Witness }
  | { readonly kind: 'refuse'; readonly alarm: PolicyCodeName };

export interface RenewOptions {
  /** Milliseconds the lease holds; the policy's longest by default, never more. */
  readonly durationMs?: number;
  /** The owner's explicit word that the witness or the store was lost: every window is charged full. */
  readonly recoverLost?: boolean;
}

/** Spending leaves the longest window this long after its lease at the latest, whatever policy comes next. */
const KEEP_SECONDS_MIN = 2_678_400;

export function emptyWitness(wallet: string, policyHash: Hash): Witness {
  return { wallet, policyHash, paused: false, lastNumber: 0, reach: 0, boots: [], lastStatement: null, approvals: [] };
}

/** Decides on a lease for the boot of a fresh, verified statement. `policy` is the one whose hash the witness holds. */
export function decideLease(
  witness: Witness,
  statement: StatementFacts,
  policy: Policy,
  now: Millis,
  options: RenewOptions = {},
): LeaseDecision {
  const alarm = findAlarm(witness, statement, policy);
  if (alarm !== null) return { kind: 'refuse', alarm };
  const current = currentBoot(witness);
  if (current?.boot === statement.boot) return issue(witness, statement, policy, now, options, current.charges);
  if (!isLost(witness, statement)) {
    return issue(witness, statement, policy, now, options, computeCharges(witness, statement));
  }
  // Charges are taken with a boot's first lease: one that holds a lease already would take none of what was lost. It must start anew.
  if (options.recoverLost !== true || statement.lastLease > 0) return { kind: 'refuse', alarm: 'history-lost' };
  const lastNumber = Math.max(witness.lastNumber, statement.m);
  // A later chain without this lease does not carry its charges, and nothing else in the witness says them again.
  const recovered: Witness = { ...witness, lastNumber, reach: lastNumber + 1 };
  return issue(recovered, statement, policy, now, options, chargeEveryWindow(witness, policy, now));
}

function currentBoot(witness: Witness): LeasedBoot | undefined {
  return witness.boots.at(-1);
}

function findAlarm(witness: Witness, statement: StatementFacts, policy: Policy): PolicyCodeName | null {
  if (statement.wallet !== witness.wallet) return 'lease-other-wallet';
  if (witness.paused) return 'wallet-paused';
  if (statement.policyHash !== witness.policyHash || policy.hash !== witness.policyHash) return 'policy-not-current';
  if (statement.closed) return 'boot-closed';
  const known = witness.boots.find(({ boot }) => boot === statement.boot);
  if (known === undefined) return null;
  if (known !== currentBoot(witness)) return 'boot-superseded';
  return findStep(witness, statement);
}

/** A boot's memory only grows, and holds no lease that the witness did not issue. */
function findStep({ lastStatement, lastNumber }: Witness, statement: StatementFacts): PolicyCodeName | null {
  if (statement.lastLease > lastNumber) return 'history-lost';
  if (lastStatement === null) return null;
  const assets = Object.keys(lastStatement.spentInBoot) as AssetId[];
  const less = assets.some(
    (asset) => amountOf(statement.spentInBoot, asset) < amountOf(lastStatement.spentInBoot, asset),
  );
  return less || statement.lastLease < lastStatement.lastLease ? 'statement-went-back' : null;
}

/** Whether a new boot tells of leases the witness does not know, or of a past it no longer remembers. */
function isLost(witness: Witness, { lastLease, m, mBoot }: StatementFacts): boolean {
  // A boot that took a lease from nobody we know.
  if (lastLease > 0) return true;
  if (m > witness.lastNumber || m < witness.reach) return true;
  const holder = witness.boots.find(({ firstNumber, lastNumber }) => firstNumber <= m && m <= lastNumber);
  return holder !== undefined && holder.boot !== mBoot;
}

/** What every leased boot may have spent that the recovered chain does not show, until its last lease ends. */
function computeCharges(witness: Witness, statement: StatementFacts): UnseenCharge[] {
  const charges = witness.boots.flatMap((leased) => chargesOfBoot(leased, statement));
  return charges.length <= LEASE_CHARGES_MAX ? charges : mergeCharges(charges);
}

function chargesOfBoot(
  { boot, firstNumber, maxCeiling, until }: LeasedBoot,
  statement: StatementFacts,
): UnseenCharge[] {
  const { m, mBoot, mSpent, mClosed } = statement;
  const isLastOfChain = boot === mBoot;
  if (isLastOfChain && mClosed) return [];
  // The chain holds a lease that came after this boot's: it carried the charge.
  if (!isLastOfChain && firstNumber <= m) return [];
  return (Object.keys(maxCeiling) as AssetId[])
    .map((asset) => {
      const seen = isLastOfChain ? amountOf(mSpent, asset) : 0n;
      const amount = amountOf(maxCeiling, asset) - seen;
      // The new boot's clock may be ahead of the old one's.
      return { asset, amount, until: (until + CLOCK_MARGIN_MS) as Millis };
    })
    .filter(({ amount }) => amount > 0n);
}

/** One charge per asset, dated at the latest end: counts at least as long. */
function mergeCharges(charges: readonly UnseenCharge[]): UnseenCharge[] {
  const merged = new Map<AssetId, UnseenCharge>();
  for (const charge of charges) {
    const { asset, amount, until } = charge;
    const before = merged.get(asset);
    const latest = before !== undefined && before.until > until ? before.until : until;
    merged.set(asset, { asset, amount: amount + (before?.amount ?? 0n), until: latest });
  }
  return [...merged.values()];
}

/** Fills every window of every asset, the wallet's and any group's, until the longest lease that anybody may still hold has ended. */
function chargeEveryWindow(witness: Witness, policy: Policy, now: Millis): UnseenCharge[] {
  const longest = now + policy.lease.maxSeconds * 1_000;
  const until = (Math.max(longest, ...witness.boots.map((leased) => leased.until)) + CLOCK_MARGIN_MS) as Millis;
  return [...policy.assets.values()].map(({ id, windows }) => {
    const all = [windows, ...policy.groups.map(({ assets }) => assets?.get(id)?.windows ?? [])].flat();
    const amount = all.reduce((most, { max }) => (max > most ? max : most), 0n);
    return { asset: id, amount, until };
  });
}

function issue(
  witness: Witness,
  statement: StatementFacts,
  policy: Policy,
  now: Millis,
  { durationMs }: RenewOptions,
  charges: readonly UnseenCharge[],
): LeaseDecision {
  const number = witness.lastNumber + 1;
  const { wallet, boot, lastLease, spentInBoot } = statement;
  const assets = [...policy.assets.values()];
  const ceiling: Amounts = Object.fromEntries(assets.map(({ id, slice }) => [id, amountOf(spentInBoot, id) + slice]));
  const longest = policy.lease.maxSeconds * 1_000;
  const until = (now + Math.min(durationMs ?? longest, longest)) as Millis;
  const lease: Lease = { wallet, number, boot, policyHash: witness.policyHash, ceiling, charges, until };
  const { boots, reach } = rememberLease(witness, lease, policy, now);
  return {
    kind: 'lease',
    lease,
    witness: { ...witness, lastNumber: number, boots, reach, lastStatement: { lastLease, spentInBoot } },
  };
}

/** Adds the lease to its boot, and forgets boots whose spending has left every window. */
function rememberLease(witness: Witness, lease: Lease, policy: Policy, now: Millis): Pick<Witness, 'boots' | 'reach'> {
  const { boot, number, ceiling, charges } = lease;
  const current = currentBoot(witness);
  const same = current?.boot === boot ? current : undefined;
  const leased: LeasedBoot = {
    boot,
    firstNumber: same?.firstNumber ?? number,
    lastNumber: number,
    maxCeiling: same === undefined ? ceiling : highest(same.maxCeiling, ceiling),
    until: (same !== undefined && same.until > lease.until ? same.until : lease.until) as Millis,
    charges,
  };
  const others = same === undefined ? witness.boots : witness.boots.slice(0, -1);
  const forgotten = others.filter(({ until }) => until + keepMs(policy) <= now);
  const reach = Math.max(witness.reach, ...forgotten.map(({ lastNumber }) => lastNumber));
  return { boots: [...others.filter((each) => !forgotten.includes(each)), leased], reach };
}

function highest(first: Amounts, second: Amounts): Amounts {
  const assets = [...new Set([...Object.keys(first), ...Object.keys(second)])] as AssetId[];
  const pick = (asset: AssetId): bigint => {
    const [one, other] = [amountOf(first, asset), amountOf(second, asset)];
    return one > other ? one : other;
  };
  return Object.fromEntries(assets.map((asset) => [asset, pick(asset)]));
}

/** The longest window, a bucket's rounding and the clocks' margin. */
function keepMs(policy: Policy): number {
  const lengths = [...policy.assets.values()].flatMap(({ windows }) => windows.map(({ seconds }) => seconds));
  const longest = Math.max(KEEP_SECONDS_MIN, ...lengths, ...groupLengths(policy));
  return longest * 1_010 + CLOCK_MARGIN_MS * 2;
}

function groupLengths({ groups }: Policy): number[] {
  const rules = groups.flatMap(({ assets }) => [...(assets?.values() ?? [])]);
  return rules.flatMap(({ windows }) => windows.map(({ seconds }) => seconds));
}

export type ApprovalDecision =
  | { readonly kind: 'approve'; readonly witness: Witness }
  | { readonly kind: 'refuse'; readonly alarm: PolicyCodeName };

/**
 * Whether the owner's tool may sign an approval. An instance that the host hides may still use an earlier one of the same effects, so that
 * one must have been seen used, or unused in a closed boot, or have ended.
 */
export function decideApproval(
  witness: Witness,
  approval: Omit<IssuedApproval, 'seen'>,
  now: Millis,
): ApprovalDecision {
  if (witness.paused) return { kind: 'refuse', alarm: 'wallet-paused' };
  const open = witness.approvals.filter(({ until, seen }) => seen === 'no' && now < until + CLOCK_MARGIN_MS);
  if (open.some(({ effectsHash }) => effectsHash === approval.effectsHash))
    return { kind: 'refuse', alarm: 'approval-outstanding' };
  return { kind: 'approve', witness: { ...witness, approvals: [...open, { ...approval, seen: 'no' }] } };
}

/** Notes what verified receipts show of an approval: used, or unused when its boot closed. */
export function noteApproval(witness: Witness, boot: Hash, effectsHash: Hash, seen: 'used' | 'closed'): Witness {
  const approvals = witness.approvals.map((approval) =>
    approval.boot === boot && approval.effectsHash === effectsHash ? { ...approval, seen } : approval,
  );
  return { ...witness, approvals };
}
