/** What an agent's socket answers to `GET /v1/attestation`: a document and the statement it is over, as a stranger reads them. */

import { Type } from 'typebox';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import { decodeStatement, hashStatements } from '../../enclave/link/statements.ts';
import { readJsonFile } from '../cli/files.ts';
import { escapeText, formatTime, toHex } from '../cli/text.ts';
import { toAddress } from '../owner/show.ts';
import { readAmounts } from '../renewer/facts.ts';

const Base64 = Type.String({
  minLength: 4,
  maxLength: 262_144,
  pattern: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
});
const Answer = Type.Object(
  { nonce: Type.String({ maxLength: 128 }), statement: Base64, document: Base64 },
  { additionalProperties: false },
);

export interface SocketAnswer {
  readonly document: Uint8Array;
  readonly statement: Statement;
  /** What the document's user data must be for it to be over this statement. */
  readonly userData: Uint8Array;
}

/**
 * Reads the answer in `file`: `file-invalid` where it is none, `request-malformed` where its statement is none. The nonce in it is the answerer's word and counts
 * for nothing: the one that was asked with is the reader's to give. Nothing here is proven before the document verifies.
 */
export function readSocketAnswer(file: string): SocketAnswer {
  const answer = readJsonFile(file, Answer, 'file-invalid');
  const [document, statement] = [decode(answer.document), decode(answer.statement)];
  return { document, statement: decodeStatement(statement), userData: hashStatements([statement]) };
}

function decode(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

export type ShownStatement = Readonly<Record<string, unknown>>;

/** A statement for people and machines: keys as addresses, hashes in hex, times in ISO 8601, amounts in base units by asset. */
export function describeStatement(statement: Statement): ShownStatement {
  const { agent, receiptKey, owner, roles, time, until, head, spentInBoot, ceiling } = statement;
  const { wallet, mode, phase, policyHash, policyVersion, kmsKeyArn, image, boot, closed } = statement;
  return {
    wallet,
    agent: toAddress(agent),
    owner: toAddress(owner),
    roles: Object.fromEntries(Object.entries(roles).map(([role, keys]) => [role, keys.map(toAddress)])),
    policyHash: toHex(policyHash),
    policyVersion,
    kmsKeyArn,
    mode,
    phase,
    closed,
    image,
    boot: toHex(boot),
    time: formatTime(time),
    receiptKey: toAddress(receiptKey),
    head: `${head.seq}:${toHex(head.hash)}`,
    leaseEnds: until === 0n ? null : formatTime(until),
    spentInBoot: readAmounts(spentInBoot),
    ceiling: readAmounts(ceiling),
  };
}

/** What a stranger compares, one line each. */
export function describeStatementLines(shown: ShownStatement): string[] {
  const names = ['wallet', 'agent', 'owner', 'policyHash', 'policyVersion', 'kmsKeyArn', 'mode', 'phase', 'head'];
  return names.map((name) => `  ${name}: ${escapeText(String(shown[name]))}`);
}
