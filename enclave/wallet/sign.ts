/** Signing, and asking what signing would say. Both read as the list of gates a request passes. */

import { nameCalls } from '../../policy/approvals.ts';
import { chargesToJson, violationToJson } from '../../policy/json.ts';
import type { Millis, Violation } from '../../policy/types.ts';
import type { Enclave } from '../enclave.ts';
import type { DecodedTransaction } from '../gates/decode.ts';
import { decodeTransactions } from '../gates/decode.ts';
import type { Ruling } from '../gates/judge.ts';
import { fitViolations, judgeTransactions } from '../gates/judge.ts';
import { openWallet } from '../gates/open-wallet.ts';
import { recallCall } from '../gates/recall.ts';
import { requireRoom } from '../gates/require-room.ts';
import { reserveCharges } from '../gates/reserve.ts';
import { signMessages } from '../gates/sign-messages.ts';
import { APPROVAL_VIOLATIONS_BYTES, REFUSAL_VIOLATIONS_BYTES } from '../limits.ts';
import { ReeveError } from '../link/errors.ts';
import type { Outcome, Params } from '../link/schema/registry.ts';
import type { Answer } from '../planes/answer.ts';
import { askApproval } from './approvals.ts';
import { describeBudget } from './budget.ts';
import type { SignedMessage } from './memory.ts';
import { recallMessage, remember } from './memory.ts';
import { requirePhase } from './phases.ts';
import { record } from './record.ts';
import { emptyDecision, recordRefusal } from './refusals.ts';
import type { Wallet } from './state.ts';
import { hashBytes } from './statement.ts';

type SignParams = Params<'agent', 'sign'>;
type SignAnswer = Answer<Outcome<'agent', 'sign'>>;

/**
 * One call to sign: everything in it is signed, or nothing. Synchronous from the first gate to the last, so that no two calls can race a
 * limit. Transactions signed before are not judged again: effects and paths count the others only.
 */
export function sign(enclave: Enclave, params: SignParams): SignAnswer {
  const wallet = openWallet(enclave, params);
  requirePhase(wallet, 'sign');
  requireRoom(wallet.chain);
  const now = enclave.clock.now();
  const decoded = decodeTransactions(params.transactions);
  if (!decoded.ok) return refuseUndecoded(wallet, params, decoded.refusal, now);
  const recalled = recallCall(wallet.memory, params.id, decoded.value);
  if (recalled.kind === 'id-reused') return answerReused(wallet, recalled.signed);
  if (recalled.kind === 'repeated') return answerRepeated(wallet, params, recalled.signed, now);
  const fresh = recalled.indices.map((index) => decoded.value[index] as DecodedTransaction);
  const ruling = judgeTransactions(wallet, fresh, params.owners, now);
  if (ruling.decision === 'deny') return refuseJudged(wallet, params, fresh, ruling, now);
  if (ruling.decision === 'needs-approval') return askOwner(wallet, params, fresh, ruling, now);
  const approvalId = reserveCharges(wallet, ruling, now);
  const signed = signMessages(wallet, fresh);
  return answerSigned(wallet, params, { ruling, signed, approvalId, all: decoded.value }, now);
}

/** What `sign` would say now. Charges nothing, signs nothing, asks nobody, leaves no receipt. */
export function evaluate(enclave: Enclave, params: Params<'agent', 'evaluate'>): Answer<Outcome<'agent', 'evaluate'>> {
  const wallet = openWallet(enclave, params);
  requirePhase(wallet, 'evaluate');
  const now = enclave.clock.now();
  const decoded = decodeTransactions(params.transactions);
  if (!decoded.ok) {
    const violations = [violationToJson(decoded.refusal)];
    return { result: { decision: 'deny', violations, effects: [], charges: {}, effectsHash: new Uint8Array(32) } };
  }
  const ruling = judgeTransactions(wallet, decoded.value, params.owners, now);
  const { decision, shown: effects } = ruling;
  const violations = fitViolations(ruling.shownViolations, APPROVAL_VIOLATIONS_BYTES);
  const charges = chargesToJson(wallet.policy, ruling.charges);
  return {
    result: { decision, violations, effects: [...effects], charges, effectsHash: hashBytes(ruling.effectsHash()) },
  };
}

function refuseUndecoded(wallet: Wallet, params: SignParams, violation: Violation, now: Millis): SignAnswer {
  const violations = [violationToJson(violation)];
  recordRefusal(wallet, { ...emptyDecision(wallet, 'deny'), ...idOf(params), violations }, now);
  return { result: { outcome: 'refused', violations }, wallet: wallet.name };
}

function refuseJudged(
  wallet: Wallet,
  params: SignParams,
  asked: readonly DecodedTransaction[],
  ruling: Ruling,
  now: Millis,
): SignAnswer {
  const violations = fitViolations(ruling.shownViolations, REFUSAL_VIOLATIONS_BYTES);
  recordRefusal(wallet, { ...describeRuling(wallet, params, asked, ruling), violations }, now);
  return { result: { outcome: 'refused', violations }, wallet: wallet.name };
}

function askOwner(
  wallet: Wallet,
  params: SignParams,
  asked: readonly DecodedTransaction[],
  ruling: Ruling,
  now: Millis,
): SignAnswer {
  const { ttlSeconds, maxPending } = wallet.policy.approvals;
  const violations = fitViolations(ruling.shownViolations, APPROVAL_VIOLATIONS_BYTES);
  const petition = {
    effectsHash: hashBytes(ruling.effectsHash()),
    effects: [...ruling.shown],
    programs: nameCalls(ruling.programs),
    feeCap: String(ruling.feeCap),
    violations,
  };
  const approval = askApproval(wallet.approvals, petition, { ttlMs: ttlSeconds * 1000, maxPending }, now);
  const body = { ...describeRuling(wallet, params, asked, ruling), violations, approvalId: approval.id };
  recordRefusal(wallet, body, now);
  return { result: { outcome: 'needs-approval', approval: { ...approval }, violations }, wallet: wallet.name };
}

interface Allowed {
  readonly ruling: Ruling;
  readonly signed: readonly SignedMessage[];
  readonly approvalId: string | undefined;
  /** All transactions of the call, also those signed before. */
  readonly all: readonly DecodedTransaction[];
}

function answerSigned(wallet: Wallet, params: SignParams, allowed: Allowed, now: Millis): SignAnswer {
  const { ruling, signed, approvalId, all } = allowed;
  const charges = chargesToJson(wallet.policy, ruling.charges);
  const { budget } = describeBudget(wallet, now, (asset) => Object.hasOwn(charges, asset));
  const answered = all.map(({ hash }) => ({ hash, signature: findSignature(wallet, signed, hash) }));
  remember(wallet.memory, params.id, answered, now);
  const body = {
    ...describeRuling(wallet, params, signed, ruling),
    signatures: signed.map(({ signature }) => signature),
    charges: ruling.charges.map(({ asset, amount }) => ({ asset, amount })),
    entries: ruling.entries.map(({ line, asset, amount }) => ({ line, asset, amount })),
    left: budget,
    ...(approvalId === undefined ? {} : { approvalId }),
  };
  const receipt = record(wallet, 'decision', body, now);
  const result = { outcome: 'signed', ...listSigned(answered), charges, budget, receipt, repeated: false } as const;
  return { result, wallet: wallet.name, after: { wallet: wallet.name, seq: receipt.seq } };
}

function findSignature(wallet: Wallet, signed: readonly SignedMessage[], hash: Uint8Array): Uint8Array {
  const fresh = signed.find((message) => Buffer.from(message.hash).equals(hash));
  const signature = fresh?.signature ?? recallMessage(wallet.memory, hash);
  if (signature === null) throw new ReeveError('internal', { what: 'signature' });
  return signature;
}

/** The same bytes as before. The reply waits until everything so far is stored: the first reply may never have been released. */
function answerRepeated(wallet: Wallet, params: SignParams, signed: readonly SignedMessage[], now: Millis): SignAnswer {
  remember(wallet.memory, params.id, signed, now);
  const { seq, hash } = wallet.chain;
  const { budget } = describeBudget(wallet, now, () => false);
  const receipt = { seq, hash };
  const result = { outcome: 'signed', ...listSigned(signed), charges: {}, budget, receipt, repeated: true } as const;
  return { result, wallet: wallet.name, after: { wallet: wallet.name, seq } };
}

function answerReused(wallet: Wallet, signed: readonly SignedMessage[]): SignAnswer {
  const result = { outcome: 'id-reused', ...listSigned(signed) } as const;
  return { result, wallet: wallet.name, after: { wallet: wallet.name, seq: wallet.chain.seq } };
}

function listSigned(signed: readonly SignedMessage[]): { signatures: Uint8Array[]; messageHashes: Uint8Array[] } {
  return { signatures: signed.map(({ signature }) => signature), messageHashes: signed.map(({ hash }) => hash) };
}

function describeRuling(
  wallet: Wallet,
  params: SignParams,
  asked: readonly { readonly hash: Uint8Array }[],
  ruling: Ruling,
) {
  return {
    ...emptyDecision(wallet, ruling.decision),
    ...idOf(params),
    messageHashes: asked.map(({ hash }) => hash),
    effects: [...ruling.shown],
    violations: ruling.shownViolations,
  };
}

function idOf({ id }: SignParams): { id?: string } {
  return id === undefined ? {} : { id };
}
