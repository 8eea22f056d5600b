/** Calls as the policy describes them, compiled: what the data and the accounts of an instruction must be, and what it costs. */
import type { AssetId, Pubkey } from './types.ts';

export type FieldType = 'u8' | 'u16' | 'u32' | 'u64' | 'i64' | 'pubkey';

export interface FieldRule {
  readonly name: string;
  /** From the start of the data; negative: from its end. */
  readonly offset: number;
  readonly type: FieldType;
  readonly min: bigint | null;
  readonly max: bigint | null;
  /** For a `pubkey`: one of these; null: any. */
  readonly oneOf: ReadonlySet<Pubkey> | null;
}

/** What an account must be. `ownToken`: our token account for that mint, the agent's or a vault's. */
export type AccountRule =
  | { readonly kind: 'agent' | 'vault' | 'notOurs' }
  | { readonly kind: 'ownToken'; readonly mint: Pubkey; readonly asset: string }
  | { readonly kind: 'address'; readonly address: Pubkey };

export type CallCharge =
  | { readonly asset: AssetId; readonly field: string }
  | { readonly asset: AssetId; readonly amount: bigint };

export interface CallRule {
  readonly name: string;
  /** Hex. */
  readonly discriminator: string;
  readonly bytes: number | null;
  readonly fields: readonly FieldRule[];
  readonly accounts: ReadonlyMap<number, AccountRule>;
  readonly charges: readonly CallCharge[];
}
