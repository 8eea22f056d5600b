/** Owner commands: who may sign each, and the body it carries. */

import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import { COMMAND_SIGNATURES, TICKET_BYTES } from '../limits.ts';
import { Bytes, Bytes32, Counter, Fields, U64, WalletName } from './blocks.ts';
import { WireLease } from './lease.ts';

/** A key's part in a wallet's life. `owner` may do all; the others are named by the policy's `keys`. */
export type Role = 'owner' | 'renew' | 'pause' | 'approve';

export const ApprovalId = () => Type.String({ pattern: '^[0-9a-f]{32}$' });
const KmsKeyArn = () =>
  Type.String({ pattern: '^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}$', maxLength: 256 });

/** Each command: who may sign it besides the owner, and the body it carries. A policy travels as a staged blob of hash `policyHash`. */
export const COMMANDS = {
  'wallet.create': {
    roles: [],
    body: Fields({
      wallet: WalletName(),
      ownerPublicKey: Bytes32(),
      kmsKeyArn: KmsKeyArn(),
      policyHash: Bytes32(),
    }),
  },
  'policy.set': {
    roles: [],
    body: Fields({ policyHash: Bytes32(), version: Counter(), lease: Type.Optional(WireLease) }),
  },
  'lease.grant': { roles: ['renew'], body: Fields({ lease: WireLease }) },
  pause: { roles: ['pause'], body: Fields({}) },
  resume: { roles: [], body: Fields({}) },
  approve: { roles: ['approve'], body: Fields({ approvalId: ApprovalId(), effectsHash: Bytes32(), notAfter: U64() }) },
  deny: { roles: ['approve'], body: Fields({ approvalId: ApprovalId(), effectsHash: Bytes32() }) },
  close: { roles: [], body: Fields({}) },
  /** The owner's ticket for exactly these message bytes: signed once, without lease or limits. */
  sign: { roles: [], body: Fields({ message: Bytes(1, TICKET_BYTES) }) },
  /**
   * The seeds under another sealing key. It says again which policy is in force, as the next version, so that what brings the wallet back
   * after it (seal, policy, command) is of one piece.
   */
  reseal: { roles: [], body: Fields({ kmsKeyArn: KmsKeyArn(), policyHash: Bytes32(), version: Counter() }) },
  /** The same for another owner key, whose own signature the envelope carries beside the present owner's. */
  'owner.rotate': {
    roles: [],
    body: Fields({ ownerPublicKey: Bytes32(), kmsKeyArn: KmsKeyArn(), policyHash: Bytes32(), version: Counter() }),
  },
  /** Ends the wallet for good, on every later boot too; only the owner's tickets are signed after it. */
  'wallet.retire': { roles: [], body: Fields({}) },
} as const satisfies Record<string, { roles: readonly Role[]; body: TSchema }>;

export type CommandName = keyof typeof COMMANDS;
export type CommandBody<Name extends CommandName> = Static<(typeof COMMANDS)[Name]['body']>;

/** Commands that may share a signature with others. All the rest are signed one by one. */
export const BATCHED_COMMANDS: ReadonlySet<CommandName> = new Set<CommandName>(['lease.grant']);

export const CommandNames = Type.Unsafe<CommandName>({ type: 'string', enum: Object.keys(COMMANDS) });

/** What is signed. `seq` strictly increases within a boot, small gaps allowed; `notAfter` is Unix milliseconds. */
export const CommandPayload = Fields({
  v: Type.Literal(1),
  wallet: WalletName(),
  boot: Bytes32(),
  seq: Counter(),
  notAfter: U64(),
  command: CommandNames,
  bodyHash: Bytes32(),
});
export type CommandPayload = Static<typeof CommandPayload>;

/** COSE_Sign1 messages over one and the same payload, each with its signer's public key as key id; or one command of a batch. */
export const Envelope = Type.Array(Bytes(1, 4096), { minItems: 1, maxItems: COMMAND_SIGNATURES });
export type Envelope = Static<typeof Envelope>;
