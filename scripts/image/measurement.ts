/** What an image measures to: the PCRs an enclave started from it will have. */

import { createHash } from 'node:crypto';
import type { Result } from '../../attestation/codes.ts';
import { accept, refuse } from '../../attestation/codes.ts';
import type { Measurement } from '../../attestation/measure.ts';
import { measureSections, PCR_BYTES } from '../../attestation/measure.ts';
import type { Eif, SectionKind } from './eif.ts';
import { readChecksum, readEif } from './eif.ts';
import type { ImageSignature } from './eif-signature.ts';
import { readImageSignature } from './eif-signature.ts';

export interface MeasuredSection {
  readonly kind: SectionKind;
  readonly bytes: number;
  readonly sha256: string;
}

export interface MeasuredImage {
  readonly pcrs: Measurement;
  /** Null in an image that is not signed: PCR8 is then zero. */
  readonly signature: ImageSignature | null;
  readonly crc32: number;
  readonly eif: Eif;
  readonly commandLine: string;
  readonly sections: readonly MeasuredSection[];
  /** The metadata section's JSON; null without one. It is not measured: anybody may have changed it. */
  readonly metadata: unknown;
}

/** Reads and measures an image. Refuses what is malformed, and a signature that does not hold. */
export function measureImage(bytes: Uint8Array): Result<MeasuredImage> {
  const read = readEif(bytes);
  if (!read.ok) return read;
  const eif = read.value;
  const pcrs = measureEif(eif);
  const metadata = readMetadata(findBody(eif, 'metadata'));
  if (!metadata.ok) return metadata;
  const signed = findBody(eif, 'signature');
  const signature = signed === undefined ? accept(null) : readImageSignature(signed, pcrs.pcr0);
  if (!signature.ok) return signature;
  return accept({
    pcrs,
    signature: signature.value,
    crc32: readChecksum(bytes),
    eif,
    commandLine: Buffer.from(findBody(eif, 'cmdline') ?? []).toString('latin1'),
    sections: eif.sections.map(({ kind, body }) => ({ kind, bytes: body.length, sha256: hash(body) })),
    metadata: metadata.value,
  });
}

/** PCR0 to PCR2 of an image that was read: kernel, command line and first ramdisk boot it, further ramdisks are the application. */
export function measureEif({ sections }: Eif): Measurement {
  const bodies = (kind: SectionKind) => sections.filter((section) => section.kind === kind).map(({ body }) => body);
  const [first = new Uint8Array(0), ...further] = bodies('ramdisk');
  const boot = [...bodies('kernel'), ...bodies('cmdline'), first];
  return measureSections(Buffer.concat(boot), Buffer.concat(further));
}

/** PCR8 of an image: zero when it is not signed. */
export function readPcr8({ signature }: Pick<MeasuredImage, 'signature'>): Uint8Array {
  return signature?.pcr8 ?? new Uint8Array(PCR_BYTES);
}

function findBody({ sections }: Eif, kind: SectionKind): Uint8Array | undefined {
  return sections.find((section) => section.kind === kind)?.body;
}

function readMetadata(body: Uint8Array | undefined): Result<unknown> {
  if (body === undefined) return accept(null);
  try {
    return accept(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch {
    return refuse('eif-metadata');
  }
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
