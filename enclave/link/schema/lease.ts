/** The lease on the wire. Its rules are pure code in policy/lease.ts; here is only the form. */

import type { Static } from 'typebox';
import { Type } from 'typebox';
import { AssetKey, Bytes32, Counter, Fields, U64 } from './blocks.ts';
import { AssetAmounts } from './results.ts';

/** Spending the owner cannot see, entered in the ledger at the later of now and `until`. */
export const LeaseCharge = Fields({ asset: AssetKey(), amount: U64(), until: U64() });

/** Wallet and boot are those of the command that carries it. `ceiling` counts over the whole boot; `until` is Unix milliseconds. */
export const WireLease = Fields({
  number: Counter(),
  policyHash: Bytes32(),
  ceiling: AssetAmounts,
  charges: Type.Array(LeaseCharge, { maxItems: 256 }),
  until: U64(),
});
export type WireLease = Static<typeof WireLease>;
