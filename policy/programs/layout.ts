/**
 * Instructions as tables: a tag, the accounts by name and the data by field. One reader turns a row and an instruction into a value whose
 * type the row gives. It takes exactly the accounts and exactly the data of the row, though the chain tolerates more of both.
 */
import type { Cursor } from '../bytes.ts';
import { openCursor, readByte, readBytes, readU32, readU64 } from '../bytes.ts';
import { PUBKEY_BYTES, pubkeyFromBytes } from '../keys.ts';
import type { Pubkey } from '../types.ts';
import { fixedAccounts } from './addresses.ts';
import type { Decoded, RawInstruction } from './raw.ts';
import { alwaysRefused, fault, unknownTag } from './raw.ts';
import type { RefusedTable } from './refused.ts';

/** What a field's kind is read as. A `?` stands for a byte that says whether the value follows. */
interface FieldValues {
  readonly u8: number;
  readonly u32: number;
  readonly u64: bigint;
  readonly key: Pubkey;
  readonly 'key?': Pubkey | null;
  readonly 'u64?': bigint | null;
  readonly flag: boolean;
  /** Bytes behind their count, a u64: the seed of an address. */
  readonly seed: Uint8Array;
  /** Bytes behind their count, a u32. */
  readonly bytes: Uint8Array;
  readonly 'bytes?': Uint8Array | null;
  /** Whatever is left. */
  readonly rest: Uint8Array;
}
export type FieldKind = keyof FieldValues;

export interface Layout {
  readonly tag: number;
  /** Names; those of `fixedAccounts` must be that very account. */
  readonly accounts: readonly string[];
  /** Accounts that may follow, in this order. */
  readonly optional?: readonly string[];
  readonly data?: Readonly<Record<string, FieldKind>>;
}
export type Layouts = Readonly<Record<string, Layout>>;

type AccountsOf<Row> = Row extends { readonly accounts: readonly (infer Name extends string)[] }
  ? { readonly [Account in Name]: Pubkey }
  : never;
type OptionalOf<Row> = Row extends { readonly optional: readonly (infer Name extends string)[] }
  ? { readonly [Account in Name]: Pubkey | null }
  : unknown;
type DataOf<Row> = Row extends { readonly data: infer Fields }
  ? { readonly [Field in keyof Fields]: Fields[Field] extends FieldKind ? FieldValues[Fields[Field]] : never }
  : unknown;

/** The union of a table's instructions, told apart by `name`. */
export type InstructionOf<Program extends string, Table extends Layouts> = {
  [Name in keyof Table & string]: { readonly program: Program; readonly name: Name } & AccountsOf<Table[Name]> &
    OptionalOf<Table[Name]> &
    DataOf<Table[Name]>;
}[keyof Table & string];

/** Bytes of the tag that begins the data of every instruction of a program. */
export type TagBytes = 1 | 2 | 4;

type LayoutDecoder<Value> = (raw: RawInstruction) => Decoded<Value>;

/** The decoder of a program's table. What stands in `refused` is refused by its name and class, any other tag as unknown. */
export function layoutDecoder<Program extends string, Table extends Layouts>(
  program: Program,
  tagBytes: TagBytes,
  table: Table,
  refused: RefusedTable = [],
): LayoutDecoder<InstructionOf<Program, Table>> {
  const byTag = new Map(Object.entries(table).map(([name, layout]) => [layout.tag, { name, layout }]));
  const never = new Map(refused.map(([tag, name, why]) => [tag, { name, why }]));
  return (raw) => {
    const tag = readTag(raw.data, tagBytes);
    if (tag === null) return unknownTag(program, raw.data);
    const row = byTag.get(tag);
    if (row !== undefined) return readLayout(program, row.name, row.layout, raw, tagBytes);
    const refusal = never.get(tag);
    return refusal === undefined ? unknownTag(program, raw.data) : alwaysRefused(program, refusal.name, refusal.why);
  };
}

function readTag(data: Uint8Array, tagBytes: TagBytes): number | null {
  if (data.length < tagBytes) return null;
  if (tagBytes === 4) return readU32(data, 0);
  return (data[0] ?? 0) | (tagBytes === 2 ? (data[1] ?? 0) << 8 : 0);
}

/** One row against one instruction. `skip` is the length of the tag. */
export function readLayout<Value>(
  program: string,
  name: string,
  layout: Layout,
  { accounts, data }: RawInstruction,
  skip: number,
): Decoded<Value> {
  const { accounts: names, optional = [] } = layout;
  const value: Record<string, unknown> = { program, name };
  if (accounts.length < names.length || accounts.length > names.length + optional.length)
    return fault('instruction-malformed', `${name} takes ${names.length} accounts, not ${accounts.length}`);
  for (const [index, account] of names.entries()) {
    const expected = fixedAccounts.get(account);
    if (expected !== undefined && accounts[index] !== expected)
      return fault('instruction-malformed', `${name} without the account ${account}`);
    value[account] = accounts[index];
  }
  for (const [index, account] of optional.entries()) value[account] = accounts[names.length + index] ?? null;
  const cursor = openCursor(data, skip);
  for (const [field, kind] of Object.entries(layout.data ?? {})) value[field] = readField(cursor, kind);
  if (cursor.fault !== null || cursor.at !== data.length)
    return fault('instruction-malformed', `${name} with ${data.length} bytes of data`);
  return { ok: true, value: value as Value };
}

/** Exported for lists whose items are read one by one. */
export function readField<Kind extends FieldKind>(cursor: Cursor, kind: Kind): FieldValues[Kind];
export function readField(cursor: Cursor, kind: FieldKind): FieldValues[FieldKind] {
  switch (kind) {
    case 'u8':
      return readByte(cursor);
    case 'u32':
      return readU32(readBytes(cursor, 4), 0);
    case 'u64':
      return readU64(readBytes(cursor, 8), 0);
    case 'flag':
      return readFlag(cursor);
    case 'bytes':
      return readBytes(cursor, readU32(readBytes(cursor, 4), 0));
    case 'bytes?':
      return readFlag(cursor) ? readBytes(cursor, readU32(readBytes(cursor, 4), 0)) : null;
    case 'key':
      return readKey(cursor);
    case 'key?':
      return readFlag(cursor) ? readKey(cursor) : null;
    case 'u64?':
      return readFlag(cursor) ? readU64(readBytes(cursor, 8), 0) : null;
    case 'seed':
      return readSeed(cursor);
    case 'rest':
      return readBytes(cursor, cursor.bytes.length - cursor.at);
  }
}

/** A fault of the cursor makes the whole instruction malformed, so what is returned then does not matter. */
function readKey(cursor: Cursor): Pubkey {
  const bytes = readBytes(cursor, PUBKEY_BYTES);
  return pubkeyFromBytes(bytes.length === PUBKEY_BYTES ? bytes : new Uint8Array(PUBKEY_BYTES));
}

/** Exactly 0 or 1: other clients read a 2 as either. */
function readFlag(cursor: Cursor): boolean {
  const flag = readByte(cursor);
  if (flag > 1) cursor.fault ??= 'undecodable';
  return flag === 1;
}

/** Seeds longer than an address are refused by the chain; the length is checked before it is used. */
function readSeed(cursor: Cursor): Uint8Array {
  const length = readU64(readBytes(cursor, 8), 0);
  if (length > BigInt(PUBKEY_BYTES)) cursor.fault ??= 'undecodable';
  return cursor.fault === null ? readBytes(cursor, Number(length)) : new Uint8Array(0);
}
