/** Building blocks of every schema on the wire. TypeBox for the static types; ajv (strict, ownProperties) judges with two keywords of our own. */

import type { TProperties } from 'typebox';
import { Type } from 'typebox';

/** A byte string of exactly `bytes`, or of `min` to `max` bytes. Checked by the keyword `bytes`. */
export const Bytes = (min: number, max: number = min) => Type.Unsafe<Uint8Array>({ bytes: [min, max] });

/** An unsigned 64-bit integer as bigint: lamports, base units, milliseconds. Checked by the keyword `u64`. */
export const U64 = () => Type.Unsafe<bigint>({ u64: true });

/** A counter below 2^32. */
export const Counter = () => Type.Integer({ minimum: 0, maximum: 0xffffffff });

export const Bytes32 = () => Bytes(32);
export const Bytes64 = () => Bytes(64);

export const WalletName = () => Type.String({ pattern: '^[a-z0-9](-?[a-z0-9]){0,38}$', maxLength: 77 });

/** A decimal string of a u64: how amounts look in JSON. */
export const Decimal = () => Type.String({ pattern: '^(0|[1-9][0-9]{0,19})$', maxLength: 20 });

/** `SOL`, `signatures`, or a mint as 64 hex digits: the AssetId of policy/types.ts. */
export const AssetKey = () => Type.String({ pattern: '^(SOL|signatures|[0-9a-f]{64})$', maxLength: 64 });

export const Address = () => Type.String({ pattern: '^[1-9A-HJ-NP-Za-km-z]{32,44}$', maxLength: 44 });

/** An object that refuses fields it does not name. */
export const Fields = <Properties extends TProperties>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false });
