/** The policy document of a staged blob. */

import { parsePolicy } from '../../policy/compile.ts';
import type { Policy } from '../../policy/policy.ts';
import type { BlobStore } from '../blobs.ts';
import { ReeveError } from '../link/errors.ts';
import { POLICY_BYTES } from '../link/limits.ts';

/** The policy of this hash, or `blob-refused` when it was not staged, `policy-invalid` when it is no valid document. */
export function readPolicy(blobs: BlobStore, hash: Uint8Array): Policy {
  const bytes = blobs.read(hash);
  if (bytes.length > POLICY_BYTES) throw new ReeveError('policy-invalid', { bytes: bytes.length, limit: POLICY_BYTES });
  const parsed = parsePolicy(bytes);
  if (parsed.ok) return parsed.value;
  const [first] = parsed.refusal;
  throw new ReeveError('policy-invalid', {
    faults: parsed.refusal.length,
    reason: first?.code ?? '',
    path: (first?.path ?? '').slice(0, 120),
  });
}
