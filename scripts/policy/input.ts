/** What the policy commands read: a policy, a transaction, a ledger, a moment. */

import { readFileSync } from 'node:fs';
import { ReeveError } from '../../enclave/link/errors.ts';
import { canonicalizePolicy, parsePolicy } from '../../policy/compile.ts';
import { violationToJson } from '../../policy/json.ts';
import { pubkeyFromBase58 } from '../../policy/keys.ts';
import type { Ledger } from '../../policy/ledger.ts';
import { importLedger } from '../../policy/ledger-state.ts';
import type { Message } from '../../policy/message.ts';
import { decodeMessage } from '../../policy/message.ts';
import type { Policy } from '../../policy/policy.ts';
import { decodeTransaction } from '../../policy/transaction.ts';
import type { Millis, Pubkey, Result, Violation } from '../../policy/types.ts';
import { usageError } from '../cli/failures.ts';
import type { Io } from '../cli/io.ts';

/** Bytes of standard input that are read: more is no transaction. */
const INPUT_BYTES_MAX = 64 * 1024;

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw usageError(`cannot read ${path}: ${(cause as Error).message}`);
  }
}

/** The policy of a file in any spacing, or every fault it has. */
export function readPolicy(path: string): Result<Policy, Violation[]> {
  const canonical = canonicalizePolicy(readText(path));
  return canonical.ok ? parsePolicy(canonical.value) : canonical;
}

export function requirePolicy(path: string): Policy {
  const policy = readPolicy(path);
  if (policy.ok) return policy.value;
  const faults = policy.refusal.map(violationToJson).map(({ path: at, detail }) => `${at ?? '/'}: ${detail}`);
  throw new ReeveError('file-invalid', { file: path, detail: faults.join('; ') });
}

/** The bytes of a file, or of standard input for `-`, in base64; null for anything else. */
export async function readInputBytes(source: string, io: Io): Promise<Uint8Array | null> {
  return decodeBase64(source === '-' ? await readAll(io) : readText(source));
}

/** A message from base64 of a wire transaction, or of message bytes. */
export async function readMessage(source: string, isMessage: boolean, io: Io): Promise<Result<Message, Violation>> {
  const bytes = await readInputBytes(source, io);
  if (bytes === null) return { ok: false, refusal: { code: 'undecodable', detail: 'not base64' } };
  if (isMessage) return decodeMessage(bytes);
  const transaction = decodeTransaction(bytes);
  return transaction.ok ? { ok: true, value: transaction.value.message } : transaction;
}

async function readAll({ stdin }: Io): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > INPUT_BYTES_MAX) throw usageError('standard input is longer than any transaction');
  }
  return text;
}

function decodeBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(text.trim(), { lastChunkHandling: 'strict' });
  } catch {
    return null;
  }
}

export function readAddress(text: string, option: string): Pubkey {
  const key = pubkeyFromBase58(text);
  if (key === null) throw usageError(`--${option} ${text} is not an address`);
  return key;
}

/** `--at`, or now. */
export function readMoment(text: string | undefined): Millis {
  const time = text === undefined ? Date.now() : Date.parse(text);
  if (Number.isNaN(time)) throw usageError(`--at ${text} is not a time like 2026-11-20T12:00:00Z`);
  return time as Millis;
}

/** A ledger as `exportLedger` gives it, with bigint as decimal strings. */
export function readLedger(path: string): Ledger {
  let state: unknown;
  try {
    state = JSON.parse(readText(path), (key, value: unknown) => (isAmountField(key, value) ? BigInt(value) : value));
  } catch (cause) {
    if (cause instanceof ReeveError) throw cause;
    throw new ReeveError('file-invalid', { file: path, detail: (cause as Error).message }, cause);
  }
  const ledger = importLedger(state);
  if (!ledger.ok) throw new ReeveError('file-invalid', { file: path, detail: ledger.refusal });
  return ledger.value;
}

/** `latest`, `first` and the members of `amounts`, whose keys are their places. */
function isAmountField(key: string, value: unknown): value is string {
  return typeof value === 'string' && /^(latest|first|[0-9]+)$/.test(key) && /^[0-9]{1,20}$/.test(value);
}
