/** The actions of a Squads v4 config transaction, for whoever has to read them before voting. An agent's wallet never signs one. */
import type { Cursor } from '../bytes.ts';
import { openCursor } from '../bytes.ts';
import type { Pubkey, Result } from '../types.ts';
import { readField } from './layout.ts';

/** Permissions of a member are bits: 1 may propose, 2 may vote, 4 may execute. */
export interface SquadsMember {
  readonly key: Pubkey;
  readonly permissions: number;
}

export type ConfigAction =
  | { readonly kind: 'addMember'; readonly member: SquadsMember }
  | { readonly kind: 'removeMember'; readonly member: Pubkey }
  | { readonly kind: 'changeThreshold'; readonly threshold: number }
  /** Seconds. */
  | { readonly kind: 'setTimeLock'; readonly seconds: number }
  | {
      readonly kind: 'addSpendingLimit';
      readonly createKey: Pubkey;
      readonly vaultIndex: number;
      /** The default key, all zeroes, stands for SOL. */
      readonly mint: Pubkey;
      readonly amount: bigint;
      /** 0 once, 1 day, 2 week, 3 month. */
      readonly period: number;
      readonly members: readonly Pubkey[];
      readonly destinations: readonly Pubkey[];
    }
  | { readonly kind: 'removeSpendingLimit'; readonly limit: Pubkey }
  | { readonly kind: 'setRentCollector'; readonly collector: Pubkey | null };

const PERMISSIONS_MAX = 7;
const PERIOD_MAX = 3;

/** What follows the discriminator of `configTransactionCreate`: actions and a memo, nothing behind. */
export function decodeConfigActions(
  bytes: Uint8Array,
): Result<{ readonly actions: readonly ConfigAction[]; readonly memo: Uint8Array | null }, string> {
  const cursor = openCursor(bytes);
  const actions = readList(cursor, readAction);
  const memo = readField(cursor, 'bytes?');
  if (cursor.fault !== null) return { ok: false, refusal: 'the actions cannot be read to their end' };
  if (cursor.at !== bytes.length) return { ok: false, refusal: 'bytes follow the memo' };
  return { ok: true, value: { actions, memo } };
}

/** Items behind their count, a u32. A count beyond the bytes ends at the first item that cannot be read. */
function readList<Item>(cursor: Cursor, read: (cursor: Cursor) => Item): Item[] {
  const count = readField(cursor, 'u32');
  const items: Item[] = [];
  while (items.length < count && cursor.fault === null) items.push(read(cursor));
  return items;
}

function readUpTo(cursor: Cursor, most: number): number {
  const value = readField(cursor, 'u8');
  if (value > most) cursor.fault ??= 'undecodable';
  return value;
}

function readU16Field(cursor: Cursor): number {
  const low = readField(cursor, 'u8');
  return low | (readField(cursor, 'u8') << 8);
}

const readKeyField = (cursor: Cursor) => readField(cursor, 'key');

function readAction(cursor: Cursor): ConfigAction {
  const tag = readField(cursor, 'u8');
  switch (tag) {
    case 0: {
      const key = readField(cursor, 'key');
      return { kind: 'addMember', member: { key, permissions: readUpTo(cursor, PERMISSIONS_MAX) } };
    }
    case 1:
      return { kind: 'removeMember', member: readField(cursor, 'key') };
    case 2:
      return { kind: 'changeThreshold', threshold: readU16Field(cursor) };
    case 3:
      return { kind: 'setTimeLock', seconds: readField(cursor, 'u32') };
    case 4:
      return readSpendingLimit(cursor);
    case 5:
      return { kind: 'removeSpendingLimit', limit: readField(cursor, 'key') };
    case 6:
      return { kind: 'setRentCollector', collector: readField(cursor, 'key?') };
    default:
      cursor.fault ??= 'undecodable';
      return { kind: 'setTimeLock', seconds: 0 };
  }
}

function readSpendingLimit(cursor: Cursor): ConfigAction {
  return {
    kind: 'addSpendingLimit',
    createKey: readField(cursor, 'key'),
    vaultIndex: readField(cursor, 'u8'),
    mint: readField(cursor, 'key'),
    amount: readField(cursor, 'u64'),
    period: readUpTo(cursor, PERIOD_MAX),
    members: readList(cursor, readKeyField),
    destinations: readList(cursor, readKeyField),
  };
}
