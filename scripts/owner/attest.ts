/**
 * Attestation before trust: own nonce, the document verified against the pinned root and image, then every statement against what the owner
 * pinned. Until all of that holds, nothing the host said is used for more than the question asked.
 */

import { randomBytes } from 'node:crypto';
import { attestationCodes } from '../../attestation/codes.ts';
import { verifyDocument } from '../../attestation/verify.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
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

/** Verified statements about `wallets`, in their order. Rejects with `attestation-refused`, `document-mode` or `statement-mismatch`. Pins are the caller's to check. */
export async function attestWallets(
  admin: Admin,
  profile: ProfileData,
  wallets: readonly string[],
  { now = Date.now() }: AttestOptions = {},
): Promise<Statement[]> {
  if (wallets.length > WALLETS_PER_ATTESTATION)
    throw new ReeveError('attestation-refused', { limit: WALLETS_PER_ATTESTATION, observed: wallets.length });
  const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
  const answer = await admin.attest(nonce, wallets);
  verifyAnswer(profile, answer, nonce, now);
  const statements = answer.statements.map(decodeStatement);
  if (statements.length !== wallets.length)
    throw mismatch('statements', String(wallets.length), String(statements.length));
  statements.forEach((statement, index) => {
    checkStatement(profile, statement, wallets[index] as string);
  });
  return statements;
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
