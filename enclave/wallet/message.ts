/** Signing what is no transaction: wrapped off-chain messages and sign-in texts. The same gates, in the same one step of the event loop. */

import { chargesToJson, memoToJson, violationToJson } from '../../policy/json.ts';
import type { MessageForm, MessageJudgement, ReadMessage } from '../../policy/judge-message.ts';
import { judgeMessage, readMessageForm } from '../../policy/judge-message.ts';
import { chargeLease } from '../../policy/lease.ts';
import { reserve } from '../../policy/ledger.ts';
import type { Millis, Violation } from '../../policy/types.ts';
import type { Enclave } from '../enclave.ts';
import { hashMessage } from '../gates/decode.ts';
import { openWallet } from '../gates/open-wallet.ts';
import { requireRoom } from '../gates/require-room.ts';
import { signMessages } from '../gates/sign-messages.ts';
import { ReeveError } from '../link/errors.ts';
import type { Outcome, Params } from '../link/schema/registry.ts';
import type { Answer } from '../planes/answer.ts';
import { describeBudget } from './budget.ts';
import { recallMessage, remember } from './memory.ts';
import { requirePhase } from './phases.ts';
import { record } from './record.ts';
import { emptyDecision, recordRefusal } from './refusals.ts';
import type { Wallet } from './state.ts';

type MessageParams = Params<'agent', 'message.sign'>;
type MessageAnswer = Answer<Outcome<'agent', 'message.sign'>>;

/** The same bytes again give the same signature and cost nothing; a sign-in without a time of its own has new bytes each time. */
export function signMessage(enclave: Enclave, params: MessageParams): MessageAnswer {
  const wallet = openWallet(enclave, params);
  requirePhase(wallet, 'message.sign');
  requireRoom(wallet.chain);
  const now = enclave.clock.now();
  const { policy, agentKey: agent, ledger, lease, lastSignedAt } = wallet;
  const request = { policy, agent, ledger, lease, now, lastSignedAt, form: readForm(params) };
  const message = readMessageForm(request);
  if (!message.ok) return refuseMessage(wallet, params.message ?? new Uint8Array(), [message.refusal], now);
  const { bytes } = message.value;
  const known = recallMessage(wallet.memory, hashMessage(bytes));
  if (known !== null) return answerRepeated(wallet, message.value, known, now);
  const judgement = judgeMessage(request);
  if (judgement.decision === 'deny') return refuseMessage(wallet, bytes, judgement.violations, now);
  reserveMessage(wallet, judgement, now);
  return answerSigned(wallet, message.value, params, judgement, now);
}

function readForm({ message, signIn }: MessageParams): MessageForm {
  if (signIn !== undefined && message === undefined) return { kind: 'signIn', fields: signIn };
  // Both or neither is nobody's form: as bytes of no length it is refused like one.
  return { kind: 'wrapped', bytes: signIn === undefined && message !== undefined ? message : new Uint8Array() };
}

function refuseMessage(
  wallet: Wallet,
  bytes: Uint8Array,
  violations: readonly Violation[],
  now: Millis,
): MessageAnswer {
  const shown = violations.map(violationToJson);
  const body = { ...emptyDecision(wallet, 'deny'), messageHashes: [hashMessage(bytes)], violations: shown };
  recordRefusal(wallet, body, now);
  return { result: { outcome: 'refused', violations: shown }, wallet: wallet.name };
}

function reserveMessage(wallet: Wallet, { entries, charges }: MessageJudgement, now: Millis): void {
  const { lease, ledger, policy } = wallet;
  if (lease === null) throw new ReeveError('internal', { what: 'allowed without a lease' });
  reserve(ledger, policy, entries, now);
  wallet.lease = chargeLease(lease, charges);
  wallet.lastSignedAt = now;
}

function answerSigned(
  wallet: Wallet,
  { bytes, text }: ReadMessage,
  params: MessageParams,
  { charges, entries }: MessageJudgement,
  now: Millis,
): MessageAnswer {
  const hash = hashMessage(bytes);
  const [signed] = signMessages(wallet, [{ messageBytes: bytes, hash }]);
  if (signed === undefined) throw new ReeveError('internal', { what: 'signature' });
  remember(wallet.memory, undefined, [signed], now);
  const named = chargesToJson(wallet.policy, charges);
  const { budget } = describeBudget(wallet, now, (asset) => Object.hasOwn(named, asset));
  const kind = params.signIn === undefined ? 'message.wrapped' : 'message.signIn';
  const body = {
    ...emptyDecision(wallet, 'allow'),
    messageHashes: [hash],
    signatures: [signed.signature],
    charges: charges.map(({ asset, amount }) => ({ asset, amount })),
    entries: entries.map(({ line, asset, amount }) => ({ line, asset, amount })),
    effects: [{ transaction: 0, instruction: -1, kind, memo: memoToJson(new TextEncoder().encode(text)) }],
    left: budget,
  };
  const receipt = record(wallet, 'decision', body, now);
  const { signature } = signed;
  const result = {
    outcome: 'signed',
    signature,
    message: bytes,
    charges: named,
    budget,
    receipt,
    repeated: false,
  } as const;
  return { result, wallet: wallet.name, after: { wallet: wallet.name, seq: receipt.seq } };
}

/** The reply waits until everything so far is stored: the first reply may never have been released. */
function answerRepeated(wallet: Wallet, { bytes }: ReadMessage, signature: Uint8Array, now: Millis): MessageAnswer {
  const { seq, hash } = wallet.chain;
  const { budget } = describeBudget(wallet, now, () => false);
  const answer = { outcome: 'signed', signature, message: bytes, charges: {}, budget } as const;
  const result = { ...answer, receipt: { seq, hash }, repeated: true };
  return { result, wallet: wallet.name, after: { wallet: wallet.name, seq } };
}
