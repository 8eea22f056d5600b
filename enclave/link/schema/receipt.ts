/** Receipts: one CBOR item per decision or command, chained by hash. */

import type { Static } from 'typebox';
import { Type } from 'typebox';
import { CHECKPOINT_PART_BYTES } from '../limits.ts';
import { Bytes, Bytes32, Bytes64, Counter, Fields, U64, WalletName } from './blocks.ts';
import { CommandNames, Envelope } from './command.ts';
import { WireLease } from './lease.ts';
import { AssetAmounts, Budget, Decision, Effects, Mode, Violations } from './results.ts';

/** Where a charge is entered: `line` names the budget line (wallet, group, group and recipient) as policy/ledger.ts spells it. */
export const LedgerEntry = Fields({
  line: Type.String({ maxLength: 200 }),
  asset: Type.String({ maxLength: 64 }),
  amount: U64(),
});

/** The first receipt of a wallet in a boot. */
export const BootBody = Fields({
  agent: Bytes32(),
  receiptKey: Bytes32(),
  owner: Bytes32(),
  image: Type.String({ maxLength: 64 }),
  mode: Mode,
  /** Receipts of the chain this boot recovered; 0 for a new wallet or one restored without its receipts. */
  recovered: Counter(),
});

/**
 * An owner command taken. `lease` and the policy facts stand here so that a restart needs no bodies. A new seal stands here so that it is on
 * the disk with the receipt that says it counts. `effects` are a ticket's, absent where its message is none the engine can decode.
 */
export const CommandReceiptBody = Fields({
  command: CommandNames,
  seq: Counter(),
  signers: Type.Array(Bytes32(), { maxItems: 4 }),
  envelope: Envelope,
  policyHash: Type.Optional(Bytes32()),
  policyVersion: Type.Optional(Counter()),
  lease: Type.Optional(WireLease),
  approvalId: Type.Optional(Type.String({ maxLength: 32 })),
  seal: Type.Optional(Bytes(1, 8192)),
  messageHash: Type.Optional(Bytes32()),
  signature: Type.Optional(Bytes64()),
  effects: Type.Optional(Effects),
});

/** A decision. `entries` rebuild the ledger; `count` above 1 says that many refusals of the same codes were folded into this receipt. */
export const DecisionBody = Fields({
  decision: Decision,
  policyHash: Bytes32(),
  messageHashes: Type.Array(Bytes32(), { maxItems: 8 }),
  signatures: Type.Array(Bytes64(), { maxItems: 8 }),
  charges: AssetAmounts,
  entries: Type.Array(LedgerEntry, { maxItems: 1024 }),
  effects: Effects,
  violations: Violations,
  id: Type.Optional(Type.String({ maxLength: 64 })),
  approvalId: Type.Optional(Type.String({ maxLength: 32 })),
  count: Counter(),
  left: Type.Optional(Budget),
});

/** The full state of the wallet's ledger in parts, so that older receipts are not needed at a restart. It counts once all `parts` stand in a row. */
export const CheckpointBody = Fields({ part: Counter(), parts: Counter(), state: Bytes(1, CHECKPOINT_PART_BYTES) });

export const CloseBody = Fields({ spentInBoot: AssetAmounts });

export const RECEIPT_BODIES = {
  boot: BootBody,
  command: CommandReceiptBody,
  decision: DecisionBody,
  checkpoint: CheckpointBody,
  close: CloseBody,
} as const;
export type ReceiptKind = keyof typeof RECEIPT_BODIES;
export type ReceiptBody<Kind extends ReceiptKind> = Static<(typeof RECEIPT_BODIES)[Kind]>;

/** The frame every receipt has; `body` is judged by its kind's schema. `prev` is the SHA-256 of the receipt before, zero for the first. */
export const ReceiptFrame = Fields({
  wallet: WalletName(),
  seq: Type.Integer({ minimum: 1, maximum: 0xffffffff }),
  prev: Bytes32(),
  time: U64(),
  boot: Bytes32(),
  kind: Type.Union([
    Type.Literal('boot'),
    Type.Literal('command'),
    Type.Literal('decision'),
    Type.Literal('checkpoint'),
    Type.Literal('close'),
  ]),
  body: Type.Object({}, { additionalProperties: true }),
});

/** What the receipt key signs: the newest receipt of a batch. */
export const Head = Fields({ wallet: WalletName(), seq: Counter(), hash: Bytes32(), boot: Bytes32(), time: U64() });
export type Head = Static<typeof Head>;
