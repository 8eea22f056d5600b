/** How statements about wallets are written, read and bound to one NSM document. */

import { createHash } from 'node:crypto';
import type { Cbor } from './cbor.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { ReeveError } from './errors.ts';
import type { AssetAmounts } from './schema/results.ts';
import type { Statement, WireStatement } from './schema/statement.ts';
import { isValid } from './validators.ts';

const DOMAIN = 'reeve/statement/v1';

type WireAsset = WireStatement['amounts'][number][0];

/** The one form of a statement: assets in the order of their ids, none without an amount. */
export function encodeStatement({ spentInBoot, ceiling, mSpent, ...facts }: Statement): Uint8Array {
  const columns = [spentInBoot, ceiling, mSpent].map(
    (list) => new Map(list.map(({ asset, amount }) => [asset, amount])),
  );
  const assets = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort();
  const amounts = assets
    .map((asset) => [writeAsset(asset), ...columns.map((column) => column.get(asset) ?? 0n)])
    .filter(([, ...row]) => row.some((amount) => amount !== 0n));
  return encodeCbor({ ...facts, amounts } as unknown as Cbor);
}

/** Reads one statement or throws `request-malformed`. Proves nothing: only the attestation document over it does. */
export function decodeStatement(bytes: Uint8Array): Statement {
  const value = decodeCbor(bytes);
  if (!isValid('WireStatement', value)) throw new ReeveError('request-malformed', { what: 'statement' });
  const { amounts, ...facts } = value;
  const column = (index: 1 | 2 | 3): AssetAmounts =>
    amounts.flatMap((row) => (row[index] === 0n ? [] : [{ asset: readAsset(row[0]), amount: row[index] }]));
  const statement = { ...facts, spentInBoot: column(1), ceiling: column(2), mSpent: column(3) };
  if (!Buffer.from(bytes).equals(encodeStatement(statement)))
    throw new ReeveError('request-malformed', { what: 'statement: amounts' });
  return statement;
}

function writeAsset(asset: string): WireAsset {
  return asset === 'SOL' || asset === 'signatures' ? asset : new Uint8Array(Buffer.from(asset, 'hex'));
}

function readAsset(asset: WireAsset): string {
  return typeof asset === 'string' ? asset : Buffer.from(asset).toString('hex');
}

/** The `user_data` of the document that attests these statements: SHA-256(domain ‖ SHA-256(CBOR array of the statements' bytes)). */
export function hashStatements(statements: readonly Uint8Array[]): Uint8Array {
  const inner = createHash('sha256')
    .update(encodeCbor([...statements]))
    .digest();
  return createHash('sha256').update(DOMAIN).update(inner).digest();
}
