/** What every part of the policy document's schema is made of. Every object is closed and may carry a `$comment`. */
import type { Static, TProperties, TSchema } from 'typebox';
import { Type } from 'typebox';
import { ASSETS_MAX } from './limits.ts';

/** Names of assets and groups. No `|` and no `!`: both are separators of ledger lines. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$';
/** Base58 of 32 bytes; that it is one is checked in `faults.ts`. */
export const ADDRESS_PATTERN = '^[1-9A-HJ-NP-Za-km-z]{32,44}$';

export const comment = { $comment: Type.Optional(Type.String()) };

/** An object that refuses fields it does not name. */
export const closed = <Properties extends TProperties>(properties: Properties) =>
  Type.Object({ ...comment, ...properties }, { additionalProperties: false });

/** An object from names to one kind of value. */
export const named = <Value extends TSchema>(
  value: Value,
  pattern = NAME_PATTERN,
  extra: TProperties = {},
  most = ASSETS_MAX + 1,
) =>
  Type.Unsafe<{ readonly [name: string]: Static<Value> }>({
    type: 'object',
    properties: { ...comment, ...extra },
    patternProperties: { [pattern]: value },
    additionalProperties: false,
    maxProperties: most,
  });

export const amount = () =>
  Type.String({ pattern: '^(0|[1-9][0-9]{0,19})$', description: 'lamports or base units, at most 2^64 - 1' });
export const address = () => Type.String({ pattern: ADDRESS_PATTERN, description: 'base58 of 32 bytes' });
export const name = () => Type.String({ pattern: NAME_PATTERN });
export const moment = () =>
  Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$', description: 'RFC 3339, UTC' });
export const oneOf = <Word extends string>(...words: readonly Word[]) =>
  Type.Unsafe<Word>({ type: 'string', enum: [...words] });
export const listOf = <Item extends TSchema>(item: Item, maxItems: number, minItems = 0) =>
  Type.Array(item, { maxItems, uniqueItems: true, ...(minItems === 0 ? {} : { minItems }) });

/** The members of an open record, comments left out. */
export function entriesOf<Value = unknown>(record: object | undefined): [string, Value][] {
  return Object.entries(record ?? {}).filter(([name]) => name !== '$comment') as [string, Value][];
}

/** What an open record says under a name. Only what it says itself: every object knows names like `constructor`. */
export function memberOf<Value>(record: { readonly [name: string]: Value } | undefined, name: string) {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
