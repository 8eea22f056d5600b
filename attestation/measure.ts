/**
 * Image measurement: how Nitro fills PCRs. Every PCR starts as 48 zero bytes and is extended by SHA-384(old || data).
 */
import { createHash } from 'node:crypto';

/** Bytes of one PCR (SHA-384). */
export const PCR_BYTES = 48;

function sha384(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha384');
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest();
}

/** One PCR extension: SHA-384(old || data). */
export function extendPcr(old: Uint8Array, data: Uint8Array): Uint8Array {
  return sha384(old, data);
}

/** A fresh PCR extended once by `data`: PCR3 for a role ARN, PCR4 for an instance id (both as UTF-8 bytes). */
export function measureOnce(data: Uint8Array): Uint8Array {
  return extendPcr(new Uint8Array(PCR_BYTES), data);
}

/**
 * PCR0 to PCR2 of an image whose sections are `boot` (kernel, command line and first ramdisk, concatenated) and `application` (further
 * ramdisks, concatenated). Lengths and borders are not measured, so PCR0 alone does not say where one section ends.
 */
export function measureSections(boot: Uint8Array, application: Uint8Array): Measurement {
  return {
    pcr0: measureOnce(sha384(boot, application)),
    pcr1: measureOnce(sha384(boot)),
    pcr2: measureOnce(sha384(application)),
  };
}

export interface Measurement {
  readonly pcr0: Uint8Array;
  readonly pcr1: Uint8Array;
  readonly pcr2: Uint8Array;
}

/** Measures the development stack's image: the enclave bundle's bytes stand where a single-ramdisk image stands, so PCR0 equals PCR1. */
export function measureBundle(bytes: Uint8Array): Measurement {
  return measureSections(bytes, new Uint8Array(0));
}
