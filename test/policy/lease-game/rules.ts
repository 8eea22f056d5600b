/**
 * The rules a game is played by: the real functions of both sides, and between them the few steps that the wallet and the renewer take around
 * these functions. A rule is switched off by another function in its place, here alone.
 */
import type { Lease, LeaseContext, LeaseState, TakenLease } from '../../../policy/lease.ts';
import { leftOfCeiling, takeLease } from '../../../policy/lease.ts';
import { enterUnseen } from '../../../policy/ledger.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { AssetId, Hash, Millis, Result, Violation } from '../../../policy/types.ts';
import type { LeaseDecision, LeasedBoot, StatementFacts, Witness } from '../../../policy/witness.ts';
import { decideApproval, decideLease } from '../../../policy/witness.ts';
import { POLICIES } from './policies.ts';

export interface Rules {
  /** The renewer's decision on a fresh statement. */
  readonly decide: (witness: Witness, statement: StatementFacts, policy: Policy, now: Millis) => LeaseDecision;
  /** What is on the renewer's disk, and whether the lease left, when it dies between writing and sending. */
  readonly crash: (before: Witness, after: Witness) => { readonly witness: Witness; readonly sent: boolean };
  readonly decideApproval: typeof decideApproval;
  readonly take: (state: LeaseState | null, lease: Lease, context: LeaseContext) => Result<TakenLease, Violation>;
  readonly enterUnseen: typeof enterUnseen;
  readonly left: (state: LeaseState, asset: AssetId) => bigint;
  /** Whether a lease still holds. */
  readonly holds: (state: LeaseState, policyHash: Hash, now: Millis) => boolean;
  /** Whether a command is for this boot, and newer than the last one taken. */
  readonly admits: (command: { boot: Hash; seq: number }, boot: Hash, lastSeq: number) => boolean;
  readonly signsClosed: boolean;
  readonly approvalIsUsedUp: boolean;
  readonly policyKeepsBudgets: boolean;
}

export const RULES: Rules = {
  decide: decideLease,
  crash: (_before, witness) => ({ witness, sent: false }),
  decideApproval,
  take: takeLease,
  enterUnseen,
  left: leftOfCeiling,
  holds: ({ until, policyHash: own }, policyHash, now) => own === policyHash && now < until,
  admits: ({ boot, seq }, own, lastSeq) => boot === own && seq > lastSeq,
  signsClosed: false,
  approvalIsUsedUp: true,
  policyKeepsBudgets: true,
};

/** The decision made on another witness or statement than the true ones; what is not part of the change is written as it was. */
function decideOn(
  change: (
    witness: Witness,
    statement: StatementFacts,
    now: Millis,
  ) => { witness?: Witness; statement?: StatementFacts },
): Rules['decide'] {
  return (witness, statement, policy, now) => {
    const seen = { witness, statement, ...change(witness, statement, now) };
    return decideLease(seen.witness, seen.statement, policy, now);
  };
}

/** The boots of the witness, other than the stated one, as the renewer would see them without the rule. */
function seeOthers(change: (boot: LeasedBoot, statement: StatementFacts, now: Millis) => LeasedBoot | null) {
  return decideOn((witness, statement, now) => ({
    witness: {
      ...witness,
      boots: witness.boots.flatMap((boot) =>
        boot.boot === statement.boot ? boot : (change(boot, statement, now) ?? []),
      ),
    },
  }));
}

function changeLease(change: (lease: Lease, witness: Witness) => Lease): Rules['decide'] {
  return (witness, statement, policy, now) => {
    const decision = decideLease(witness, statement, policy, now);
    return decision.kind === 'lease' ? { ...decision, lease: change(decision.lease, witness) } : decision;
  };
}

const makeCurrent = (witness: Witness, boot: Hash): Witness => {
  const others = witness.boots.filter((each) => each.boot !== boot);
  return { ...witness, boots: [...others, ...witness.boots.filter((each) => each.boot === boot)], lastStatement: null };
};

const takeAs = (change: (lease: Lease, context: LeaseContext) => Lease): Rules['take'] => {
  return (state, lease, context) => takeLease(state, change(lease, context), context);
};

/** The last ceiling of each boot by its own lease, beside a witness that keeps the highest. */
function withoutHighest(): Rules['decide'] {
  return (witness, statement, policy, now) => {
    const decision = decideLease(witness, statement, policy, now);
    if (decision.kind === 'refuse') return decision;
    const boots = decision.witness.boots.map((boot) =>
      boot.boot === statement.boot ? { ...boot, maxCeiling: decision.lease.ceiling } : boot,
    );
    return { ...decision, witness: { ...decision.witness, boots } };
  };
}

/** Each rule, named by what happens without it, and the protocol without it. Every one of them loses games. */
export const WITHOUT: Readonly<Record<string, Partial<Rules>>> = {
  // The ceiling is cumulative in the boot.
  'a ceiling counts from its own lease on': {
    take: (state, lease, context) => {
      const taken = takeLease(state, lease, context);
      if (!taken.ok) return taken;
      const { spentInBoot } = taken.value.state;
      const ceiling = Object.fromEntries(
        [...context.policy.assets.values()].map(({ id, slice }) => [id, (spentInBoot[id] ?? 0n) + slice]),
      );
      return { ok: true, value: { ...taken.value, state: { ...taken.value.state, ceiling } } };
    },
  },
  'the ceiling is not looked at': { left: () => 2n ** 64n },
  // Charges: for which boots, how much, when, how often.
  'unseen spending is not charged': { decide: changeLease((lease) => ({ ...lease, charges: [] })) },
  'only a boot’s first lease carries its charges': {
    decide: changeLease((lease, { boots }) => (boots.at(-1)?.boot === lease.boot ? { ...lease, charges: [] } : lease)),
  },
  'charges are dated now': {
    enterUnseen: (ledger, policy, charges, now) =>
      enterUnseen(
        ledger,
        policy,
        charges.map((charge) => ({ ...charge, until: now })),
        now,
      ),
  },
  'boots the chain does not show are not charged': {
    decide: seeOthers((boot, { mBoot }) => (boot.boot === mBoot ? boot : null)),
  },
  'the chain’s last boot is not charged': {
    decide: decideOn((_witness, statement) => ({ statement: { ...statement, mClosed: true } })),
  },
  'a close settles every boot': { decide: seeOthers((boot, { mClosed }) => (mClosed ? null : boot)) },
  'the last ceiling counts, not the highest': { decide: withoutHighest() },
  'spending counts as stated last, not as the chain shows': {
    decide: decideOn((witness, statement) => {
      const isLast = witness.boots.at(-1)?.boot === statement.mBoot;
      const mSpent = isLast ? (witness.lastStatement?.spentInBoot ?? {}) : statement.mSpent;
      return { statement: { ...statement, mSpent } };
    }),
  },
  'a boot is forgotten when its lease ends': { decide: seeOthers((boot, _s, now) => (boot.until > now ? boot : null)) },
  // Who is leased.
  'superseded boots are leased again': {
    decide: decideOn((witness, { boot }) => ({ witness: makeCurrent(witness, boot) })),
  },
  'a lease leaves before it is written': { crash: (witness) => ({ witness, sent: true }) },
  'a paused wallet is leased': { decide: decideOn((witness) => ({ witness: { ...witness, paused: false } })) },
  'the policy in the enclave is leased, whatever the owner set': {
    decide: (witness, statement, _policy, now) => {
      const own = POLICIES.find(({ hash }) => hash === statement.policyHash) as Policy;
      const decision = decideLease({ ...witness, policyHash: own.hash }, statement, own, now);
      if (decision.kind === 'refuse') return decision;
      return { ...decision, witness: { ...decision.witness, policyHash: witness.policyHash } };
    },
  },
  // What is taken and how long it holds.
  'a lease for another boot is taken': { take: takeAs((lease, { boot }) => ({ ...lease, boot })) },
  'a lease for another policy is taken': {
    take: takeAs((lease, { policy }) => ({ ...lease, policyHash: policy.hash })),
  },
  'a lease holds after its end': { holds: ({ policyHash: own }, policyHash) => own === policyHash },
  'a closed boot signs on': { signsClosed: true },
  'a new policy begins with empty budgets': { policyKeepsBudgets: false },
  'commands are taken again': { admits: ({ boot }, own) => boot === own },
  'commands are taken in any boot': { admits: () => true },
  // Approvals.
  'an approval is not used up': { approvalIsUsedUp: false },
  'the same is approved while an earlier approval may be used': {
    decideApproval: (witness, approval, now) => decideApproval({ ...witness, approvals: [] }, approval, now),
  },
  // The two that cost the owner, not the limit: a stop in order is free, a crash costs what was left of the slice.
  'a close is not believed': {
    decide: decideOn((_witness, statement) => ({ statement: { ...statement, mClosed: false } })),
  },
  'what the chain shows is charged as well': {
    decide: decideOn((_witness, statement) => ({ statement: { ...statement, mSpent: {} } })),
  },
};
