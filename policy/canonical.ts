/**
 * JSON in its one canonical form (RFC 8785), so that a policy has one hash. Refused: text that is not JSON, keys that appear
 * twice (which `JSON.parse` would drop without a word), lone surrogates, deep nesting, and what is over the size limit.
 */
import { JSON_DEPTH_MAX, POLICY_BYTES_MAX } from './limits.ts';
import type { Result, Violation } from './types.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The RFC 8785 text of a parsed JSON value, or null when it holds a lone surrogate, a number JSON has not, or is nested too deep. */
export function canonicalizeJson(value: Json, depth = 0): string | null {
  if (depth > JSON_DEPTH_MAX) return null;
  if (typeof value === 'string') return value.isWellFormed() ? JSON.stringify(value) : null;
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : null;
  if (value === null || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => canonicalizeJson(item, depth + 1));
    return items.includes(null) ? null : `[${items.join(',')}]`;
  }
  const fields = value as { readonly [key: string]: Json };
  // The default order of sort() is by UTF-16 code units, which is what RFC 8785 asks for.
  const members = Object.keys(fields)
    .sort()
    .map((key) => canonicalizeMember(key, fields[key] as Json, depth));
  return members.includes(null) ? null : `{${members.join(',')}}`;
}

function canonicalizeMember(key: string, value: Json, depth: number): string | null {
  const text = canonicalizeJson(value, depth + 1);
  return text === null || !key.isWellFormed() ? null : `${JSON.stringify(key)}:${text}`;
}

/** The canonical bytes of a policy document as a person wrote it. Says nothing about whether it fits the schema: `parsePolicy` does. */
export function canonicalizePolicy(text: string): Result<Uint8Array, Violation[]> {
  if (text.length > POLICY_BYTES_MAX) return refuse('policy-too-large', `${text.length} characters`);
  const value = parseJson(text);
  if (!value.ok) return value;
  if (countKeys(value.value) !== countKeysInText(text))
    return refuse('policy-not-json', 'a key appears twice in one object');
  return encode(value.value);
}

/** Reads bytes that must be canonical already: the owner signs the hash of exactly these. */
export function readCanonical(bytes: Uint8Array): Result<Json, Violation[]> {
  if (bytes.length > POLICY_BYTES_MAX) return refuse('policy-too-large', `${bytes.length} bytes`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse('policy-not-json', 'not UTF-8');
  }
  const value = parseJson(text);
  if (!value.ok) return value;
  const canonical = encode(value.value);
  if (!canonical.ok) return canonical;
  const same = canonical.value.length === bytes.length && canonical.value.every((byte, index) => byte === bytes[index]);
  return same ? value : refuse('policy-not-canonical', 'give the output of canonicalization');
}

function parseJson(text: string): Result<Json, Violation[]> {
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch (error) {
    return refuse('policy-not-json', (error as Error).message.slice(0, 200));
  }
}

function encode(value: Json): Result<Uint8Array, Violation[]> {
  const text = canonicalizeJson(value);
  if (text === null) return refuse('policy-not-json', `a lone surrogate, or nesting deeper than ${JSON_DEPTH_MAX}`);
  const bytes = new TextEncoder().encode(text);
  return bytes.length > POLICY_BYTES_MAX
    ? refuse('policy-too-large', `${bytes.length} bytes`)
    : { ok: true, value: bytes };
}

/** Keys of all objects. Stops at the depth that is refused anyway. */
function countKeys(value: Json, depth = 0): number {
  if (value === null || typeof value !== 'object' || depth > JSON_DEPTH_MAX) return 0;
  const children: readonly Json[] = Array.isArray(value) ? value : Object.values(value);
  const own = Array.isArray(value) ? 0 : children.length;
  return children.reduce((sum: number, child) => sum + countKeys(child, depth + 1), own);
}

/** Strings followed by a colon. Sound only for text that `JSON.parse` accepted. */
function countKeysInText(text: string): number {
  let keys = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:?)/g)) if (match[1] === ':') keys += 1;
  return keys;
}

function refuse(code: string, detail: string): { ok: false; refusal: Violation[] } {
  return { ok: false, refusal: [{ code, detail }] };
}
