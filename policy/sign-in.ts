/**
 * Sign-in-with-Solana. The text is built here from fields, never taken: its first line names an allowed domain, so what is signed can be read,
 * lets the agent into that site and into no other, and cannot be a transaction, whose first byte would ask for more signatures than fit.
 */
import { pubkeyToBase58 } from './keys.ts';
import { SIGN_IN_SKEW_MS } from './limits.ts';
import type { Refusal } from './message.ts';
import { refuse } from './message.ts';
import type { MessageAllowances } from './policy.ts';
import type { Millis, Pubkey, Result } from './types.ts';

export interface SignInFields {
  readonly domain: string;
  /** One line of printable ASCII for people. */
  readonly statement?: string;
  /** `https`, on an allowed domain. */
  readonly uri?: string;
  readonly chainId?: string;
  readonly nonce?: string;
  /** RFC 3339, UTC. Without it the enclave's own time. */
  readonly issuedAt?: string;
  readonly expirationTime?: string;
  readonly notBefore?: string;
  readonly requestId?: string;
}

type Allowance = NonNullable<MessageAllowances['signIn']>;

const STATEMENT_PATTERN = /^[\x20-\x7e]{1,512}$/;
const URI_PATTERN = /^https:\/\/([a-z0-9.:-]+)([/?#][\x21-\x7e]*)?$/;
const NONCE_PATTERN = /^[A-Za-z0-9]{8,128}$/;
const REQUEST_PATTERN = /^[A-Za-z0-9._~-]{1,128}$/;
const MOMENT_PATTERN = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,3})?Z$/;
/** Characters of the longest URI. */
const URI_CHARACTERS_MAX = 1_024;

/** The text for `agent` at `now`, in the order of fields that sites expect. */
export function buildSignIn(
  fields: SignInFields,
  allowed: Allowance,
  agent: Pubkey,
  now: Millis,
): Result<string, Refusal> {
  if (!allowed.domains.has(fields.domain))
    return { ok: false, refusal: refuse('sign-in-domain-not-allowed', fields.domain) };
  const fault = findFieldFault(fields, allowed) ?? findTimeFault(fields, allowed, now);
  if (fault !== null) return { ok: false, refusal: refuse('sign-in-invalid', fault) };
  const { domain, statement, uri, chainId, nonce, issuedAt, expirationTime, notBefore, requestId } = fields;
  const lines: readonly (readonly [label: string, value: string | undefined])[] = [
    ['URI', uri],
    ['Version', '1'],
    ['Chain ID', chainId],
    ['Nonce', nonce],
    ['Issued At', issuedAt ?? new Date(now).toISOString()],
    ['Expiration Time', expirationTime],
    ['Not Before', notBefore],
    ['Request ID', requestId],
  ];
  const parts = [
    `${domain} wants you to sign in with your Solana account:\n${pubkeyToBase58(agent)}`,
    ...(statement === undefined ? [] : [statement]),
    lines.flatMap(([label, value]) => (value === undefined ? [] : [`${label}: ${value}`])).join('\n'),
  ];
  return { ok: true, value: parts.join('\n\n') };
}

function findFieldFault({ statement, uri, chainId, nonce, requestId }: SignInFields, allowed: Allowance) {
  if (statement !== undefined && !STATEMENT_PATTERN.test(statement)) return 'the statement is not a line of ASCII';
  if (chainId !== undefined && !allowed.chains.has(chainId)) return 'the chain is not one the policy names';
  if (nonce !== undefined && !NONCE_PATTERN.test(nonce)) return 'the nonce is not 8 to 128 letters and digits';
  if (requestId !== undefined && !REQUEST_PATTERN.test(requestId)) return 'the request id has other characters';
  if (uri === undefined) return null;
  const host = uri.length > URI_CHARACTERS_MAX ? undefined : URI_PATTERN.exec(uri)?.[1];
  return host !== undefined && allowed.domains.has(host) ? null : 'the URI is not one of an allowed domain';
}

/** Times that do not hold now would make a text for later: one that outlives the lease. */
function findTimeFault({ issuedAt, expirationTime, notBefore }: SignInFields, { maxSeconds }: Allowance, now: Millis) {
  const times = [issuedAt, expirationTime, notBefore].map((text) => (text === undefined ? null : readMoment(text)));
  if (times.some((time) => time !== null && Number.isNaN(time))) return 'a time is not RFC 3339 in UTC';
  const [issued = null, expires = null, starts = null] = times;
  if (issued !== null && Math.abs(issued - now) > SIGN_IN_SKEW_MS) return 'it is not issued now';
  if (starts !== null && starts > now + SIGN_IN_SKEW_MS) return 'it begins later';
  if (expires !== null && expires <= now) return 'it has ended already';
  if (maxSeconds === null) return null;
  if (expires === null) return 'the policy asks for an expiration time';
  return expires > now + maxSeconds * 1_000 ? `it is valid for more than ${maxSeconds} s` : null;
}

function readMoment(text: string): number {
  return MOMENT_PATTERN.test(text) ? Date.parse(text) : Number.NaN;
}
