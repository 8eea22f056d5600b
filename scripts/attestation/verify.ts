/** `reeve attestation verify`: the verdict on an attestation document, offline, by the functions the owner's tools use. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AttestationDocument } from '../../attestation/document.ts';
import { parseDocument } from '../../attestation/document.ts';
import { PCR_BYTES } from '../../attestation/measure.ts';
import { AWS_NITRO_ROOT_FINGERPRINT } from '../../attestation/roots.ts';
import type { Expectations, Verdict } from '../../attestation/verify.ts';
import { UNSIGNED_EMULATION, verifyDocument } from '../../attestation/verify.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Context } from '../cli/command.ts';
import { defineCommand } from '../cli/command.ts';
import { usageError } from '../cli/failures.ts';
import { EXIT } from '../cli/io.ts';
import { escapeText, formatTime, toHex } from '../cli/text.ts';
import type { ShownStatement } from './answer.ts';
import { describeStatement, describeStatementLines, readSocketAnswer } from './answer.ts';

/** First bytes of a document: an array of four, or COSE_Sign1's tag. What is not one may be base64 text, as sockets give it. */
const BINARY_STARTS = [0x84, 0xd2];
const PCR = /^(\d|[12]\d|3[01])=((?:[0-9a-f]{2})+)$/i;
const HEX = /^(?:[0-9a-f]{2})*$/i;
const SECONDS = /^\d{1,9}$/;

export const verifyCommand = defineCommand(
  {
    usage: 'reeve attestation verify --document FILE | --answer FILE [OPTIONS]',
    summary:
      'Verifies an attestation document offline. Without --pcr it says only that some enclave made it, not that it is yours.',
    words: 0,
    options: {
      document: { value: 'FILE', text: 'the document, as bytes or base64' },
      answer: {
        value: 'FILE',
        text: 'instead: what an agent’s socket answered to /v1/attestation; the document must be over the statement in it, which is shown',
      },
      at: {
        value: 'ISO|document',
        text: "when its certificates must be valid (default: now); 'document' takes the document's own time",
      },
      root: { value: 'PEM', text: 'file of the trusted root (default: the AWS Nitro root, pinned by fingerprint)' },
      pcr: { value: 'N=HEX', text: 'expected PCR, may be repeated; pin PCR0 at least', multiple: true },
      nonce: { value: 'HEX', text: 'expected nonce' },
      'user-data': { value: 'HEX', text: 'expected user data' },
      'max-age': { value: 'S', text: 'greatest age of the document in seconds' },
      'allow-debug': { text: 'take documents of debug enclaves' },
      'accept-unsigned-emulation': { text: 'take an emulator’s documents, which ANYBODY can write, and those alone' },
    },
  },
  verify,
);

/** Exit 0 valid, 1 not valid, 2 wrong use. */
export const { run } = verifyCommand;

async function verify(context: Context): Promise<number> {
  const expectations = readExpectations(context);
  const { bytes, statement, ...bound } = readSource(context);
  const verdict = verifyDocument(bytes, { ...expectations, ...bound });
  const parsed = parseDocument(bytes, { unsigned: expectations.root === UNSIGNED_EMULATION });
  report(context, verdict, parsed.ok ? parsed.value.document : null, statement);
  return verdict.valid ? EXIT.done : EXIT.failed;
}

interface Source extends Pick<Expectations, 'userData'> {
  readonly bytes: Uint8Array;
  /** Null for a bare document. */
  readonly statement: ShownStatement | null;
}

/** A bare document, or an answer whose statement says what the document's user data must be. */
function readSource(context: Context): Source {
  const [file, answer] = [context.option('document'), context.option('answer')];
  if (file !== undefined && answer === undefined) return { bytes: decodeFile(readBytes(file)), statement: null };
  if (answer === undefined || file !== undefined) throw usageError('--document FILE or --answer FILE is needed');
  if (context.option('user-data') !== undefined)
    throw usageError('--user-data is what the statement of an --answer gives');
  const { document, statement, userData } = readSocketAnswer(answer);
  return { bytes: document, userData, statement: describeStatement(statement) };
}

function readExpectations(context: Context): Expectations {
  const now = Date.now();
  const maxAge = context.option('max-age');
  if (maxAge !== undefined && !SECONDS.test(maxAge)) {
    throw usageError('--max-age is a whole number of seconds');
  }
  return {
    root: context.flag('accept-unsigned-emulation') ? UNSIGNED_EMULATION : readRoot(context.option('root')),
    at: readTime(context.option('at'), now),
    now,
    pcrs: readPcrs(context.options('pcr')),
    allowDebug: context.flag('allow-debug'),
    ...(maxAge === undefined ? {} : { maxAgeMs: Number(maxAge) * 1000 }),
    ...readHexOption(context, 'nonce', 'nonce'),
    ...readHexOption(context, 'user-data', 'userData'),
  };
}

function readHexOption(context: Context, option: string, name: 'nonce' | 'userData'): Partial<Expectations> {
  const value = context.option(option);
  if (value === undefined) {
    return {};
  }
  if (!HEX.test(value)) {
    throw usageError(`--${option} is not hex`);
  }
  return { [name]: Buffer.from(value, 'hex') };
}

function readTime(value: string | undefined, now: number): 'document' | number {
  if (value === undefined || value === 'document') {
    return value ?? now;
  }
  const at = Date.parse(value);
  if (!/^\d{4}-\d\d-\d\dT.*Z$/.test(value) || Number.isNaN(at)) {
    throw usageError("--at is 'document' or an ISO 8601 time in UTC, such as 2026-01-31T12:00:00Z");
  }
  return at;
}

function readPcrs(values: readonly string[]): Readonly<Record<number, Uint8Array>> {
  const pcrs: Record<number, Uint8Array> = {};
  for (const value of values) {
    const [, index, hex = ''] = PCR.exec(value) ?? [];
    if (index === undefined || hex.length !== 2 * PCR_BYTES || pcrs[Number(index)] !== undefined) {
      throw usageError(`--pcr is N=HEX with N from 0 to 31, once each, and ${2 * PCR_BYTES} hex digits`);
    }
    pcrs[Number(index)] = Buffer.from(hex, 'hex');
  }
  return pcrs;
}

function readRoot(file: string | undefined): Uint8Array | string {
  if (file === undefined) {
    return AWS_NITRO_ROOT_FINGERPRINT;
  }
  try {
    return new X509Certificate(readBytes(file)).raw;
  } catch (error) {
    throw error instanceof ReeveError
      ? error
      : new ReeveError('file-invalid', { file, detail: 'not a certificate in PEM' });
  }
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ReeveError('file-invalid', { file, detail: (error as NodeJS.ErrnoException).code ?? 'unreadable' });
  }
}

function decodeFile(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1').trim();
  const decoded = Buffer.from(text, 'base64');
  return BINARY_STARTS.includes(bytes[0] ?? 0) || decoded.toString('base64') !== text ? bytes : decoded;
}

/** The document is shown even when it is not valid, so that a mismatch can be understood; `valid` stands first. */
function report(
  context: Context,
  verdict: Verdict,
  document: AttestationDocument | null,
  statement: ShownStatement | null,
): void {
  const reason = verdict.valid ? null : verdict.reason;
  const shown = document === null ? null : describe(document);
  const head = verdict.valid ? 'valid' : `NOT VALID: ${verdict.reason}: ${escapeText(verdict.detail)}`;
  const detail = verdict.valid ? {} : { detail: verdict.detail };
  const note = verdict.valid ? [] : ['what it claims, unproven:'];
  const lines = shown === null ? [] : Object.entries(shown).flatMap(describeLines);
  const stated = statement === null ? [] : ['the wallet states:', ...describeStatementLines(statement)];
  const more = lines.length + stated.length === 0 ? [] : [...note, ...lines, ...stated];
  const value = { valid: verdict.valid, reason, ...detail, document: shown };
  context.report(statement === null ? value : { ...value, statement }, [head, ...more]);
}

type Shown = Readonly<Record<string, string | number | null | Readonly<Record<string, string>>>>;

function describe({ moduleId, timestamp, pcrs, publicKey, userData, nonce }: AttestationDocument): Shown {
  return {
    moduleId,
    time: formatTime(timestamp),
    timestamp,
    pcrs: Object.fromEntries([...pcrs].map(([index, value]) => [index, toHex(value)])),
    publicKey: publicKey && toHex(publicKey),
    userData: userData && toHex(userData),
    nonce: nonce && toHex(nonce),
  };
}

function describeLines([name, value]: [string, NonNullable<Shown[string]> | null]): string[] {
  if (value === null || typeof value !== 'object') {
    return [`  ${name}: ${escapeText(String(value))}`];
  }
  return Object.entries(value)
    .filter(([, pcr]) => !/^0+$/.test(pcr))
    .map(([index, pcr]) => `  PCR${index}: ${pcr}`);
}
