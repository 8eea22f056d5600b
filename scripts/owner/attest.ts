/**
 * Attestation before trust: own nonce, the document verified against the pinned root and image, then every statement against what the owner
 * pinned. Until all of that holds, nothing the host said is used for more than the question asked.
 */

import { randomBytes } from 'node:crypto';
import { attestationCodes } from '../../attestation/codes.ts';
import { verifyDocument } from '../../attestation/verify.ts';
import type { ErrorCode } from '../../enclave/link/errors.ts';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { WALLETS_PER_ATTESTATION } from '../../enclave/link/limits.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import { decodeStatement, hashStatements } from '../../enclave/link/statements.ts';
import type { Admin } from '../cli/admin.ts';
import { toHex } from '../cli/text.ts';
import type { PinnedImage, ProfileData } from './profile.ts';
import { trustedRoot } from './profile.ts';

const NONCE_BYTES = 32;
/** Greatest age of a document by its own timestamp, milliseconds. The nonce proves freshness; this notices clocks that are far apart. */
const DOCUMENT_AGE_MS = 300_000;

/** What the owner saw at a wallet's creation. Owner and sealing key change by the owner's own command alone, the rest never. */
export interface Pins {
  readonly wallet: string;
  readonly agent: Uint8Array;
  readonly receiptKey: Uint8Array;
  readonly owner: Uint8Array;
  readonly kmsKeyArn: string;
}

export interface AttestOptions {
  /** Milliseconds since the epoch, by the owner's clock. */
  readonly now?: number;
}

/** What one document says of one wallet: its verified statement, or why that is not believed. Pins are the caller's to check. */
export type Attested =
  | { readonly wallet: string; readonly statement: Statement }
  | { readonly wallet: string; readonly error: unknown };

/** Verified statements about `wallets`, in their order. Rejects with `attestation-refused`, `document-mode` or `statement-mismatch`. Pins are the caller's to check. */
export async function attestWallets(
  admin: Admin,
  profile: ProfileData,
  wallets: readonly string[],
  options: AttestOptions = {},
): Promise<Statement[]> {
  const attested = await attestFirst(admin, profile, wallets, options);
  if (attested.length !== wallets.length) throw mismatch('statements', String(wallets.length), String(attested.length));
  return attested.map((each) => {
    if ('error' in each) throw each.error;
    return each.statement;
  });
}

/** One document over the first of `wallets` (at most 64), as many as the enclave could fit. Rejects where the document itself does not hold. */
async function attestFirst(
  admin: Admin,
  profile: ProfileData,
  wallets: readonly string[],
  { now = Date.now() }: AttestOptions = {},
): Promise<Attested[]> {
  if (wallets.length > WALLETS_PER_ATTESTATION)
    throw new ReeveError('attestation-refused', { limit: WALLETS_PER_ATTESTATION, observed: wallets.length });
  const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
  const answer = await admin.attest(nonce, wallets);
  verifyAnswer(profile, answer, nonce, now);
  const { length } = answer.statements;
  if (length > wallets.length || (length === 0 && wallets.length > 0))
    throw mismatch('statements', String(wallets.length), String(length));
  return answer.statements.map((bytes, index) => readAttested(profile, bytes, wallets[index] as string));
}

/** A statement that is not the one asked for costs the others under the same document nothing. */
function readAttested(profile: ProfileData, bytes: Uint8Array, wallet: string): Attested {
  try {
    const statement = decodeStatement(bytes);
    checkStatement(profile, statement, wallet);
    return { wallet, statement };
  } catch (error) {
    return { wallet, error };
  }
}

/** Failures that are the host's or the enclave's as a whole: asking for fewer wallets would not help. */
const COMMON_FAILURES: readonly ErrorCode[] = [
  'attestation-refused',
  'statement-mismatch',
  'admin-unreachable',
  'enclave-unavailable',
  'connection-lost',
  'nsm-failed',
];

/**
 * All of `wallets` in their order, group by group: each group under one document, as large as fits. Where a request fails, smaller ones find the
 * wallet it failed for.
 */
export async function* attestGroups(
  admin: Admin,
  profile: ProfileData,
  wallets: readonly string[],
): AsyncGenerator<readonly Attested[]> {
  let size = WALLETS_PER_ATTESTATION;
  for (let at = 0; at < wallets.length; ) {
    const asked = wallets.slice(at, at + size);
    const group = await attestFirst(admin, profile, asked).catch((error: unknown): Attested[] | null => {
      const isCommon = asked.length === 1 || COMMON_FAILURES.some((code) => isReeveError(error, code));
      return isCommon ? asked.map((wallet) => ({ wallet, error })) : null;
    });
    size = group === null ? Math.ceil(asked.length / 2) : Math.min(2 * size, WALLETS_PER_ATTESTATION);
    at += group?.length ?? 0;
    if (group !== null) yield group;
  }
}

/** One wallet's verified statement, held against its pins. */
export async function attestPinned(
  admin: Admin,
  profile: ProfileData,
  pins: Pins,
  options: AttestOptions = {},
): Promise<Statement> {
  const [statement] = await attestWallets(admin, profile, [pins.wallet], options);
  checkPins(statement as Statement, pins);
  return statement as Statement;
}

/** The first pinned image whose PCRs the document has; where none fits, the refusal of the last. */
function verifyAnswer(
  profile: ProfileData,
  { statements, document }: { statements: readonly Uint8Array[]; document: Uint8Array },
  nonce: Uint8Array,
  now: number,
): void {
  const expectations = {
    root: trustedRoot(profile),
    at: now,
    now,
    nonce,
    userData: hashStatements(statements),
    publicKey: null,
    maxAgeMs: DOCUMENT_AGE_MS,
  };
  const verdicts = profile.images.map((image) => verifyDocument(document, { ...expectations, pcrs: readPcrs(image) }));
  if (verdicts.some(({ valid }) => valid)) return;
  const refusals = verdicts.filter((verdict) => !verdict.valid);
  const refusal = refusals.find(({ reason }) => reason !== 'pcr-mismatch') ?? refusals[0];
  const reason = refusal?.reason ?? 'pcr-missing';
  throw new ReeveError('attestation-refused', {
    reason,
    what: attestationCodes[reason].text,
    detail: refusal?.detail ?? '',
  });
}

function readPcrs({ pcr0, pcr1, pcr2 }: PinnedImage): Record<number, Uint8Array> {
  return { 0: Buffer.from(pcr0, 'hex'), 1: Buffer.from(pcr1, 'hex'), 2: Buffer.from(pcr2, 'hex') };
}

function checkStatement(profile: ProfileData, statement: Statement, wallet: string): void {
  if (statement.wallet !== wallet) throw mismatch('wallet', wallet, statement.wallet);
  if (statement.mode !== profile.mode)
    throw new ReeveError('document-mode', { expected: profile.mode, observed: statement.mode });
}

/** Holds a verified statement against the pins. */
export function checkPins(statement: Statement, pins: Pins): void {
  for (const field of ['agent', 'receiptKey', 'owner'] as const) {
    if (!Buffer.from(statement[field]).equals(pins[field]))
      throw mismatch(field, toHex(pins[field]), toHex(statement[field]));
  }
  if (statement.kmsKeyArn !== pins.kmsKeyArn) throw mismatch('kmsKeyArn', pins.kmsKeyArn, statement.kmsKeyArn);
}

export function mismatch(field: string, expected: string, observed: string): ReeveError {
  return new ReeveError('statement-mismatch', { field, expected, observed });
}
