/** What the enclave attests about one wallet. */

import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Bytes32, Counter, Fields, U64, WalletName } from './blocks.ts';
import type { AssetAmounts } from './results.ts';
import { Mode, Phase } from './results.ts';

export const Roles = Fields({
  renew: Type.Array(Bytes32(), { maxItems: 16 }),
  pause: Type.Array(Bytes32(), { maxItems: 16 }),
  approve: Type.Array(Bytes32(), { maxItems: 16 }),
});

/** An asset with its amounts `[asset, spentInBoot, ceiling, mSpent]`. A mint stands here as its 32 bytes. */
const AmountRow = Type.Tuple([
  Type.Union([Type.Literal('SOL'), Type.Literal('signatures'), Bytes32()]),
  U64(),
  U64(),
  U64(),
]);

/** A statement as it is attested: amounts as one short list, so that a full attestation of usual policies fits one frame. */
export const WireStatement = Fields({
  v: Type.Literal(1),
  wallet: WalletName(),
  agent: Bytes32(),
  receiptKey: Bytes32(),
  owner: Bytes32(),
  roles: Roles,
  kmsKeyArn: Type.String({ maxLength: 256 }),
  policyHash: Bytes32(),
  policyVersion: Counter(),
  boot: Bytes32(),
  image: Type.String({ maxLength: 64 }),
  mode: Mode,
  phase: Phase,
  time: U64(),
  commandSeq: Counter(),
  head: Fields({ seq: Counter(), hash: Bytes32() }),
  amounts: Type.Array(AmountRow, { maxItems: 102 }),
  lastLease: Counter(),
  until: U64(),
  closed: Type.Boolean(),
  m: Counter(),
  mBoot: Type.Union([Bytes32(), Type.Null()]),
  mClosed: Type.Boolean(),
});
export type WireStatement = Static<typeof WireStatement>;

/**
 * `m`, `mBoot`, `mSpent`, `mClosed` speak of the chain this boot recovered: the number of the last lease in it (0: none), that lease's boot, what
 * the chain shows charged in that boot, and whether it holds that boot's `close`. Everything else speaks of now. Amounts that are zero are left out.
 */
export interface Statement extends Omit<WireStatement, 'amounts'> {
  readonly spentInBoot: AssetAmounts;
  readonly ceiling: AssetAmounts;
  readonly mSpent: AssetAmounts;
}
