/**
 * The renewer: attests wallets, decides by policy/witness.ts, writes, and only then signs and sends. Between reading a record and writing it nothing
 * else runs, so no two operations can decide on the same state.
 */

import { ReeveError } from '../../enclave/link/errors.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Hash, Millis } from '../../policy/types.ts';
import { decideLease } from '../../policy/witness.ts';
import type { Admin } from '../cli/admin.ts';
import { toHex } from '../cli/text.ts';
import type { Attested } from '../owner/attest.ts';
import { attestGroups, checkPins } from '../owner/attest.ts';
import type { Kms } from '../owner/kms.ts';
import type { ProfileData } from '../owner/profile.ts';
import type { DueLease } from './deliver.ts';
import { deliverLeases, failed } from './deliver.ts';
import { isDue, readFacts } from './facts.ts';
import type { RenewOutcome } from './keeper.ts';
import type { WitnessStore } from './store.ts';
import type { WitnessRecord } from './witness-file.ts';

export interface RenewerParts {
  readonly profile: ProfileData;
  readonly store: WitnessStore;
  readonly kms: Kms;
  readonly admin: Admin;
  /** Milliseconds a lease holds; the policy's longest by default, never more. */
  readonly durationMs?: number;
}

export interface RenewChoice {
  /** The owner's word that the witness or the store was lost. */
  readonly recoverLost?: boolean;
}

/**
 * One pass over `wallets`, in groups: one document and, for those due, one signature of KMS each. A wallet the host does not serve, or one that
 * fails, costs the others nothing.
 */
export async function renewWallets(
  parts: RenewerParts,
  wallets: readonly string[],
  choice: RenewChoice = {},
): Promise<RenewOutcome[]> {
  let served: ReadonlySet<string>;
  try {
    served = new Set((await parts.admin.hello()).wallets.map(({ wallet }) => wallet));
  } catch (error) {
    return wallets.map((wallet) => failed(wallet, error));
  }
  const outcomes = wallets
    .filter((wallet) => !served.has(wallet))
    .map((wallet) => failed(wallet, new ReeveError('wallet-unknown', { wallet })));
  const present = wallets.filter((wallet) => served.has(wallet));
  for await (const group of attestGroups(parts.admin, parts.profile, present)) {
    outcomes.push(...(await renewGroup(parts, group, choice)));
  }
  return outcomes;
}

/** Everything of a group is decided and on the disk before anything of it is signed. */
async function renewGroup(
  parts: RenewerParts,
  group: readonly Attested[],
  { recoverLost = false }: RenewChoice,
): Promise<RenewOutcome[]> {
  const steps = group.map((attested) => takeStep(parts, attested, recoverLost));
  const delivered = await deliverLeases(
    parts,
    steps.flatMap((step) => ('lease' in step ? [step] : [])),
  );
  return steps.map((step) => ('lease' in step ? (delivered.get(step.lease.wallet) as RenewOutcome) : step));
}

function takeStep(parts: RenewerParts, attested: Attested, recoverLost: boolean): RenewOutcome | DueLease {
  try {
    if ('error' in attested) throw attested.error;
    return decideAndWrite(parts, attested.statement, recoverLost);
  } catch (error) {
    return failed(attested.wallet, error);
  }
}

/** Synchronous: nothing comes between reading the witness and having the decision on the disk. */
function decideAndWrite(
  { store, durationMs }: RenewerParts,
  statement: Statement,
  recoverLost: boolean,
): RenewOutcome | DueLease {
  const { wallet, phase } = statement;
  const record = store.read(wallet);
  checkPins(statement, record.pins);
  if (phase !== 'sealed' && phase !== 'active' && !statement.closed)
    return { wallet, result: 'idle', code: `wallet-${phase}` };
  const policy = store.readPolicy(record.witness.policyHash);
  const decision = decide({ record, statement, policy, durationMs, recoverLost });
  if (decision.kind === 'refuse') return refuseLease(store, record, statement, decision.alarm);
  const next = { ...noteStatement(record, statement), witness: decision.witness };
  const hold = durationMs === undefined ? policy.lease.maxSeconds * 1000 : durationMs;
  const slices = Object.fromEntries([...policy.assets.values()].map(({ id, slice }) => [id, slice]));
  if (!isDue(statement, record.witness.lastNumber, hold, slices)) {
    saveSeen(store, record, { ...next, witness: { ...record.witness, lastStatement: next.witness.lastStatement } });
    return { wallet, result: 'holds', number: statement.lastLease, until: Number(statement.until) };
  }
  store.write(next);
  return { statement, lease: decision.lease };
}

/** Time is the statement's: verified a moment ago, and the clock by which the enclave will judge the lease. */
export function decide(given: {
  record: WitnessRecord;
  statement: Statement;
  policy: Policy;
  durationMs: number | undefined;
  recoverLost: boolean;
}) {
  const { record, statement, policy, durationMs, recoverLost } = given;
  if (record.halted === toHex(statement.boot))
    return { kind: 'refuse', alarm: 'statement-went-back' } as const satisfies { kind: string; alarm: string };
  const now = Number(statement.time) as Millis;
  return decideLease(record.witness, readFacts(statement), policy, now, {
    recoverLost,
    ...(durationMs === undefined ? {} : { durationMs }),
  });
}

/** A boot that went back is remembered: later statements of it may look well again. */
function refuseLease(store: WitnessStore, record: WitnessRecord, statement: Statement, code: string): RenewOutcome {
  const { wallet } = statement;
  if (code === 'statement-went-back') store.write({ ...record, halted: toHex(statement.boot) as Hash });
  const idle = code === 'wallet-paused' || code === 'boot-closed';
  return { wallet, result: idle ? 'idle' : 'alarm', code };
}

function noteStatement(record: WitnessRecord, { head }: Statement): WitnessRecord {
  return { ...record, head: { seq: head.seq, hash: toHex(head.hash) } };
}

/** What a boot stated last is what it may not fall below. Written only when it changed. */
function saveSeen(store: WitnessStore, before: WitnessRecord, after: WitnessRecord): void {
  const changed =
    JSON.stringify([before.head, before.witness.lastStatement], bigintText) !==
    JSON.stringify([after.head, after.witness.lastStatement], bigintText);
  if (changed) store.write(after);
}

const bigintText = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
