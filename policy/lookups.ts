/**
 * What lookup tables stand for. A table is append-only on chain and its address can never be made again, so what a policy pins of its
 * beginning is true for ever; what the host says about tables is never used.
 */
import { pubkeyToBase58 } from './keys.ts';
import type { Message, Refusal } from './message.ts';
import { refuse } from './message.ts';
import type { Pubkey, Result } from './types.ts';

/** The pinned beginnings of lookup tables. */
export type PinnedTables = ReadonlyMap<Pubkey, readonly Pubkey[]>;

/**
 * All keys of a message in the order that instructions count them: its own, those loaded writable, those loaded read only.
 * Refused: a table that is not pinned, a place beyond what is pinned of it, and a key that then stands there twice, which the chain refuses.
 */
export function resolveKeys(message: Message, tables: PinnedTables | undefined): Result<readonly Pubkey[], Refusal> {
  const { keys, lookups } = message;
  if (lookups === undefined) return { ok: true, value: keys };
  const loaded: Pubkey[] = [];
  for (const side of ['writable', 'readonly'] as const) {
    for (const lookup of lookups) {
      const pinned = tables?.get(lookup.table) ?? [];
      for (const place of lookup[side]) {
        const key = pinned[place];
        if (key === undefined) return { ok: false, refusal: unpinned(lookup.table, place) };
        loaded.push(key);
      }
    }
  }
  const all = [...keys, ...loaded];
  if (new Set(all).size === all.length) return { ok: true, value: all };
  return { ok: false, refusal: refuse('duplicate-key', 'a lookup table adds a key that is there already') };
}

function unpinned(table: Pubkey, place: number): Refusal {
  return refuse('lookup-table-unpinned', `place ${place} of ${pubkeyToBase58(table)}`);
}
