/** Receipts: encoding, the hash chain, and the signature over its newest. Pure checks, used by the enclave at a restart and by anyone's audit. */

import { hash } from 'node:crypto';
import type { Cbor } from './cbor.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { decodeSign1, encodeSign1, encodeSigStructure } from './cose.ts';
import { verifyStrict } from './ed25519.ts';
import { ReeveError } from './errors.ts';
import type { Head, ReceiptBody, ReceiptKind } from './schema/receipt.ts';
import { isValid } from './validators.ts';

export const HEAD_DOMAIN = 'reeve/head/v1';

/** Before the first receipt of a chain. */
export const CHAIN_START: { readonly seq: number; readonly hash: Uint8Array } = { seq: 0, hash: new Uint8Array(32) };

interface ReceiptFacts {
  readonly wallet: string;
  readonly seq: number;
  readonly prev: Uint8Array;
  /** Unix milliseconds of the trusted clock. */
  readonly time: bigint;
  readonly boot: Uint8Array;
}

/** A receipt, told apart by `kind`. */
export type Receipt = {
  [Kind in ReceiptKind]: ReceiptFacts & { readonly kind: Kind; readonly body: ReceiptBody<Kind> };
}[ReceiptKind];

export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeCbor(receipt as unknown as Cbor);
}

/** The link of the chain: SHA-256 of the receipt's bytes. */
export function hashReceipt(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}

/** Reads one receipt by the schema of its kind. Does not look at its place in a chain. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const value = decodeCbor(bytes);
  if (!isValid('ReceiptFrame', value) || !isValid(`receipt/${value.kind}`, value.body)) {
    throw new ReeveError('chain-invalid', { what: 'a receipt does not match its schema' });
  }
  return value as unknown as Receipt;
}

/** Checks that receipts follow each other and `from`, all of one wallet; returns them with the new end of the chain. Proves order, not authorship: that is the head's signature. */
export function readChain(
  wallet: string,
  from: { readonly seq: number; readonly hash: Uint8Array },
  receipts: Iterable<Uint8Array>,
): { receipts: Receipt[]; end: { seq: number; hash: Uint8Array } } {
  let end = { seq: from.seq, hash: from.hash };
  const read: Receipt[] = [];
  for (const bytes of receipts) {
    const receipt = decodeReceipt(bytes);
    if (receipt.wallet !== wallet)
      throw new ReeveError('chain-invalid', { what: 'wallet', expected: wallet, observed: receipt.wallet });
    if (receipt.seq !== end.seq + 1)
      throw new ReeveError('chain-invalid', { what: 'gap', expected: end.seq + 1, observed: receipt.seq });
    if (!Buffer.from(receipt.prev).equals(end.hash))
      throw new ReeveError('chain-invalid', { what: 'hash', seq: receipt.seq });
    end = { seq: receipt.seq, hash: hashReceipt(bytes) };
    read.push(receipt);
  }
  return { receipts: read, end };
}

/** What the receipt key signs, for a head. */
export function headSigningBytes(key: Uint8Array, head: Head): Uint8Array {
  return encodeSigStructure(key, HEAD_DOMAIN, encodeCbor(head as unknown as Cbor));
}

export function sealHead(key: Uint8Array, head: Head, signature: Uint8Array): Uint8Array {
  return encodeSign1({ key, payload: encodeCbor(head as unknown as Cbor), signature });
}

/** Opens a signed head of this receipt key, or throws `chain-invalid`. Does not say that it is the newest there is. */
export function openHead(signedHead: Uint8Array, receiptKey: Uint8Array): Head {
  const { key, payload, signature } = decodeSign1(signedHead);
  const head = decodeCbor(payload);
  const signed = encodeSigStructure(key, HEAD_DOMAIN, payload);
  if (!Buffer.from(key).equals(receiptKey) || !verifyStrict(signature, signed, key) || !isValid('Head', head)) {
    throw new ReeveError('chain-invalid', { what: 'head signature' });
  }
  return head;
}
