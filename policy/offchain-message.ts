/**
 * Off-chain messages in their wrapped form, version 0: a head that no transaction can begin with, an application's domain, the signers, a text.
 * The wrapped bytes are decoded as strictly as a transaction, and only for the agent as the one signer.
 */
import {
  equalBytes,
  openCursor,
  openWriter,
  readByte,
  readBytes,
  writeByte,
  writeBytes,
  writeHex,
  writeU16,
} from './bytes.ts';
import { PUBKEY_BYTES, pubkeyFromBytes, pubkeyToBase58 } from './keys.ts';
import { MESSAGE_TEXT_BYTES_MAX } from './limits.ts';
import type { Refusal } from './message.ts';
import { refuse } from './message.ts';
import type { Pubkey, Result } from './types.ts';

/** `\xffsolana offchain`: as the first byte of a message 0xff would be version 127. */
const HEAD = Uint8Array.of(0xff, ...new TextEncoder().encode('solana offchain'));
const VERSION = 0;
/** Bytes of a wrapped message that hardware wallets accept: those of a packet. */
const SHORT_BYTES_MAX = 1_232;

/** Printable ASCII; UTF-8 that fits a packet; longer UTF-8. */
export type TextFormat = 0 | 1 | 2;

export interface OffchainMessage {
  readonly applicationDomain: Pubkey;
  readonly format: TextFormat;
  readonly signers: readonly Pubkey[];
  readonly text: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The wrapped bytes. The caller keeps to at most 255 signers and 65,535 bytes of text. */
export function encodeOffchainMessage({ applicationDomain, format, signers, text }: OffchainMessage): Uint8Array {
  const body = new TextEncoder().encode(text);
  const out = openWriter(HEAD.length + 1 + PUBKEY_BYTES + 1 + 1 + signers.length * PUBKEY_BYTES + 2 + body.length);
  writeBytes(out, HEAD);
  writeByte(out, VERSION);
  writeHex(out, applicationDomain);
  writeByte(out, format);
  writeByte(out, signers.length);
  for (const signer of signers) writeHex(out, signer);
  writeU16(out, body.length);
  writeBytes(out, body);
  return out.bytes;
}

/** The one message that encodes to these bytes and that the agent alone signs. */
export function decodeOffchainMessage(bytes: Uint8Array, agent: Pubkey): Result<OffchainMessage, Refusal> {
  const wrong = (detail: string) => ({ ok: false, refusal: refuse('message-not-wrapped', detail) }) as const;
  const cursor = openCursor(new Uint8Array(bytes));
  if (!equalBytes(readBytes(cursor, HEAD.length), HEAD)) return wrong('they do not begin as one');
  if (readByte(cursor) !== VERSION) return wrong('not version 0');
  const domain = readBytes(cursor, PUBKEY_BYTES);
  const format = readByte(cursor);
  if (readByte(cursor) !== 1) return wrong('not one signer');
  const signer = readBytes(cursor, PUBKEY_BYTES);
  const low = readByte(cursor);
  const body = readBytes(cursor, low | (readByte(cursor) << 8));
  if (cursor.fault !== null || cursor.at !== bytes.length) return wrong('its length is not the one it states');
  if (pubkeyFromBytes(signer) !== agent) return wrong(`the signer is ${pubkeyToBase58(pubkeyFromBytes(signer))}`);
  const text = decodeText(body);
  if (text === null) return wrong('the text is empty, too long or not UTF-8');
  if (format !== 0 && format !== 1 && format !== 2) return wrong(`format ${format}`);
  if (format === 0 && !/^[\x20-\x7e]+$/.test(text)) return wrong('format 0 with more than printable ASCII');
  if (format !== 2 && bytes.length > SHORT_BYTES_MAX) return wrong(`format ${format} with ${bytes.length} bytes`);
  return { ok: true, value: { applicationDomain: pubkeyFromBytes(domain), format, signers: [agent], text } };
}

function decodeText(body: Uint8Array): string | null {
  if (body.length === 0 || body.length > MESSAGE_TEXT_BYTES_MAX) return null;
  try {
    return utf8.decode(body);
  } catch {
    return null;
  }
}
