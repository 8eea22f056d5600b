/** A policy as the engine judges by it, made by `compile.ts` from a document that passed every check. */
import type { CallRule } from './call-rules.ts';
import type { LiftKind } from './codes.ts';
import type { PolicyDocument } from './document.ts';
import type { MintFacts, VaultFacts } from './effects.ts';
import type { PinnedTables } from './lookups.ts';
import type { AssetId, Hash, Millis, Pubkey, StakeAction } from './types.ts';

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

/** Effects that give something away other than by paying, and to whom. What is not in here is refused. */
export interface EffectAllowances {
  /** Closing token accounts whose lamports come to us. */
  readonly close: boolean;
  readonly revoke: boolean;
  /** Who may be given the right to take tokens, by asset. */
  readonly delegates: ReadonlyMap<AssetId, ReadonlySet<Pubkey>>;
  readonly burn: ReadonlySet<AssetId>;
  readonly stakeActions: ReadonlySet<StakeAction>;
  /** Vote accounts that stake may be delegated to. */
  readonly votes: ReadonlySet<Pubkey>;
}

/**
 * The one nonce whose transactions may be signed. Such a transaction can land at any later time, but of one nonce only one can at a time: so
 * what the largest may cost is held back from every window for good.
 */
export interface NonceAllowance {
  readonly account: Pubkey;
  /** Null: the agent itself. */
  readonly authority: Pubkey | null;
  /** What one transaction may cost in all. */
  readonly budgets: ReadonlyMap<AssetId, bigint>;
}

/** What may be proposed to the members of a vault's multisig. Charged nowhere: their votes decide. */
export interface Proposals {
  /** The most one proposal may move. */
  readonly assets: ReadonlyMap<AssetId, bigint>;
  /** Names of recipient groups. */
  readonly groups: ReadonlySet<string>;
  /** Whether our own vote may go with it. */
  readonly approve: boolean;
}

export interface Vault extends VaultFacts {
  readonly propose: Proposals | null;
}

export interface MessageAllowances {
  readonly offchain: { readonly applicationDomains: ReadonlySet<Pubkey>; readonly maxBytes: number } | null;
  readonly signIn: {
    readonly domains: ReadonlySet<string>;
    readonly chains: ReadonlySet<string>;
    readonly maxSeconds: number | null;
  } | null;
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
  /** The token accounts of the agent and the vaults for the pinned mints, derived at the first question. */
  readonly findOwnAccounts: (agent: Pubkey) => ReadonlyMap<Pubkey, Pubkey>;
  readonly programs: ReadonlyMap<string, ReadonlySet<string>>;
  /** What calls of programs that are not decoded must look like. */
  readonly calls: ReadonlyMap<Pubkey, readonly CallRule[]>;
  readonly effects: EffectAllowances;
  readonly tables: PinnedTables;
  readonly nonce: NonceAllowance | null;
  /** By address. */
  readonly vaults: ReadonlyMap<Pubkey, Vault>;
  readonly messages: MessageAllowances;
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
