/** Which accounts are ours: the agent, the declared vaults, and the associated token accounts of either for each pinned mint and wrapped SOL. */
import { deriveTokenAccount, isOnCurve, pubkeyToBase58, pubkeyToBytes } from '../keys.ts';
import type { Refusal } from '../message.ts';
import { NATIVE_MINT, NATIVE_MINT_2022, TOKEN_PROGRAM } from '../programs/addresses.ts';
import type { AssetId, Pubkey } from '../types.ts';
import type { EffectContext, MintFacts, Place, Reading } from './context.ts';
import { refuseAt, SOL } from './context.ts';

/** Wrapped SOL is SOL: known without being pinned. */
const NATIVE_FACTS: MintFacts = { tokenProgram: TOKEN_PROGRAM, decimals: 9, accountSize: 165 };

/** What is pinned about a mint. Wrapped SOL under Token-2022 can not be pinned: it would be SOL that is not counted as such. */
export function findMint({ mints }: EffectContext, mint: Pubkey): MintFacts | undefined {
  if (mint === NATIVE_MINT) return NATIVE_FACTS;
  return mint === NATIVE_MINT_2022 ? undefined : mints.get(mint);
}

export function assetOfMint(mint: Pubkey): AssetId {
  return mint === NATIVE_MINT ? SOL : (mint as Pubkey & AssetId);
}

/** Our token accounts, each with its mint. Each costs about 60 µs. */
export function deriveOwnAccounts(
  agent: Pubkey,
  mints: EffectContext['mints'],
  vaults: EffectContext['vaults'] = new Map(),
): ReadonlyMap<Pubkey, Pubkey> {
  const own = new Map<Pubkey, Pubkey>();
  const pinned = new Map([...mints, [NATIVE_MINT, NATIVE_FACTS] as const]);
  pinned.delete(NATIVE_MINT_2022);
  for (const owner of [agent, ...vaults.keys()]) {
    for (const [mint, { tokenProgram }] of pinned) own.set(deriveTokenAccount(owner, mint, tokenProgram), mint);
  }
  return own;
}

/** Derived addresses are never points of the curve, as wallets' are: half the price of one derivation tells most accounts apart. */
export function ownershipOf(context: EffectContext): Pick<Reading, 'isOwner' | 'isOurs' | 'mintOf'> {
  const { agent, mints, vaults = new Map() } = context;
  let accounts = context.ownAccounts;
  const isOwner = (key: Pubkey) => key === agent || vaults.has(key);
  const mintOf = (account: Pubkey) => {
    if (accounts === undefined && isOnCurve(pubkeyToBytes(account))) return null;
    accounts ??= deriveOwnAccounts(agent, mints, vaults);
    return accounts.get(account) ?? null;
  };
  const isOurs = (account: Pubkey) => isOwner(account) || mintOf(account) !== null;
  return { isOwner, isOurs, mintOf };
}

/** Why a mint is not one the policy pins in just this way; `decimals` is null where the instruction does not say them. */
export function findMintFault(
  reading: Reading,
  place: Place,
  mint: Pubkey,
  program: Pubkey,
  decimals: number | null,
): Refusal | null {
  const pinned = findMint(reading.context, mint);
  if (pinned === undefined) return refuseAt(reading, place, 'asset-not-allowed', pubkeyToBase58(mint));
  if (pinned.tokenProgram !== program) return refuseAt(reading, place, 'mint-mismatch', 'the other token program');
  if (decimals === null || pinned.decimals === decimals) return null;
  return refuseAt(reading, place, 'mint-mismatch', `${decimals} decimals, ${pinned.decimals} pinned`);
}
