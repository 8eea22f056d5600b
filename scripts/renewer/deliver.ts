/** Leases that are on the disk, on their way: one signature of KMS for all that one key signs, and each sent by itself. */

import type { ErrorCode } from '../../enclave/link/errors.ts';
import { isReeveError } from '../../enclave/link/errors.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import type { Lease } from '../../policy/lease.ts';
import { readFailure } from '../cli/failures.ts';
import type { SigningKeyName } from '../owner/profile.ts';
import type { Signed } from '../owner/sign.ts';
import { chooseKey, signBatch } from '../owner/sign.ts';
import { writeLease } from './facts.ts';
import type { RenewOutcome } from './keeper.ts';
import type { RenewerParts } from './renewer.ts';

/** Commands on their way at once. The admin socket takes 64 connections, and other commands (a pause) must find room beside these. */
const SENDS_AT_ONCE = 16;

/** A lease that was decided and written, and the statement it was decided on. */
export interface DueLease {
  readonly statement: Statement;
  readonly lease: Lease;
}

/** Signs and sends leases, at most 64. What became of each, by wallet. One that does not arrive is normal: the next has a higher number. */
export async function deliverLeases(
  parts: RenewerParts,
  due: readonly DueLease[],
): Promise<ReadonlyMap<string, RenewOutcome>> {
  const outcomes = new Map<string, RenewOutcome>();
  for (const [signer, group] of groupBySigner(parts, due, outcomes)) {
    const ready = group.filter((each) => mayLeave(parts, each, outcomes));
    if (ready.length > 0) await deliverGroup(parts, signer, ready, outcomes);
  }
  return outcomes;
}

/** By the key of the profile that may sign for them; a wallet for which there is none has failed. */
function groupBySigner(
  { profile }: RenewerParts,
  due: readonly DueLease[],
  outcomes: Map<string, RenewOutcome>,
): ReadonlyMap<SigningKeyName, DueLease[]> {
  const groups = new Map<SigningKeyName, DueLease[]>();
  for (const each of due) {
    try {
      const signer = chooseKey(profile, each.statement, 'lease.grant');
      groups.set(signer, [...(groups.get(signer) ?? []), each]);
    } catch (error) {
      outcomes.set(each.lease.wallet, failed(each.lease.wallet, error));
    }
  }
  return groups;
}

/** Whether a lease may still leave: its wallet may have been paused while others were signed for. If not, its outcome is noted. */
function mayLeave({ store }: RenewerParts, { lease }: DueLease, outcomes: Map<string, RenewOutcome>): boolean {
  const { wallet } = lease;
  try {
    if (!store.read(wallet).witness.paused) return true;
    outcomes.set(wallet, { wallet, result: 'idle', code: 'wallet-paused' });
  } catch (error) {
    outcomes.set(wallet, failed(wallet, error));
  }
  return false;
}

async function deliverGroup(
  parts: RenewerParts,
  signer: SigningKeyName,
  group: readonly DueLease[],
  outcomes: Map<string, RenewOutcome>,
): Promise<void> {
  const orders = group.map(({ statement, lease }) => ({ target: statement, content: { lease: writeLease(lease) } }));
  let signed: readonly Signed[];
  try {
    signed = await signBatch(parts.kms, parts.profile, signer, 'lease.grant', orders);
  } catch (error) {
    for (const { lease } of group) outcomes.set(lease.wallet, failed(lease.wallet, error));
    return;
  }
  const waiting = group.map((each, index) => ({ each, command: signed[index] as Signed }));
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (mayLeave(parts, next.each, outcomes)) outcomes.set(...(await send(parts, next.each, next.command)));
    }
  };
  await Promise.all(Array.from({ length: SENDS_AT_ONCE }, work));
}

async function send(
  { admin }: RenewerParts,
  { lease: { wallet, number, until } }: DueLease,
  command: Signed,
): Promise<[string, RenewOutcome]> {
  try {
    await admin.send(command);
    return [wallet, { wallet, result: 'leased', number, until }];
  } catch (error) {
    return [wallet, failed(wallet, error)];
  }
}

const TRUST_ERRORS: readonly ErrorCode[] = ['attestation-refused', 'statement-mismatch', 'document-mode'];

/** What failed and will be tried again; an alarm where the enclave is not what the owner pinned. */
export function failed(wallet: string, error: unknown): RenewOutcome {
  const { code, detail } = readFailure(error);
  const result = TRUST_ERRORS.some((trust) => isReeveError(error, trust)) ? 'alarm' : 'failed';
  return { wallet, result, code, detail };
}
