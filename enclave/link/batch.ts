/**
 * Commands signed together: one signature over the root of a hash tree, and each command travels alone with its place in it. A path gives nothing
 * away of the commands beside it, since every leaf is salted: one that was signed and never sent cannot be guessed and sent by somebody else.
 */

import { decodeCbor, encodeCbor } from './cbor.ts';
import type { Sign1 } from './cose.ts';
import { decodeSign1, encodeSign1, encodeSigStructure } from './cose.ts';
import { ReeveError } from './errors.ts';
import { COMMANDS_PER_BATCH } from './limits.ts';
import { findPath, followPath, hashLeaf, hashTree } from './merkle.ts';
import type { BatchCommitment, BatchedCommand } from './schema/batch.ts';
import { isValid } from './validators.ts';

/** A signature over a batch can never pass for one over a command, nor the reverse. */
const BATCH_DOMAIN = 'reeve/batch/v1';
/** Bytes of a leaf's salt. */
export const SALT_BYTES = 32;
const CBOR_MAP = 5;

/** A payload and the random bytes that hide it from the others of its batch. */
export interface Leaf {
  readonly payload: Uint8Array;
  /** 32 bytes, never used twice. */
  readonly salt: Uint8Array;
}

/** The bytes a key in KMS signs (MessageType RAW) for these leaves, at most 64, in this order. */
export function batchSigningBytes(leaves: readonly Leaf[], key: Uint8Array): Uint8Array {
  return encodeSigStructure(key, BATCH_DOMAIN, encodeCommitment(leaves));
}

/** Each leaf's message for its own envelope. Does not check the signature: the enclave will. */
export function sealBatch(leaves: readonly Leaf[], key: Uint8Array, signature: Uint8Array): Uint8Array[] {
  const signed = encodeSign1({ key, signature, payload: encodeCommitment(leaves) });
  const hashes = leaves.map(hashOf);
  return leaves.map(({ payload, salt }, index) =>
    encodeCbor({ payload, salt, index, path: findPath(hashes, index), signed }),
  );
}

function encodeCommitment(leaves: readonly Leaf[]): Uint8Array {
  const size = leaves.length;
  if (size === 0 || size > COMMANDS_PER_BATCH || leaves.some(({ salt }) => salt.length !== SALT_BYTES))
    throw new ReeveError('command-batch', { limit: COMMANDS_PER_BATCH, observed: size });
  return encodeCbor({ v: 1, size, root: hashTree(leaves.map(hashOf)) } satisfies BatchCommitment);
}

function hashOf({ payload, salt }: Leaf): Uint8Array {
  return hashLeaf(salt, payload);
}

/** Whether a message is one of a batch (a CBOR map), not a COSE_Sign1 of its own (an array). */
export function isBatched(message: Uint8Array): boolean {
  return (message[0] ?? 0) >> 5 === CBOR_MAP;
}

/** The payload a message of either form carries. Proves nothing. */
export function readPayloadBytes(message: Uint8Array): Uint8Array {
  return isBatched(message) ? decodeBatched(message).payload : decodeSign1(message).payload;
}

/**
 * Follows a batched command to the root that was signed: the signed message, and the bytes its signature must hold over. Throws `command-batch`
 * when the path does not lead there. Does not verify the signature.
 */
export function openBatched(message: Uint8Array): { payload: Uint8Array; signed: Sign1; signedBytes: Uint8Array } {
  const { payload, salt, index, path, signed: bytes } = decodeBatched(message);
  const signed = decodeSign1(bytes);
  const commitment = decodeCbor(signed.payload);
  if (!isValid('BatchCommitment', commitment)) throw new ReeveError('command-malformed', { what: 'batch' });
  const root = followPath(hashOf({ payload, salt }), index, commitment.size, path);
  if (root === null || !Buffer.from(root).equals(commitment.root))
    throw new ReeveError('command-batch', { index, size: commitment.size });
  return { payload, signed, signedBytes: encodeSigStructure(signed.key, BATCH_DOMAIN, signed.payload) };
}

function decodeBatched(message: Uint8Array): BatchedCommand {
  let value: unknown;
  try {
    value = decodeCbor(message);
  } catch (cause) {
    throw new ReeveError('command-malformed', { what: 'batched command' }, cause);
  }
  if (!isValid('BatchedCommand', value)) throw new ReeveError('command-malformed', { what: 'batched command' });
  return value;
}
