/** Where the shared vectors are. They are never part of this project; a test that needs them says so and skips where they are absent. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = process.env['REEVE_VECTORS'] ?? join(import.meta.dirname, '..', '..', 'shared', 'vectors');

/** The folder of one family of vectors; `skip` is false where it is there, else the reason tap prints. */
export function findVectors(family: 'attestation' | 'cbor' | 'ed25519' | 'transactions'): {
  dir: string;
  skip: false | string;
} {
  const dir = join(ROOT, family);
  return { dir, skip: existsSync(dir) ? false : `no vectors in ${dir}; set REEVE_VECTORS` };
}
