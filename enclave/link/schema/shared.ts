/** Methods both planes have: they change nothing. */

import { Type } from 'typebox';
import { WALLETS_PER_ATTESTATION } from '../limits.ts';
import { Bytes, Bytes32, Counter, Fields, U64, WalletName } from './blocks.ts';
import { Mode } from './results.ts';

export const SHARED_METHODS = {
  hello: {
    params: Fields({}),
    result: Fields({
      boot: Bytes32(),
      image: Type.String({ maxLength: 64 }),
      mode: Mode,
      time: U64(),
      wallets: Counter(),
    }),
  },
  attest: {
    params: Fields({
      nonce: Bytes(16, 64),
      wallets: Type.Array(WalletName(), { maxItems: WALLETS_PER_ATTESTATION, uniqueItems: true }),
    }),
    /** `document` binds `statements` and the caller's nonce: encoded one by one, in the order asked, as many as fit and at least one. */
    result: Fields({
      statements: Type.Array(Bytes(1, 16384), { maxItems: WALLETS_PER_ATTESTATION }),
      document: Bytes(1, 16384),
    }),
  },
  /** Receipts after `seq`, oldest first, as many as fit; `signedHead` signs the last one returned or a later one. */
  'receipts.since': {
    params: Fields({ wallet: WalletName(), seq: Counter() }),
    result: Fields({ more: Type.Boolean() }),
  },
} as const;
