/** The owner plane: signed commands, hand-over of stored state, and what the host may ask in its own name. It carries no authority: the commands do. */

import { Type } from 'typebox';
import { BLOB_BYTES, BLOB_PART_BYTES, WALLETS_PER_CLOSE } from '../limits.ts';
import { Bytes, Bytes32, Bytes64, Counter, Fields, WalletName } from './blocks.ts';
import { ApprovalId, CommandNames, Envelope } from './command.ts';
import { Approval, Phase, WalletGauges } from './results.ts';
import { SHARED_METHODS } from './shared.ts';

export const OWNER_METHODS = {
  ...SHARED_METHODS,
  /** IAM credentials for KMS. They protect nothing: the key policy's attestation conditions do. */
  'credentials.set': {
    params: Fields({
      accessKeyId: Type.String({ minLength: 1, maxLength: 128 }),
      secretAccessKey: Type.String({ minLength: 1, maxLength: 256 }),
      sessionToken: Type.Optional(Type.String({ minLength: 1, maxLength: 8192 })),
    }),
    result: Fields({}),
  },
  /** Stages one part of a longer byte string (a policy document, a run of receipts) under its SHA-256; parts come in order. */
  'blob.put': {
    params: Fields({
      hash: Bytes32(),
      total: Type.Integer({ minimum: 1, maximum: BLOB_BYTES }),
      offset: Type.Integer({ minimum: 0, maximum: BLOB_BYTES }),
      bytes: Bytes(1, BLOB_PART_BYTES),
    }),
    result: Fields({ have: Counter() }),
  },
  /** A signed command with its body. What else it needs (a policy) was staged before. */
  command: {
    params: Fields({ envelope: Envelope, body: Bytes(1, 32768) }),
    result: Fields({
      command: CommandNames,
      wallet: WalletName(),
      phase: Phase,
      /** For the commands that seal: what the host stores and the owner keeps. */
      seal: Type.Optional(Bytes(1, 8192)),
      /** For `sign`. */
      signature: Type.Optional(Bytes64()),
    }),
  },
  /**
   * Brings a stored wallet back: its seal, the newest policy with the command that set it, and its receipts from the last checkpoint on
   * (staged blobs, each a CBOR array of receipts). `signedHead` is the newest head signature; absent when no receipts are left.
   */
  'wallet.restore': {
    params: Fields({
      wallet: WalletName(),
      seal: Bytes(1, 8192),
      policyEnvelope: Envelope,
      policyBody: Bytes(1, 32768),
      receipts: Type.Array(Bytes32(), { maxItems: 64 }),
      signedHead: Type.Optional(Bytes(1, 1024)),
    }),
    result: Fields({ agent: Bytes32(), phase: Phase }),
  },
  /** Ends the restore pass: its RSA key and document are forgotten. */
  'restore.end': { params: Fields({}), result: Fields({}) },
  /** An orderly stop, asked by the host (which could stop the enclave anyway): each wallet writes `close` and signs nothing after it. */
  'boot.close': {
    params: Fields({ wallets: Type.Array(WalletName(), { minItems: 1, maxItems: WALLETS_PER_CLOSE }) }),
    result: Fields({}),
  },
  'wallets.list': {
    params: Fields({ after: Type.Optional(WalletName()) }),
    result: Fields({
      wallets: Type.Array(Fields({ wallet: WalletName(), phase: Phase }), { maxItems: 512 }),
      more: Type.Boolean(),
    }),
  },
  /** For the operator's metrics: as many wallets as fit, in the order of names. */
  'wallets.watch': {
    params: Fields({ after: Type.Optional(WalletName()) }),
    result: Fields({ wallets: Type.Array(WalletGauges, { maxItems: 128 }), more: Type.Boolean() }),
  },
  'approvals.list': {
    params: Fields({ wallet: WalletName(), after: Type.Optional(ApprovalId()) }),
    /** As many as fit; `more` is there when some did not, and `after` is then the last id received. */
    result: Fields({ approvals: Type.Array(Approval, { maxItems: 64 }), more: Type.Optional(Type.Boolean()) }),
  },
} as const;
