/** What must be true of the machine before anything is made on it. */

import { readFileSync } from 'node:fs';
import type { NsmClient } from '../attestation/nsm.ts';
import { AWS_NITRO_ROOT_FINGERPRINT } from '../attestation/roots.ts';
import { verifyDocument } from '../attestation/verify.ts';
import { ReeveError } from './link/errors.ts';
import { makeDocument } from './nsm-documents.ts';
import type { Trust } from './trust.ts';

const CLOCK_SOURCE_FILE = '/sys/devices/system/clocksource/clocksource0/current_clocksource';

/** Throws `startup-refused` when kernel or NSM is not what the trust file wants. `observe` gets the NSM's time. */
export async function checkMachine(trust: Trust, nsm: NsmClient, observe: (timestamp: number) => void): Promise<void> {
  checkClockSource(trust);
  if (trust.nsm === 'nitro') checkCoreLimit(readCoreLimit());
  const document = await makeDocument(nsm, observe, {});
  if (trust.nsm === 'nitro') checkNitro(document, trust);
  if (trust.refuseDebug) await refuseDebug(nsm);
}

function checkClockSource({ clockSource }: Trust): void {
  if (clockSource === 'any') return;
  const observed = readFileSync(CLOCK_SOURCE_FILE, 'utf8').trim();
  if (observed !== clockSource)
    throw new ReeveError('startup-refused', { clockSource: observed, expected: clockSource });
}

/** Bytes of a core dump the kernel would write of this process, or `unlimited`. */
function readCoreLimit(): unknown {
  // Without this the report asks for names of hosts.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as { userLimits?: Record<string, { soft?: unknown } | undefined> };
  return userLimits?.['core_file_size_blocks']?.soft;
}

/** A core dump would be a copy of every seed on a disk. The init of an image, or whoever starts this process, turns them off. */
export function checkCoreLimit(limit: unknown): void {
  if (limit !== 0) throw new ReeveError('startup-refused', { what: 'core dumps are on', limit: String(limit) });
}

/** Our own NSM's document must chain to AWS: else this image, which says production, runs on something else. */
function checkNitro(document: Uint8Array, { refuseDebug }: Trust): void {
  const verdict = verifyDocument(document, {
    root: AWS_NITRO_ROOT_FINGERPRINT,
    at: 'document',
    allowDebug: !refuseDebug,
  });
  if (!verdict.valid) throw new ReeveError('startup-refused', { nsm: verdict.reason });
}

/** A debug enclave's console is open to the parent; its PCR0 is zero. */
async function refuseDebug(nsm: NsmClient): Promise<void> {
  const pcr = await nsm.describePcr(0);
  if (!pcr.ok) throw new ReeveError('nsm-failed', { command: 'DescribePCR', reason: pcr.refusal.reason });
  if (pcr.value.data.every((byte) => byte === 0)) throw new ReeveError('startup-refused', { what: 'debug mode' });
}
