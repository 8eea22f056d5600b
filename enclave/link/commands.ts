/** Owner commands: one small payload that KMS can sign whatever the body's size, and the body beside it. */

import { createHash } from 'node:crypto';
import { isBatched, openBatched, readPayloadBytes } from './batch.ts';
import type { Cbor } from './cbor.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import type { Sign1 } from './cose.ts';
import { decodeSign1, encodeSign1, encodeSigStructure } from './cose.ts';
import { verifyStrict } from './ed25519.ts';
import { ReeveError } from './errors.ts';
import type { CommandBody, CommandName, CommandPayload, Envelope } from './schema/command.ts';
import { BATCHED_COMMANDS } from './schema/command.ts';
import { isValid } from './validators.ts';

export const COMMAND_DOMAIN = 'reeve/command/v1';

export interface OpenCommand {
  readonly payload: CommandPayload;
  /** Keys whose signature over this payload both implementations accept, without duplicates. */
  readonly signers: readonly Uint8Array[];
}

/** A body's bytes and hash, from a body that fits its schema. */
export function encodeCommandBody<Name extends CommandName>(
  name: Name,
  body: CommandBody<Name>,
): { bytes: Uint8Array; hash: Uint8Array } {
  if (!isValid(`command/${name}`, body)) throw new ReeveError('command-malformed', { command: name, what: 'body' });
  const bytes = encodeCbor(body as unknown as Cbor);
  return { bytes, hash: createHash('sha256').update(bytes).digest() };
}

/** Reads a body and holds it against the hash the owner signed. */
export function decodeCommandBody<Name extends CommandName>(
  name: Name,
  bytes: Uint8Array,
  hash: Uint8Array,
): CommandBody<Name> {
  if (!createHash('sha256').update(bytes).digest().equals(hash))
    throw new ReeveError('command-body', { command: name });
  const value = decodeCbor(bytes);
  if (!isValid(`command/${name}`, value)) throw new ReeveError('command-malformed', { command: name, what: 'body' });
  return value as CommandBody<Name>;
}

export function encodeCommandPayload(payload: CommandPayload): Uint8Array {
  return encodeCbor(payload as unknown as Cbor);
}

/** The bytes a key in KMS signs (MessageType RAW) for this payload. */
export function commandSigningBytes(payload: CommandPayload, key: Uint8Array): Uint8Array {
  return encodeSigStructure(key, COMMAND_DOMAIN, encodeCommandPayload(payload));
}

/** One signed command. Does not check the signature: the enclave will. */
export function sealCommand(
  payload: CommandPayload,
  signatures: readonly { key: Uint8Array; signature: Uint8Array }[],
): Envelope {
  return signatures.map(({ key, signature }) =>
    encodeSign1({ key, signature, payload: encodeCommandPayload(payload) }),
  );
}

/**
 * Opens an envelope: every signature must be over the same payload and hold, else the whole is refused. Does not know whose keys they are, nor
 * wallet, boot, seq or time.
 */
export function openCommand(envelope: Envelope): OpenCommand {
  const [first] = envelope;
  return first !== undefined && isBatched(first) ? openOfBatch(first, envelope.length) : openSigned(envelope);
}

function openSigned(envelope: Envelope): OpenCommand {
  const messages = envelope.map(decodeSign1);
  const payload = messages[0]?.payload ?? new Uint8Array();
  const signers = new Map<string, Uint8Array>();
  for (const message of messages) {
    if (!Buffer.from(message.payload).equals(payload))
      throw new ReeveError('command-malformed', { what: 'payloads differ' });
    checkSignature(message, encodeSigStructure(message.key, COMMAND_DOMAIN, message.payload));
    signers.set(Buffer.from(message.key).toString('hex'), message.key);
  }
  return { payload: decodePayload(payload), signers: [...signers.values()] };
}

/** A batch has one signer, and only commands that may share a signature. */
function openOfBatch(message: Uint8Array, messages: number): OpenCommand {
  if (messages !== 1) throw new ReeveError('command-malformed', { what: 'a batched command stands alone' });
  const { payload: bytes, signed, signedBytes } = openBatched(message);
  checkSignature(signed, signedBytes);
  const payload = decodePayload(bytes);
  if (!BATCHED_COMMANDS.has(payload.command)) throw new ReeveError('command-batch', { command: payload.command });
  return { payload, signers: [signed.key] };
}

function checkSignature({ signature, key }: Sign1, signedBytes: Uint8Array): void {
  if (!verifyStrict(signature, signedBytes, key)) throw new ReeveError('command-signature', {});
}

function decodePayload(bytes: Uint8Array): CommandPayload {
  const value = decodeCbor(bytes);
  if (!isValid('CommandPayload', value)) throw new ReeveError('command-malformed', { what: 'payload' });
  return value;
}

/** What an envelope says it is. Proves nothing: `openCommand` does. */
export function readPayload(envelope: Envelope): CommandPayload {
  return decodePayload(readPayloadBytes(envelope[0] ?? new Uint8Array()));
}
