/** A wallet's sealed seeds: ciphertext, safe to copy. */

import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Bytes, Bytes32, Fields, WalletName } from './blocks.ts';

/** AES-256-GCM over agent seed ‖ receipt seed under a KMS data key. All fields but `wrappedKey`, `nonce` and `sealed` are authenticated as AAD. */
export const Seal = Fields({
  v: Type.Literal(1),
  wallet: WalletName(),
  owner: Bytes32(),
  agent: Bytes32(),
  receiptKey: Bytes32(),
  kmsKeyArn: Type.String({ maxLength: 256 }),
  wrappedKey: Bytes(1, 6144),
  nonce: Bytes(12),
  sealed: Bytes(80),
});
export type Seal = Static<typeof Seal>;
