/** Reading a wallet's receipts from a host or a folder, and holding them against a head that somebody trustworthy vouches for. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Receipt } from '../../enclave/link/receipts.ts';
import { CHAIN_START, readChain } from '../../enclave/link/receipts.ts';
import { RECORD_HEADER_BYTES, readRecords } from '../../host-proxy/store/records.ts';
import type { Admin } from '../cli/admin.ts';
import { readBytesFile } from '../cli/files.ts';

/** Receipts asked for at a time. */
const PAGE_RECEIPTS = 500;
/** How often receipts that are not there yet are asked for, and milliseconds between. */
const LATE_ATTEMPTS = 6;
const LATE_MS = 250;

export interface HeadClaim {
  readonly seq: number;
  /** Lower-case hex. */
  readonly hash: string;
}

export interface CheckedChain {
  readonly receipts: readonly Receipt[];
  readonly end: { readonly seq: number; readonly hash: Uint8Array };
  /** Receipts after the head that is vouched for: their order holds, that none is missing after them does not follow. */
  readonly beyond: number;
}

/** All receipts the host has of a wallet, oldest first, unchecked. */
export async function fetchReceipts(admin: Admin, wallet: string): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for (let more = true; more; ) {
    const page = await admin.readReceipts(wallet, all.length, PAGE_RECEIPTS);
    all.push(...page.receipts);
    more = page.more && page.receipts.length > 0;
  }
  return all;
}

/** The receipts up to `seq`, unchecked. A host may have a receipt a second after the enclave attested it: fewer are returned only after that. */
export async function fetchReceiptsTo(admin: Admin, wallet: string, seq: number): Promise<Uint8Array[]> {
  for (let attempt = 1; ; attempt += 1) {
    const receipts = await fetchReceipts(admin, wallet);
    if (receipts.length >= seq || attempt === LATE_ATTEMPTS) return receipts.slice(0, seq);
    await wait(LATE_MS);
  }
}

/**
 * All receipts of a folder of `.seg` files, oldest first, unchecked. A last record cut short is left out: it was never acknowledged. Zeros up to a
 * file's end are room for receipts that did not come.
 */
export function readSegments(folder: string): Uint8Array[] {
  const names = readdirSync(folder).filter((name) => /^[0-9]{10}\.seg$/.test(name));
  return names.sort().flatMap((name, index) => readSegment(join(folder, name), index === names.length - 1));
}

function readSegment(path: string, mayBeTorn: boolean): Uint8Array[] {
  const bytes = readBytesFile(path);
  const receipts = readRecords(bytes);
  const read = receipts.reduce((sum, { length }) => sum + RECORD_HEADER_BYTES + length, 0);
  const isRoom = bytes.subarray(read).every((byte) => byte === 0);
  if (!isRoom && !mayBeTorn) throw new ReeveError('chain-invalid', { what: 'segment', file: path, offset: read });
  return receipts;
}

/** Checks a whole chain from its first receipt; `head`, if given, must be in it. Throws `chain-invalid`. */
export function checkChain(wallet: string, receipts: readonly Uint8Array[], head: HeadClaim | null): CheckedChain {
  const upTo = head === null ? receipts.length : head.seq;
  if (receipts.length < upTo)
    throw new ReeveError('chain-invalid', { what: 'receipts missing', expected: upTo, observed: receipts.length });
  const first = readChain(wallet, CHAIN_START, receipts.slice(0, upTo));
  const hash = Buffer.from(first.end.hash).toString('hex');
  if (head !== null && hash !== head.hash)
    throw new ReeveError('chain-invalid', { what: 'head', seq: head.seq, expected: head.hash, observed: hash });
  const rest = readChain(wallet, first.end, receipts.slice(upTo));
  return { receipts: [...first.receipts, ...rest.receipts], end: rest.end, beyond: rest.receipts.length };
}
