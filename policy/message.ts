/**
 * Transaction messages: the bytes that a signature covers. Legacy, version 0 and version 1 are read; everything that the chain would
 * refuse to sanitize is refused here, and so is every encoding but the one canonical one.
 * Not checked: whether the blockhash is a recent one, whether accounts exist, what lookup tables hold, whether the transaction would succeed.
 */
import { equalBytes, openCursor } from './bytes.ts';
import type { PolicyCodeName } from './codes.ts';
import type { Message, Refusal } from './message-parts.ts';
import {
  MAX_TRANSACTION_BYTES,
  MAX_V1_TRANSACTION_BYTES,
  refuse,
  VERSION_1_BYTE,
  VERSION_BIT,
} from './message-parts.ts';
import { findSanitizeFault } from './message-rules.ts';
import { readV0, writeV0 } from './message-v0.ts';
import { readV1, writeV1 } from './message-v1.ts';
import type { Pubkey, Result } from './types.ts';

export type { CompiledInstruction, Message, MessageConfig, Refusal, TableLookup } from './message-parts.ts';
export {
  MAX_INSTRUCTIONS,
  MAX_TRANSACTION_BYTES,
  MAX_V1_TRANSACTION_BYTES,
  refuse,
  SIGNATURE_BYTES,
} from './message-parts.ts';

function refused(code: PolicyCodeName, detail: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: refuse(code, detail) };
}

/**
 * Decodes message bytes. The result holds a private copy: later changes of `bytes` do not reach it.
 * Lookups are kept as they stand: what they stand for is for `resolveKeys` to say. Unknown versions are refused.
 */
export function decodeMessage(bytes: Uint8Array): Result<Message, Refusal> {
  const first = bytes[0] ?? 0;
  const most = first === VERSION_1_BYTE ? MAX_V1_TRANSACTION_BYTES : MAX_TRANSACTION_BYTES;
  if (bytes.length > most) return refused('message-too-large', `${bytes.length} bytes`);
  if (first > VERSION_1_BYTE) return refused('message-version-unsupported', `version ${first & 0x7f}`);
  const cursor = openCursor(new Uint8Array(bytes));
  const message = first === VERSION_1_BYTE ? readV1(cursor) : readV0(cursor, first === VERSION_BIT ? 0 : 'legacy');
  if (message === null) return refused('config-invalid', 'its mask names values that do not exist');
  if (cursor.fault !== null) return refused(cursor.fault, 'the message cannot be read to its end');
  if (cursor.at !== bytes.length) return refused('trailing-bytes', `${bytes.length - cursor.at} bytes`);

  const fault = findSanitizeFault(message, bytes.length);
  if (fault !== null) return { ok: false, refusal: fault };
  // The reader accepts one encoding only; comparing with what the writer makes keeps a fault in either from passing.
  if (!equalBytes(encodeMessage(message), bytes)) return refused('not-canonical', 'it encodes to other bytes');
  return { ok: true, value: message };
}

/** The canonical bytes of a message. Writes what it is given: whether it keeps the chain's rules is for `decodeMessage` to say. */
export function encodeMessage(message: Message): Uint8Array {
  return message.version === 1 ? writeV1(message) : writeV0(message);
}

/** Where a key stands among the required signers, or -1: the index of its signature in the transaction. */
export function findSigner(message: Message, key: Pubkey): number {
  const index = message.keys.indexOf(key);
  return index < message.requiredSignatures ? index : -1;
}
