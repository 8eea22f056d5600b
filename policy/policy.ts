/** A policy as the engine judges by it, made by `compile.ts` from a document that passed every check. */
import type { LiftKind } from './codes.ts';
import type { PolicyDocument } from './document.ts';
import type { MintFacts } from './effects.ts';
import type { AssetId, Hash, Millis, Pubkey } from './types.ts';

/** Lamports and their budget. */
export const SOL = 'SOL' as AssetId;
export const SIGNATURES = 'signatures' as AssetId;

/** A rolling window: at most `max` in any `seconds`. */
export interface Window {
  readonly seconds: number;
  readonly max: bigint;
}

export interface Limits {
  readonly perTransaction: bigint | null;
  readonly windows: readonly Window[];
}

export interface Asset extends Limits {
  readonly id: AssetId;
  /** The owner's name for it. */
  readonly name: string;
  readonly decimals: number;
  readonly approvalAbove: bigint | null;
  /** What one lease exposes of it at most. */
  readonly slice: bigint;
}

export interface GroupRule extends Limits {
  /** True when the limits hold for each recipient by itself, false when for the group's sum. */
  readonly perRecipient: boolean;
}

export interface Group {
  readonly name: string;
  readonly any: boolean;
  /** Null: every asset of the policy, under the wallet's limits alone. */
  readonly assets: ReadonlyMap<AssetId, GroupRule> | null;
  readonly approval: boolean;
}

export interface Schedule {
  readonly hours: readonly [number, number] | null;
  /** Days of the week in UTC, Sunday is 0. */
  readonly days: ReadonlySet<number> | null;
  readonly notBefore: Millis | null;
  readonly notAfter: Millis | null;
  readonly cooldownMs: number;
}

export interface Policy {
  readonly hash: Hash;
  readonly document: PolicyDocument;
  readonly assets: ReadonlyMap<AssetId, Asset>;
  readonly assetsByName: ReadonlyMap<string, Asset>;
  readonly mints: ReadonlyMap<Pubkey, MintFacts>;
  readonly groups: readonly Group[];
  /** The group that decides for an owner: the first that holds it. */
  readonly findGroup: (owner: Pubkey) => Group | null;
  /** The listed owner whose derived account for this mint it is. Derives a mint's accounts at the first question about it. */
  readonly findListedOwner: (account: Pubkey, mint: Pubkey) => Pubkey | null;
  /** The agent's token accounts for the pinned mints, derived at the first question. */
  readonly findOwnAccounts: (agent: Pubkey) => ReadonlySet<Pubkey>;
  readonly programs: ReadonlyMap<string, ReadonlySet<string>>;
  /** Bytes of memos allowed in one transaction; null: none. */
  readonly memoBytes: number | null;
  readonly fees: { readonly perTransaction: bigint; readonly rentPerTransaction: bigint; readonly rentPerByte: bigint };
  readonly schedule: Schedule;
  readonly approvals: {
    readonly lifts: ReadonlySet<LiftKind>;
    readonly programs: ReadonlySet<string>;
    readonly assets: ReadonlySet<AssetId>;
    readonly ttlSeconds: number;
    readonly maxPending: number;
  };
  readonly keys: {
    readonly renew: readonly Pubkey[];
    readonly pause: readonly Pubkey[];
    readonly approve: readonly Pubkey[];
  };
  readonly lease: { readonly maxSeconds: number };
}
