/** What the enclave attests about one wallet. */

import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Bytes32, Counter, Fields, U64, WalletName } from './blocks.ts';
import { AssetAmounts, Mode, Phase } from './results.ts';

export const Roles = Fields({
  renew: Type.Array(Bytes32(), { maxItems: 16 }),
  pause: Type.Array(Bytes32(), { maxItems: 16 }),
  approve: Type.Array(Bytes32(), { maxItems: 16 }),
});

/**
 * `m`, `mBoot`, `mSpent`, `mClosed` speak of the chain this boot recovered: the number of the last lease in it (0: none), that lease's boot, what
 * the chain shows charged in that boot, and whether it holds that boot's `close`. Everything else speaks of now.
 */
export const Statement = Fields({
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
  spentInBoot: AssetAmounts,
  lastLease: Counter(),
  ceiling: AssetAmounts,
  until: U64(),
  closed: Type.Boolean(),
  m: Counter(),
  mBoot: Type.Union([Bytes32(), Type.Null()]),
  mSpent: AssetAmounts,
  mClosed: Type.Boolean(),
});
export type Statement = Static<typeof Statement>;
