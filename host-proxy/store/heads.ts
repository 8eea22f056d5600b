/**
 * The newest signed head of a wallet: one file of two slots, written in turn, so that a torn write leaves the other whole. A head is written only
 * after its receipts are on the disk: a head that can be read proves that the receipts under it were stored, and their loss is damage.
 */

import { decodeCbor } from '../../enclave/link/cbor.ts';
import { decodeSign1 } from '../../enclave/link/cose.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Head } from '../../enclave/link/schema/receipt.ts';
import { isValid } from '../../enclave/link/validators.ts';
import { writeFileDurably, writeInPlace } from './durable.ts';
import type { Files, OpenFile } from './files.ts';
import { encodeRecord, readRecord } from './records.ts';

/** Bytes of one slot; a signed head is at most 1,024 bytes. */
const SLOT_BYTES = 2048;
const SLOTS = 2;

export interface StoredHead {
  readonly head: Head;
  readonly signedHead: Uint8Array;
}

export interface HeadFile {
  /** The newest head that can be read; null where none was ever written. */
  readonly newest: StoredHead | null;
  /** A slot was written and cannot be read: torn by a crash, or damaged later. */
  readonly damaged: boolean;
  readonly file: OpenFile;
  nextSlot: number;
}

/** Takes a signed head apart. Does not verify the signature: the enclave and the auditor do. */
export function readHead(signedHead: Uint8Array): Head {
  const head = decodeCbor(decodeSign1(signedHead).payload);
  if (!isValid('Head', head)) throw new ReeveError('chain-invalid', { what: 'head' });
  return head;
}

/** An empty file, made when the wallet's folder is: a missing one is damage, not a beginning. */
export async function createHeadFile(files: Files, path: string): Promise<void> {
  await writeFileDurably(files, path, new Uint8Array(SLOT_BYTES * SLOTS));
}

export async function openHeadFile(files: Files, path: string): Promise<HeadFile> {
  const content = await files.read(path);
  let newest: StoredHead | null = null;
  let damaged = content.length !== SLOT_BYTES * SLOTS;
  let nextSlot = 0;
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const bytes = content.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES);
    const stored = readSlot(bytes);
    if (stored === null) damaged ||= bytes.some((byte) => byte !== 0);
    else if (newest === null || stored.head.seq > newest.head.seq) {
      newest = stored;
      nextSlot = (slot + 1) % SLOTS;
    }
  }
  return { newest, damaged, file: await files.open(path, 'update'), nextSlot };
}

function readSlot(bytes: Uint8Array): StoredHead | null {
  const record = readRecord(bytes, 0);
  if (record === null) return null;
  try {
    return { head: readHead(record), signedHead: new Uint8Array(record) };
  } catch {
    return null;
  }
}

/** Durable when it resolves. After a failure the same slot is tried again, so the last good head stays. */
export async function writeHead(heads: HeadFile, signedHead: Uint8Array): Promise<void> {
  const slot = new Uint8Array(SLOT_BYTES);
  slot.set(encodeRecord(signedHead));
  await writeInPlace(heads.file, slot, heads.nextSlot * SLOT_BYTES);
  heads.nextSlot = (heads.nextSlot + 1) % SLOTS;
}
