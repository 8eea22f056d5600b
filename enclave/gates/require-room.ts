/** Gate: what happens can be written down. A host that does not store gets no more decisions. */

import { COMMAND_HEADROOM_BYTES, COMMAND_HEADROOM_RECEIPTS } from '../limits.ts';
import { ReeveError } from '../link/errors.ts';
import { UNSTORED_BYTES, UNSTORED_RECEIPTS } from '../link/limits.ts';
import type { Chain } from '../wallet/chain.ts';

/** Throws `busy` when too much of this wallet, or of all wallets, is not stored yet. */
export function requireRoom({ kept, pool }: Chain, by: 'agent' | 'owner' = 'agent'): void {
  const receipts = UNSTORED_RECEIPTS + (by === 'owner' ? COMMAND_HEADROOM_RECEIPTS : 0);
  const bytes = UNSTORED_BYTES + (by === 'owner' ? COMMAND_HEADROOM_BYTES : 0);
  if (kept.length >= receipts) throw new ReeveError('busy', { unstoredReceipts: kept.length });
  if (pool.bytes >= bytes) throw new ReeveError('busy', { unstoredBytes: pool.bytes });
}
