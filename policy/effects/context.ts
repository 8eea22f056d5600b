/** What the readers of effects are given and what they answer. */
import type { PolicyCodeName } from '../codes.ts';
import type { PinnedTables } from '../lookups.ts';
import type { Refusal } from '../message.ts';
import { refuse } from '../message.ts';
import type { AssetId, Effect, Pubkey } from '../types.ts';

/** Lamports and their budget. */
export const SOL = 'SOL' as AssetId;

/** What the policy pins about a mint. The chain is never asked. */
export interface MintFacts {
  readonly tokenProgram: Pubkey;
  readonly decimals: number;
  /** Bytes of a new associated token account: `tokenAccountSize`. */
  readonly accountSize: number;
  /** Whether transfers of it may cost a fee in tokens: then a move among our own accounts is counted in full, as one to somebody else. */
  readonly takesFee?: boolean;
}

/** What the policy declares about a Squads vault. That the vault's address is derived from `multisig` and `index` is for the policy's checks. */
export interface VaultFacts {
  readonly multisig: Pubkey;
  readonly index: number;
  /** The most members the multisig has, for the rent of proposals; null: we never pay that rent. */
  readonly members: number | null;
  /** The spending limits that may be used, each with its mint; null is SOL. */
  readonly limits: ReadonlyMap<Pubkey, Pubkey | null>;
}

export interface EffectContext {
  readonly agent: Pubkey;
  readonly mints: ReadonlyMap<Pubkey, MintFacts>;
  /**
   * The named or listed wallet owner that a destination belongs to: itself for SOL (mint null), for a mint the owner whose derived token
   * account it is. Null when nobody named such an owner.
   */
  readonly resolveRecipient: (destination: Pubkey, mint: Pubkey | null) => Pubkey | null;
  /** Lamports for each byte of an account that we fund. */
  readonly rentPerByte: bigint;
  /** Lookup tables the policy pins; without it none. */
  readonly tables?: PinnedTables;
  /** The vaults that are ours, by address; without it none. */
  readonly vaults?: ReadonlyMap<Pubkey, VaultFacts>;
  /** Programs whose calls the policy describes itself; all others that are not decoded are refused. */
  readonly opaque?: ReadonlySet<Pubkey>;
  /** `deriveOwnAccounts` of agent, mints and vaults, for callers that judge often; without it they are derived when the question arises. */
  readonly ownAccounts?: ReadonlyMap<Pubkey, Pubkey>;
}

export interface Place {
  readonly transaction: number;
  readonly instruction: number;
}

export type Outcome = Effect | Refusal;

/** One list of instructions being read: a transaction's, or those inside a proposal. */
export interface Reading {
  readonly context: EffectContext;
  /** Whose signature the instructions can use: the agent's, or inside a proposal the vault's. */
  readonly signer: Pubkey;
  /** Where the list stands. */
  readonly path: string;
  /** Whether a key is the agent or a declared vault. */
  readonly isOwner: (key: Pubkey) => boolean;
  /** Whether an account is one of those or one of their token accounts. */
  readonly isOurs: (account: Pubkey) => boolean;
  /** The mint of a token account of ours, null for any other account. */
  readonly mintOf: (account: Pubkey) => Pubkey | null;
}

export function refuseAt(reading: Reading, place: Place, code: PolicyCodeName, detail: string): Refusal {
  return refuse(code, detail, `${reading.path}.instructions[${place.instruction}]`);
}
