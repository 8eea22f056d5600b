/** The lease as JSON on the renewer's socket: amounts and times as decimal strings, hashes as hex. */

import type { Static } from 'typebox';
import { Type } from 'typebox';
import { AssetKey, Counter, Decimal, Fields } from '../../enclave/link/schema/blocks.ts';
import type { WireLease } from '../../enclave/link/schema/lease.ts';
import { toHex } from '../cli/text.ts';

const Amount = Fields({ asset: AssetKey(), amount: Decimal() });
export const LeaseJson = Fields({
  number: Counter(),
  policyHash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  ceiling: Type.Array(Amount),
  charges: Type.Array(Fields({ asset: AssetKey(), amount: Decimal(), until: Decimal() })),
  until: Decimal(),
});
export type LeaseJson = Static<typeof LeaseJson>;

export function leaseToJson({ number, policyHash, ceiling, charges, until }: WireLease): LeaseJson {
  return {
    number,
    policyHash: toHex(policyHash),
    ceiling: ceiling.map(({ asset, amount }) => ({ asset, amount: String(amount) })),
    charges: charges.map(({ asset, amount, until: end }) => ({ asset, amount: String(amount), until: String(end) })),
    until: String(until),
  };
}

export function leaseFromJson({ number, policyHash, ceiling, charges, until }: LeaseJson): WireLease {
  return {
    number,
    policyHash: new Uint8Array(Buffer.from(policyHash, 'hex')),
    ceiling: ceiling.map(({ asset, amount }) => ({ asset, amount: BigInt(amount) })),
    charges: charges.map(({ asset, amount, until: end }) => ({ asset, amount: BigInt(amount), until: BigInt(end) })),
    until: BigInt(until),
  };
}
