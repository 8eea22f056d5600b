/** What both planes and the receipts say about decisions, budgets and approvals. One shape on the wire, in receipts and in the agent's JSON. */

import type { Static } from 'typebox';
import { Type } from 'typebox';
import { EFFECTS_PER_CALL, VIOLATIONS_PER_CALL } from '../limits.ts';
import { Address, AssetKey, Bytes32, Counter, Decimal, Fields, U64, WalletName } from './blocks.ts';

/** An effect with base58 addresses and decimal amounts, as `effectToJson` of policy/approvals.ts makes it. */
export const EffectJson = Fields({
  transaction: Counter(),
  instruction: Type.Integer({ minimum: -1, maximum: 255 }),
  kind: Type.String({ maxLength: 48 }),
  asset: Type.Optional(Type.String({ maxLength: 64 })),
  amount: Type.Optional(Decimal()),
  from: Type.Optional(Address()),
  destination: Type.Optional(Address()),
  recipient: Type.Optional(Type.Union([Address(), Type.Null()])),
  base: Type.Optional(Decimal()),
  priority: Type.Optional(Decimal()),
  lamports: Type.Optional(Decimal()),
  account: Type.Optional(Address()),
  memo: Type.Optional(Type.String({ maxLength: 1200 })),
  hash: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64 })),
});
export type EffectJson = Static<typeof EffectJson>;

export const ViolationJson = Fields({
  code: Type.String({ maxLength: 64 }),
  detail: Type.String({ maxLength: 400 }),
  asset: Type.Optional(Type.String({ maxLength: 64 })),
  limit: Type.Optional(Decimal()),
  observed: Type.Optional(Decimal()),
  remaining: Type.Optional(Decimal()),
  retryAfter: Type.Optional(Counter()),
  path: Type.Optional(Type.String({ maxLength: 200 })),
});
export type ViolationJson = Static<typeof ViolationJson>;

export const Effects = Type.Array(EffectJson, { maxItems: EFFECTS_PER_CALL });
export const Violations = Type.Array(ViolationJson, { maxItems: VIOLATIONS_PER_CALL });

/** An amount by the asset's name in the policy, as a decimal string. */
export const NamedAmounts = Type.Record(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$' }), Decimal(), {
  additionalProperties: false,
});
export type NamedAmounts = Static<typeof NamedAmounts>;

/** An amount by AssetId: leases, statements, receipts. */
export const AssetAmount = Fields({ asset: AssetKey(), amount: U64() });
export const AssetAmounts = Type.Array(AssetAmount, { maxItems: 34 });
export type AssetAmounts = Static<typeof AssetAmounts>;

export const WindowBudget = Fields({
  seconds: Counter(),
  max: Decimal(),
  spent: Decimal(),
  unseen: Decimal(),
  remaining: Decimal(),
});

/** What can be spent. `now` is the least of the windows and the lease's ceiling; times are Unix milliseconds. */
export const AssetBudget = Fields({
  asset: Type.String({ maxLength: 32 }),
  now: Decimal(),
  perTransaction: Type.Optional(Decimal()),
  approvalAbove: Type.Optional(Decimal()),
  windows: Type.Array(WindowBudget, { maxItems: 8 }),
});
export const Budget = Fields({
  assets: Type.Array(AssetBudget, { maxItems: 32 }),
  leaseEndsAt: Type.Union([U64(), Type.Null()]),
});
export type Budget = Static<typeof Budget>;

export const ApprovalState = Type.Union([
  Type.Literal('pending'),
  Type.Literal('approved'),
  Type.Literal('denied'),
  Type.Literal('used'),
  Type.Literal('expired'),
]);

/** An exceptional payment that waits for the owner, whose tool computes `effectsHash` again from the effects it prints. */
export const Approval = Fields({
  id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  state: ApprovalState,
  effectsHash: Bytes32(),
  effects: Effects,
  programs: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 }),
  feeCap: Decimal(),
  violations: Violations,
  createdAt: U64(),
  expiresAt: U64(),
});
export type Approval = Static<typeof Approval>;

export const Phase = Type.Union([
  Type.Literal('sealed'),
  Type.Literal('active'),
  Type.Literal('paused'),
  Type.Literal('closed'),
  Type.Literal('retired'),
  Type.Literal('failed'),
]);
export type Phase = Static<typeof Phase>;

/** What an operator may watch of one wallet. `ceiling` is what is left of it, `unseen` what counts in the longest window; `unstored` counts receipts. */
export const WalletGauges = Fields({
  wallet: WalletName(),
  phase: Phase,
  leaseEndsAt: Type.Union([U64(), Type.Null()]),
  assets: Type.Array(Fields({ asset: Type.String({ maxLength: 32 }), ceiling: Decimal(), unseen: Decimal() }), {
    maxItems: 32,
  }),
  approvals: Counter(),
  unstored: Counter(),
});
export type WalletGauges = Static<typeof WalletGauges>;

export const Mode = Type.Union([Type.Literal('production'), Type.Literal('development')]);
export type Mode = Static<typeof Mode>;

export const Decision = Type.Union([Type.Literal('allow'), Type.Literal('deny'), Type.Literal('needs-approval')]);
