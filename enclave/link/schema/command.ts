/** Owner commands: who may sign each, and the body it carries. */

import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import { COMMAND_SIGNATURES } from '../limits.ts';
import { Bytes, Bytes32, Counter, Fields, U64, WalletName } from './blocks.ts';
import { WireLease } from './lease.ts';

/** A key's part in a wallet's life. `owner` may do all; the others are named by the policy's `keys`. */
export type Role = 'owner' | 'renew' | 'pause' | 'approve';

export const ApprovalId = () => Type.String({ pattern: '^[0-9a-f]{32}$' });

/** Each command: who may sign it besides the owner, and the body it carries. A policy travels as a staged blob of hash `policyHash`. */
export const COMMANDS = {
  'wallet.create': {
    roles: [],
    body: Fields({
      wallet: WalletName(),
      ownerPublicKey: Bytes32(),
      kmsKeyArn: Type.String({
        pattern: '^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}$',
        maxLength: 256,
      }),
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
} as const satisfies Record<string, { roles: readonly Role[]; body: TSchema }>;

export type CommandName = keyof typeof COMMANDS;
export type CommandBody<Name extends CommandName> = Static<(typeof COMMANDS)[Name]['body']>;

export const CommandNames = Type.Unsafe<CommandName>({ type: 'string', enum: Object.keys(COMMANDS) });

/** What is signed. `seq` strictly increases within a boot, gaps allowed; `notAfter` is Unix milliseconds. */
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

/** COSE_Sign1 messages over one and the same payload, each with its signer's public key as key id. */
export const Envelope = Type.Array(Bytes(1, 4096), { minItems: 1, maxItems: COMMAND_SIGNATURES });
export type Envelope = Static<typeof Envelope>;
