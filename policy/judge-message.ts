/** The judgement of a message that is no transaction: what may be signed, when, and that it counts as a signature. No approval lifts it. */

import type { Request } from './judge.ts';
import { pubkeyToBase58 } from './keys.ts';
import type { Entry } from './ledger.ts';
import { walletLine } from './ledger.ts';
import type { Refusal } from './message.ts';
import { refuse } from './message.ts';
import { decodeOffchainMessage } from './offchain-message.ts';
import { SIGNATURES } from './policy.ts';
import type { Facts } from './rules/facts.ts';
import { judgeCeiling, judgeLease } from './rules/lease.ts';
import { judgeWindows } from './rules/limits.ts';
import { judgeCooldown, judgeSchedule } from './rules/schedule.ts';
import type { SignInFields } from './sign-in.ts';
import { buildSignIn } from './sign-in.ts';
import type { Charge, Result, Violation } from './types.ts';

/** Wrapped bytes, or the fields of a sign-in. Other bytes are never signed: they could be anything. */
export type MessageForm =
  | { readonly kind: 'wrapped'; readonly bytes: Uint8Array }
  | { readonly kind: 'signIn'; readonly fields: SignInFields };

export type MessageRequest = Pick<Request, 'policy' | 'agent' | 'ledger' | 'lease' | 'now' | 'lastSignedAt'> & {
  readonly form: MessageForm;
};

/** What would be signed. */
export interface ReadMessage {
  readonly bytes: Uint8Array;
  readonly text: string;
}

export interface MessageJudgement {
  readonly decision: 'allow' | 'deny';
  readonly violations: readonly Violation[];
  readonly charges: readonly Charge[];
  readonly entries: readonly Entry[];
}

/** The bytes of a form, if the policy allows its kind, domain and text at all. The bytes of a sign-in hold the time `now` unless it brings its own. */
export function readMessageForm({ policy, agent, now, form }: MessageRequest): Result<ReadMessage, Refusal> {
  const refused = (refusal: Refusal) => ({ ok: false, refusal }) as const;
  const { offchain, signIn } = policy.messages;
  if (form.kind === 'signIn') {
    if (signIn === null) return refused(refuse('message-not-allowed', 'the policy allows no sign-in'));
    const text = buildSignIn(form.fields, signIn, agent, now);
    return text.ok ? { ok: true, value: { bytes: new TextEncoder().encode(text.value), text: text.value } } : text;
  }
  if (offchain === null) return refused(refuse('message-not-allowed', 'the policy allows none'));
  const decoded = decodeOffchainMessage(form.bytes, agent);
  if (!decoded.ok) return decoded;
  const { applicationDomain, text } = decoded.value;
  if (!offchain.applicationDomains.has(applicationDomain))
    return refused(refuse('message-not-allowed', `application domain ${pubkeyToBase58(applicationDomain)}`));
  const length = new TextEncoder().encode(text).length;
  if (length > offchain.maxBytes)
    return refused(refuse('message-too-long', `${length} bytes, at most ${offchain.maxBytes}`));
  return { ok: true, value: { bytes: form.bytes.slice(), text } };
}

/** Whether a signature may be given now, and what it costs: one of `signatures` where the policy counts them. */
export function judgeMessage(request: MessageRequest): MessageJudgement {
  const { policy } = request;
  const charges = policy.assets.has(SIGNATURES) ? [{ asset: SIGNATURES, amount: 1n }] : [];
  const entries = charges.map(({ asset, amount }) => ({ line: walletLine(asset), asset, amount }));
  const facts: Facts = { ...request, ...NOTHING, charges, entries };
  const violations = [judgeSchedule, judgeCooldown, judgeWindows, judgeLease, judgeCeiling].flatMap((rule) =>
    rule(facts),
  );
  return { decision: violations.length === 0 ? 'allow' : 'deny', violations, charges, entries };
}

/** A message moves nothing. */
const NOTHING = {
  transactions: 1,
  effects: [],
  shown: [],
  refusals: [],
  programs: [],
  transfers: [],
  spendings: [],
  calls: [],
  rents: [],
  fees: [],
  costs: new Map(),
} as const;
