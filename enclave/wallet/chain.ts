/**
 * A wallet's receipts while the host has not said that they are stored. Receipts are handed over in order with a signature over the last
 * one handed over; what was handed to a connection that broke is handed over again.
 */

import { ReeveError } from '../link/errors.ts';
import type { WireAppend } from '../link/messages.ts';
import { encodeReceipt, hashReceipt, headSigningBytes, sealHead } from '../link/receipts.ts';
import type { Head, ReceiptBody, ReceiptKind } from '../link/schema/receipt.ts';
import type { SigningKey } from '../signing-key.ts';

/** Receipts in one append at most: the wire's limit. */
const RECEIPTS_PER_APPEND = 1024;
/** Bytes an append takes besides its receipts: wallet name, signed head, CBOR heads. */
const APPEND_OVERHEAD_BYTES = 512;
/** Bytes of CBOR in front of one receipt. */
const RECEIPT_HEAD_BYTES = 5;

interface KeptReceipt {
  readonly seq: number;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly time: bigint;
}

/** What all chains of an enclave share: how much is unstored, and who has something to hand over. */
export interface ChainPool {
  bytes: number;
  readonly dirty: Set<Chain>;
}

export interface Chain {
  readonly wallet: string;
  readonly boot: Uint8Array;
  readonly key: SigningKey;
  readonly pool: ChainPool;
  /** The newest receipt. */
  seq: number;
  hash: Uint8Array;
  /** Receipts after `stored`, oldest first. */
  readonly kept: KeptReceipt[];
  /** The host said: on disk up to here. */
  stored: number;
  /** Handed to a connection that still stands, up to here. */
  handed: number;
  /** Ever handed over, up to here: nobody can have stored more. */
  reached: number;
  sinceCheckpoint: number;
  signedHead: { readonly seq: number; readonly bytes: Uint8Array } | null;
}

export interface ReceiptRef {
  readonly seq: number;
  readonly hash: Uint8Array;
}

export function createPool(): ChainPool {
  return { bytes: 0, dirty: new Set() };
}

/** A chain that goes on after `end`, which the host has stored. */
export function openChain(wallet: string, boot: Uint8Array, key: SigningKey, pool: ChainPool, end: ReceiptRef): Chain {
  const { seq, hash } = end;
  const marks = { stored: seq, handed: seq, reached: seq, sinceCheckpoint: 0, signedHead: null };
  return { wallet, boot, key, pool, seq, hash, kept: [], ...marks };
}

/** Adds a receipt at the end. Limits are checked before, where something can still be refused. */
export function appendReceipt<Kind extends ReceiptKind>(
  chain: Chain,
  kind: Kind,
  body: ReceiptBody<Kind>,
  time: number,
): ReceiptRef {
  const { wallet, boot, pool } = chain;
  const facts = { wallet, seq: chain.seq + 1, prev: chain.hash, time: BigInt(time), boot };
  const bytes = encodeReceipt({ ...facts, kind, body } as Parameters<typeof encodeReceipt>[0]);
  const kept = { seq: facts.seq, bytes, hash: hashReceipt(bytes), time: facts.time };
  chain.kept.push(kept);
  chain.seq = kept.seq;
  chain.hash = kept.hash;
  chain.sinceCheckpoint += 1;
  pool.bytes += bytes.length;
  pool.dirty.add(chain);
  return { seq: kept.seq, hash: kept.hash };
}

/** Forgets what the host says it has stored. A host that names a receipt it was never given is refused, and nothing is forgotten. */
export function acknowledgeStored(chain: Chain, stored: number): void {
  if (stored > chain.reached) throw new ReeveError('request-malformed', { stored, handedOver: chain.reached });
  if (stored <= chain.stored) return;
  const gone = chain.kept.splice(0, stored - chain.stored);
  for (const { bytes } of gone) chain.pool.bytes -= bytes.length;
  chain.stored = stored;
  chain.handed = Math.max(chain.handed, stored);
}

/** After a connection broke, everything that is not known to be stored is handed over again. */
export function rewindHandover(chain: Chain): void {
  chain.handed = chain.stored;
  if (chain.handed < chain.seq) chain.pool.dirty.add(chain);
}

/** The next receipts to hand over, as many as fit in `room` bytes, marked as handed over; null when none is left or fits. */
export function takePending(chain: Chain, room: number): WireAppend | null {
  const append = packReceipts(chain, chain.handed, room);
  if (append !== null) markHanded(chain, chain.handed + append.receipts.length);
  return append;
}

/** Receipts after `seq` that are still kept, as many as fit, and whether there are more. Does not take `seq` as stored. */
export function readSince(chain: Chain, seq: number, room: number): { append: WireAppend | null; more: boolean } {
  const from = Math.max(seq, chain.stored);
  const append = packReceipts(chain, from, room);
  const last = from + (append?.receipts.length ?? 0);
  if (append !== null && from <= chain.handed && last > chain.handed) markHanded(chain, last);
  return { append, more: last < chain.seq };
}

function markHanded(chain: Chain, seq: number): void {
  chain.handed = seq;
  chain.reached = Math.max(chain.reached, seq);
  if (seq >= chain.seq) chain.pool.dirty.delete(chain);
}

function packReceipts(chain: Chain, from: number, room: number): WireAppend | null {
  const receipts: Uint8Array[] = [];
  let left = room - APPEND_OVERHEAD_BYTES;
  let last: KeptReceipt | null = null;
  for (let index = from - chain.stored; index < chain.kept.length; index++) {
    const receipt = chain.kept[index] as KeptReceipt;
    left -= receipt.bytes.length + RECEIPT_HEAD_BYTES;
    if (left < 0 || receipts.length >= RECEIPTS_PER_APPEND) break;
    receipts.push(receipt.bytes);
    last = receipt;
  }
  return last === null ? null : { wallet: chain.wallet, receipts, signedHead: signHead(chain, last) };
}

/** One signature per receipt that ends a batch, however often it is handed over. */
function signHead(chain: Chain, { seq, hash, time }: KeptReceipt): Uint8Array {
  if (chain.signedHead?.seq === seq) return chain.signedHead.bytes;
  const head: Head = { wallet: chain.wallet, seq, hash, boot: chain.boot, time };
  const { publicKey } = chain.key;
  const bytes = sealHead(publicKey, head, chain.key.sign(headSigningBytes(publicKey, head)));
  chain.signedHead = { seq, bytes };
  return bytes;
}
