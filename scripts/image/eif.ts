/**
 * The enclave image format (EIF), version 4: a header of 548 bytes, then sections, each with a header of 12 bytes; all numbers big-endian.
 * Source of the layout: aws-nitro-enclaves-image-format, `defs/mod.rs`. One image has one encoding here: what reads back to other bytes is refused.
 */

import { crc32 } from 'node:zlib';
import type { AttestationCode, Result } from '../../attestation/codes.ts';
import { accept, refuse } from '../../attestation/codes.ts';

const MAGIC = 0x2e656966;
const VERSION = 4;
/** Flag of images for 64-bit ARM; no other flag exists. */
const ARM64 = 1;
const SECTIONS_MAX = 32;
const AT = {
  version: 4,
  flags: 6,
  memory: 8,
  cpus: 16,
  reserved: 24,
  count: 26,
  offsets: 28,
  sizes: 284,
  unused: 540,
  crc: 544,
};
export const EIF_HEADER_BYTES = 548;
const SECTION_HEADER_BYTES = 12;

/** Kinds in the order of their numbers, from 1. */
const KINDS = ['kernel', 'cmdline', 'ramdisk', 'signature', 'metadata'] as const;
export type SectionKind = (typeof KINDS)[number];

export interface Section {
  readonly kind: SectionKind;
  readonly flags: number;
  readonly body: Uint8Array;
}

export interface Eif {
  readonly architecture: 'x86_64' | 'aarch64';
  /** What the hypervisor gives unless told otherwise: bytes, and processors. Not measured. */
  readonly memory: bigint;
  readonly cpus: bigint;
  readonly sections: readonly Section[];
}

type Fault = { ok: false; refusal: { reason: AttestationCode; detail: string } };

/** Reads an image. Checks form and CRC; whether it boots, or what it measures to, is not said. Never throws. */
export function readEif(bytes: Uint8Array): Result<Eif> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fault = checkHeader(view);
  if (fault !== null) return fault;
  const sections = readSections(bytes, view);
  if (!sections.ok) return sections;
  const found = checksum(bytes);
  if (view.getUint32(AT.crc) !== found) return refuse('eif-crc', `the CRC of these bytes is ${found}`);
  const misplaced = checkOrder(sections.value.map(({ kind }) => kind));
  if (misplaced !== null) return misplaced;
  return accept({
    architecture: view.getUint16(AT.flags) === ARM64 ? 'aarch64' : 'x86_64',
    memory: view.getBigUint64(AT.memory),
    cpus: view.getBigUint64(AT.cpus),
    sections: sections.value,
  });
}

function checkHeader(view: DataView): Fault | null {
  if (view.byteLength < EIF_HEADER_BYTES) return refuse('eif-size', `${view.byteLength} bytes`);
  if (view.getUint32(0) !== MAGIC) return refuse('eif-magic');
  const version = view.getUint16(AT.version);
  if (version !== VERSION) return refuse('eif-version', `version ${version}, not ${VERSION}`);
  if (view.getUint16(AT.flags) > ARM64) return refuse('eif-flags', `flags ${view.getUint16(AT.flags)}`);
  if (view.getUint16(AT.reserved) !== 0 || view.getUint32(AT.unused) !== 0) return refuse('eif-reserved');
  const count = view.getUint16(AT.count);
  return count >= 1 && count <= SECTIONS_MAX ? null : refuse('eif-section-count', `${count} sections`);
}

/** Sections lie one after the other without a gap, as the two tables and their own headers say, to the last byte. */
function readSections(bytes: Uint8Array, view: DataView): Result<Section[]> {
  const sections: Section[] = [];
  const count = view.getUint16(AT.count);
  let at = EIF_HEADER_BYTES;
  for (let index = 0; index < SECTIONS_MAX; index++) {
    const offset = view.getBigUint64(AT.offsets + 8 * index);
    const size = view.getBigUint64(AT.sizes + 8 * index);
    if (index >= count) {
      if (offset !== 0n || size !== 0n) return refuse('eif-table', `entry ${index} of ${count} sections is not zero`);
      continue;
    }
    if (offset !== BigInt(at)) return refuse('eif-offset', `section ${index} starts at ${offset}, not at ${at}`);
    const section = readSection(bytes, view, at, size);
    if (!section.ok) return section;
    sections.push(section.value);
    at += SECTION_HEADER_BYTES + section.value.body.length;
  }
  return at === bytes.length ? accept(sections) : refuse('eif-trailing', `${bytes.length - at} bytes`);
}

function readSection(bytes: Uint8Array, view: DataView, at: number, size: bigint): Result<Section> {
  const room = bytes.length - at - SECTION_HEADER_BYTES;
  if (room < 0 || size > BigInt(room)) return refuse('eif-truncated', `the section at ${at}`);
  const kind = KINDS[view.getUint16(at) - 1];
  if (kind === undefined) return refuse('eif-section-kind', `kind ${view.getUint16(at)} at ${at}`);
  const own = view.getBigUint64(at + 4);
  if (own !== size) return refuse('eif-section-size', `${own} at ${at}, ${size} in the header`);
  const start = at + SECTION_HEADER_BYTES;
  return accept({ kind, flags: view.getUint16(at + 2), body: bytes.subarray(start, start + Number(size)) });
}

/**
 * PCRs cover kernel, command line and ramdisks in this order without their borders, so an image that has them otherwise could be taken for
 * another one.
 */
function checkOrder(kinds: readonly SectionKind[]): Fault | null {
  const measured = kinds.filter((kind) => kind !== 'metadata' && kind !== 'signature');
  for (const [index, kind] of (['kernel', 'cmdline'] as const).entries()) {
    if (measured[index] !== kind || measured.indexOf(kind, index + 1) >= 0) return refuse('eif-order', `${kinds}`);
  }
  if (measured.length < 3) return refuse('eif-order', `${kinds}: no ramdisk`);
  for (const kind of ['metadata', 'signature'] as const) {
    if (kinds.indexOf(kind) !== kinds.lastIndexOf(kind)) return refuse('eif-order', `${kinds}: two of ${kind}`);
  }
  return null;
}

/** CRC-32 of the whole file but the field that holds it. */
function checksum(bytes: Uint8Array): number {
  return crc32(bytes.subarray(EIF_HEADER_BYTES), crc32(bytes.subarray(0, AT.crc)));
}

/** The checksum field of an image that was read. */
export function readChecksum(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(AT.crc);
}

/** The bytes of an image; `readEif` of them gives the same. Throws where the format has no room (more than 32 sections). */
export function writeEif({ architecture, memory, cpus, sections }: Eif): Uint8Array {
  if (sections.length > SECTIONS_MAX) throw new RangeError(`an EIF holds at most ${SECTIONS_MAX} sections`);
  const total = sections.reduce((sum, { body }) => sum + SECTION_HEADER_BYTES + body.length, EIF_HEADER_BYTES);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(AT.version, VERSION);
  view.setUint16(AT.flags, architecture === 'aarch64' ? ARM64 : 0);
  view.setBigUint64(AT.memory, memory);
  view.setBigUint64(AT.cpus, cpus);
  view.setUint16(AT.count, sections.length);
  let at = EIF_HEADER_BYTES;
  for (const [index, { kind, flags, body }] of sections.entries()) {
    view.setBigUint64(AT.offsets + 8 * index, BigInt(at));
    view.setBigUint64(AT.sizes + 8 * index, BigInt(body.length));
    view.setUint16(at, KINDS.indexOf(kind) + 1);
    view.setUint16(at + 2, flags);
    view.setBigUint64(at + 4, BigInt(body.length));
    bytes.set(body, at + SECTION_HEADER_BYTES);
    at += SECTION_HEADER_BYTES + body.length;
  }
  view.setUint32(AT.crc, checksum(bytes));
  return bytes;
}
