/** Random bytes for secrets: the hypervisor's and the kernel's, mixed so that either alone is enough. */

import { hkdfSync, randomBytes } from 'node:crypto';
import type { NsmClient } from '../attestation/nsm.ts';
import { ReeveError } from './link/errors.ts';

/** Bytes of the kernel's randomness that go into one draw. */
const KERNEL_BYTES = 64;
/** Fewest bytes of the hypervisor's that a draw must have. */
const NSM_BYTES_MIN = 64;

/** Draws `length` secret bytes for `purpose`, or rejects with `nsm-failed`. The caller wipes them. */
export type Entropy = (length: number, purpose: string) => Promise<Uint8Array>;

export function createEntropy(nsm: Pick<NsmClient, 'getRandom'>): Entropy {
  return async (length, purpose) => {
    const drawn = await nsm.getRandom();
    if (!drawn.ok || drawn.value.length < NSM_BYTES_MIN) throw new ReeveError('nsm-failed', { command: 'GetRandom' });
    const kernel = randomBytes(KERNEL_BYTES);
    const mixed = new Uint8Array(hkdfSync('sha512', drawn.value, kernel, `reeve/entropy/v1/${purpose}`, length));
    drawn.value.fill(0);
    kernel.fill(0);
    return mixed;
  };
}
