/** Receipts of refusals: the first ten of a second each have their own, further ones share one with a count, at most a second late. */

import { FOLD_MS, REFUSALS_PER_SECOND } from '../limits.ts';
import type { ReceiptBody } from '../link/schema/receipt.ts';
import type { ViolationJson } from '../link/schema/results.ts';
import { record } from './record.ts';
import type { Wallet } from './state.ts';

type DecisionBody = ReceiptBody<'decision'>;
type Refusal = DecisionBody['decision'];

/** Codes reported of folded refusals: as many as a receipt may hold. */
const FOLDED_CODES = 24;

export interface RefusalTally {
  /** Start of the second being counted. */
  since: number;
  counted: number;
  readonly folded: Map<Refusal, { count: number; readonly codes: Set<string> }>;
  timer: NodeJS.Timeout | null;
}

export function emptyTally(): RefusalTally {
  return { since: 0, counted: 0, folded: new Map(), timer: null };
}

/** Writes a refusal's receipt, or counts it for the next one of several. */
export function recordRefusal(wallet: Wallet, body: DecisionBody, time: number): void {
  const tally = wallet.refusals;
  if (time - tally.since >= FOLD_MS) {
    flushRefusals(wallet, time);
    tally.since = time;
    tally.counted = 0;
  }
  tally.counted += 1;
  if (tally.counted <= REFUSALS_PER_SECOND) {
    record(wallet, 'decision', body, time);
    return;
  }
  fold(tally, body);
  tally.timer ??= setTimeout(() => flushRefusals(wallet, time + FOLD_MS), FOLD_MS).unref();
}

/** Writes what is folded: before a wallet closes, and when its second is over. */
export function flushRefusals(wallet: Wallet, time: number): void {
  const { folded, timer } = wallet.refusals;
  if (timer !== null) clearTimeout(timer);
  wallet.refusals.timer = null;
  for (const [decision, { count, codes }] of folded) {
    record(
      wallet,
      'decision',
      { ...emptyDecision(wallet, decision), violations: [...codes].map(foldedViolation), count },
      time,
    );
  }
  folded.clear();
}

/** A decision's receipt before anything is filled in. */
export function emptyDecision(wallet: Wallet, decision: Refusal): DecisionBody {
  return {
    decision,
    policyHash: Buffer.from(wallet.policy.hash, 'hex'),
    messageHashes: [],
    signatures: [],
    charges: [],
    entries: [],
    effects: [],
    violations: [],
    count: 1,
  };
}

function fold(tally: RefusalTally, { decision, violations }: DecisionBody): void {
  const folded = tally.folded.get(decision) ?? { count: 0, codes: new Set() };
  folded.count += 1;
  for (const { code } of violations) if (folded.codes.size < FOLDED_CODES) folded.codes.add(code);
  tally.folded.set(decision, folded);
}

function foldedViolation(code: string): ViolationJson {
  return { code, detail: 'of several refusals in one second' };
}
