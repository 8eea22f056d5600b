/** Calls of programs that are not decoded: from the document to rules. The document has passed its schema and its faults were looked for. */
import type { AccountRule, CallCharge, CallRule, FieldRule } from './call-rules.ts';
import type { PolicyDocument } from './document.ts';
import { entriesOf } from './document-blocks.ts';
import type { CallChargeDocument, CallDocument, CalledProgramDocument, CallFieldDocument } from './document-calls.ts';
import { pubkeyFromBase58 } from './keys.ts';
import type { Asset } from './policy.ts';
import { NATIVE_MINT } from './programs/addresses.ts';
import type { Pubkey } from './types.ts';

type Assets = ReadonlyMap<string, Asset>;

/** By program address. */
export function compileCalls({ programs }: PolicyDocument, assets: Assets): ReadonlyMap<Pubkey, readonly CallRule[]> {
  const called = entriesOf<readonly string[] | CalledProgramDocument>(programs);
  return new Map(
    called.flatMap(([address, fields]) => {
      if (!('calls' in fields)) return [];
      return [[keyOf(address), fields.calls.map((call) => compileCall(call, assets))] as const];
    }),
  );
}

function compileCall(call: CallDocument, assets: Assets): CallRule {
  const { name, discriminator, bytes, fields = [], accounts, charges } = call;
  return {
    name,
    discriminator,
    bytes: bytes ?? null,
    fields: fields.map(compileField),
    accounts: new Map(accounts.map(({ index, is }) => [index, readAccountRule(is, assets)])),
    charges: charges.map((charge) => compileCharge(charge, assets)),
  };
}

function compileField({ name, offset, type, min, max, oneOf }: CallFieldDocument): FieldRule {
  return {
    name,
    offset,
    type,
    min: min === undefined ? null : BigInt(min),
    max: max === undefined ? null : BigInt(max),
    oneOf: oneOf === undefined ? null : new Set(oneOf.map(keyOf)),
  };
}

function compileCharge(charge: CallChargeDocument, assets: Assets): CallCharge {
  const { id: asset } = assets.get(charge.asset) as Asset;
  return 'field' in charge ? { asset, field: charge.field } : { asset, amount: BigInt(charge.amount) };
}

function readAccountRule(is: string, assets: Assets): AccountRule {
  if (is === 'agent' || is === 'vault' || is === 'notOurs') return { kind: is };
  const asset = nameOwnToken(is);
  if (asset === null) return { kind: 'address', address: keyOf(is) };
  const { id } = assets.get(asset) as Asset;
  // The tokens of SOL are those of its wrapped form.
  const mint = asset === 'SOL' ? NATIVE_MINT : (id as string as Pubkey);
  return { kind: 'ownToken', mint, asset };
}

/** The asset of `ownToken(ASSET)`, or null for anything else. */
export function nameOwnToken(is: string): string | null {
  return /^ownToken\((.+)\)$/.exec(is)?.[1] ?? null;
}

function keyOf(text: string): Pubkey {
  return pubkeyFromBase58(text) as Pubkey;
}
