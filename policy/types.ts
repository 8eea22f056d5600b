/**
 * The vocabulary every part of the engine shares: what a key, an asset, an effect, a charge and a violation are.
 * Everything here is data. Strings from outside become these types once, at the edge, and stay typed inside.
 */

declare const brand: unique symbol;
type Branded<Base, Name> = Base & { readonly [brand]: Name };

/** An Ed25519 public key, a program address or an account address: 64 lower-case hex digits. Base58 exists only at the edges. */
export type Pubkey = Branded<string, 'Pubkey'>;

/** A SHA-256 value as 64 lower-case hex digits. */
export type Hash = Branded<string, 'Hash'>;

/** `SOL`, `signatures`, or the mint's Pubkey. The name an owner gave to a mint is only for people; ledgers and leases use this. */
export type AssetId = Branded<string, 'AssetId'>;

/** Milliseconds since the Unix epoch, UTC, from the trusted clock. */
export type Millis = Branded<number, 'Millis'>;

/** One thing a transaction does to our accounts. Amounts are lamports or base units. `transaction` and `instruction` say where it stands. */
export type Effect = {
  readonly transaction: number;
  /** Index of the instruction; -1 for what the message itself costs (the fee). */
  readonly instruction: number;
} & (
  | {
      readonly kind: 'transfer';
      readonly asset: AssetId;
      readonly amount: bigint;
      readonly from: Pubkey;
      /** The account that receives: a wallet for SOL, a token account for a mint. */
      readonly destination: Pubkey;
      /** The wallet owner the destination belongs to, when the policy or the request names it and the derivation agrees; else null. */
      readonly recipient: Pubkey | null;
    }
  | { readonly kind: 'fee'; readonly base: bigint; readonly priority: bigint }
  | { readonly kind: 'rent'; readonly lamports: bigint; readonly account: Pubkey; readonly recipient: Pubkey | null }
  | { readonly kind: 'memo'; readonly bytes: Uint8Array }
  /** Somebody else may move so much out of an account of ours; without a delegate nobody may any more. */
  | {
      readonly kind: 'delegation';
      /** Null where the instruction does not say and the account is not derived: only when a delegate is removed. */
      readonly asset: AssetId | null;
      readonly amount: bigint;
      readonly account: Pubkey;
      readonly delegate: Pubkey | null;
    }
  | {
      readonly kind: 'authorityChange';
      readonly account: Pubkey;
      readonly right: AuthorityRight;
      /** Who has the right then; null: nobody, or the instruction leaves it as it was. */
      readonly to: Pubkey | null;
    }
  /** A token account is closed; what it holds in lamports goes to an account of ours. */
  | { readonly kind: 'close'; readonly account: Pubkey; readonly destination: Pubkey }
  | { readonly kind: 'burn'; readonly asset: AssetId; readonly amount: bigint; readonly account: Pubkey }
  /** The account can no longer be used, or can be again. */
  | { readonly kind: 'freeze'; readonly account: Pubkey; readonly frozen: boolean }
  /** An advance as a transaction's first instruction makes it valid until the nonce is advanced otherwise. */
  | {
      readonly kind: 'nonce';
      readonly action: 'advance' | 'initialize';
      readonly account: Pubkey;
      readonly authority: Pubkey;
    }
  | {
      readonly kind: 'stake';
      readonly action: StakeAction;
      readonly account: Pubkey;
      /** The vote account, the other stake account, or who may withdraw. */
      readonly target: Pubkey | null;
      /** Null: all of it, or none. */
      readonly lamports: bigint | null;
    }
  | { readonly kind: 'programUpgrade'; readonly upgraded: Pubkey; readonly buffer: Pubkey }
  /** Something our vault would do if the multisig's members vote for it. */
  | {
      readonly kind: 'proposal';
      readonly multisig: Pubkey;
      readonly vault: Pubkey;
      readonly index: bigint;
      /** Whether our own vote for it is in the same transaction. */
      readonly approves: boolean;
      /** What it would do to our accounts; places count within the proposal. */
      readonly effects: readonly Effect[];
      readonly programs: readonly CalledInstruction[];
      /** The bytes that the members vote on. */
      readonly message: Uint8Array;
    }
  /** A program that this engine does not decode. With our signature among its accounts it can do whatever our signature can. */
  | {
      readonly kind: 'opaqueCall';
      readonly program: Pubkey;
      readonly accounts: readonly Pubkey[];
      readonly data: Uint8Array;
      readonly signs: boolean;
    }
  /** A payment out of our vault on the strength of a spending limit. `inward`: to an account of ours. */
  | {
      readonly kind: 'limitUse';
      readonly limit: Pubkey;
      readonly vault: Pubkey;
      readonly asset: AssetId;
      readonly amount: bigint;
      readonly destination: Pubkey;
      readonly recipient: Pubkey | null;
      readonly inward: boolean;
    }
);

/** What an authority change changes. `assign` hands the account itself to a program. */
export type AuthorityRight =
  | 'accountOwner'
  | 'closeAccount'
  | 'mintTokens'
  | 'freezeAccount'
  | 'extension'
  | 'assign'
  | 'nonce'
  | 'staker'
  | 'withdrawer'
  | 'lockup';

export type StakeAction =
  | 'initialize'
  | 'delegate'
  | 'split'
  | 'deactivate'
  | 'merge'
  | 'deactivateDelinquent'
  | 'moveStake'
  | 'moveLamports';

/** An instruction that was decoded, in the words of the policy document. */
export interface CalledInstruction {
  readonly program: string;
  readonly name: string;
  readonly transaction: number;
  readonly instruction: number;
}

/** What effects cost one asset's budget. */
export interface Charge {
  readonly asset: AssetId;
  readonly amount: bigint;
}

/**
 * Why something is not simply allowed. Codes stand in `codes.ts`. `path` points into the transaction (`transactions[0].instructions[2]`)
 * or into the policy document; amounts are in base units; `retryAfter` is in whole seconds, rounded up.
 */
export interface Violation {
  readonly code: string;
  /** The asset's name in the policy document. */
  readonly asset?: string;
  readonly limit?: bigint;
  readonly observed?: bigint;
  readonly remaining?: bigint;
  readonly retryAfter?: number;
  readonly path?: string;
  /** One sentence for people; holds no secret. */
  readonly detail: string;
}

export type Decision = 'allow' | 'deny' | 'needs-approval';

/** Success with a value, or a refusal as a value: a pure function never throws for what the outside sent. */
export type Result<Value, Refusal> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal };
