/** Transactions as they travel: signatures and the message they cover. No signature is verified here. */
import { openCursor, readBytes, readCompactU16 } from './bytes.ts';
import type { Message, Refusal } from './message.ts';
import { decodeMessage, MAX_TRANSACTION_BYTES, MAX_V1_TRANSACTION_BYTES, refuse, SIGNATURE_BYTES } from './message.ts';
import { VERSION_1_BYTE } from './message-parts.ts';
import type { Result } from './types.ts';

export interface Transaction {
  readonly message: Message;
  /** What a signature covers. A copy, like the signatures. */
  readonly messageBytes: Uint8Array;
  /** One slot per required signer, in the order of the message's keys; a slot of zeroes is an empty one. */
  readonly signatures: readonly Uint8Array[];
}

/** Where the parts of a transaction stand on the wire. */
interface Parts {
  /** Signature slots. */
  readonly count: number;
  readonly signaturesAt: number;
  readonly messageAt: number;
  readonly messageEnd: number;
}

/** Decodes a transaction from the wire: exactly one signature slot per required signature, and a message that `decodeMessage` accepts. */
export function decodeTransaction(wire: Uint8Array): Result<Transaction, Refusal> {
  const most = wire[0] === VERSION_1_BYTE ? MAX_V1_TRANSACTION_BYTES : MAX_TRANSACTION_BYTES;
  if (wire.length > most) return refused(refuse('message-too-large', `${wire.length} bytes`));
  const bytes = new Uint8Array(wire);
  const parts = findParts(bytes);
  if (!parts.ok) return parts;
  const { count, signaturesAt, messageAt, messageEnd } = parts.value;
  const messageBytes = bytes.subarray(messageAt, messageEnd);
  const message = decodeMessage(messageBytes);
  if (!message.ok) return message;
  const required = message.value.requiredSignatures;
  if (count !== required) return refused(refuse('signature-count', `${count} slots, ${required} required`));
  const block = bytes.subarray(signaturesAt, signaturesAt + count * SIGNATURE_BYTES);
  return { ok: true, value: { message: message.value, messageBytes, signatures: splitSignatures(block) } };
}

/** Version 1 puts the message first and says in it how many signatures follow; the others put a count and the signatures first. */
function findParts(wire: Uint8Array): Result<Parts, Refusal> {
  if (wire[0] === VERSION_1_BYTE) {
    const count = wire[1] ?? 0;
    const messageEnd = wire.length - count * SIGNATURE_BYTES;
    if (messageEnd < 0) return refused(refuse('undecodable', 'the signatures cannot be read to their end'));
    return { ok: true, value: { count, signaturesAt: messageEnd, messageAt: 0, messageEnd } };
  }
  const cursor = openCursor(wire);
  const count = readCompactU16(cursor);
  const signaturesAt = cursor.at;
  readBytes(cursor, count * SIGNATURE_BYTES);
  if (cursor.fault !== null) return refused(refuse(cursor.fault, 'the signatures cannot be read to their end'));
  return { ok: true, value: { count, signaturesAt, messageAt: cursor.at, messageEnd: wire.length } };
}

function refused(refusal: Refusal): { ok: false; refusal: Refusal } {
  return { ok: false, refusal };
}

function splitSignatures(block: Uint8Array): Uint8Array[] {
  const signatures: Uint8Array[] = [];
  for (let at = 0; at < block.length; at += SIGNATURE_BYTES) signatures.push(block.subarray(at, at + SIGNATURE_BYTES));
  return signatures;
}

/**
 * A copy of the transaction with one signature slot filled. For bytes that `decodeTransaction` accepted, and an index
 * from `findSigner`: anything else is a mistake of the caller and throws. The signature is not verified.
 */
export function attachSignature(wire: Uint8Array, index: number, signature: Uint8Array): Uint8Array {
  if (signature.length !== SIGNATURE_BYTES) throw new RangeError('a signature is 64 bytes');
  const parts = findParts(wire);
  if (!parts.ok || !Number.isInteger(index) || index < 0 || index >= parts.value.count)
    throw new RangeError('the transaction has no such signature slot');
  const signed = new Uint8Array(wire);
  signed.set(signature, parts.value.signaturesAt + index * SIGNATURE_BYTES);
  return signed;
}
