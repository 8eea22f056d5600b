/** The policy in force, read from the store by the hash the enclave names; with the enclave away, the one the receipts name. */

import { ReeveError } from '../../enclave/link/errors.ts';
import type { Enclave } from '../enclave/enclave.ts';
import { isAway } from '../enclave/enclave.ts';
import { readPolicies } from '../store/policies.ts';
import { readCurrentPolicy, readTail } from '../store/tail.ts';
import type { WalletStore } from '../store/wallet.ts';
import { toHex } from './json.ts';

/** What a transfer needs to know of an asset. The enclave checks all of it again. */
export interface MintFacts {
  readonly mint: string;
  readonly tokenProgram: 'token' | 'token-2022';
  readonly decimals: number;
}

/** A Squads vault of the policy. */
export interface VaultDocument {
  readonly multisig: string;
  readonly index: number;
  readonly limits?: readonly { readonly createKey: string; readonly asset: string }[];
  readonly propose?: { readonly assets: Readonly<Record<string, string>>; readonly approve?: true };
}

/** The parts of the document this side reads; the enclave accepted it, so its form is known. */
export interface PolicyDocument {
  readonly assets: Readonly<Record<string, MintFacts | Record<string, never>>>;
  readonly fees: { readonly rentPerTransaction: string };
  readonly vaults?: readonly VaultDocument[];
}

export interface CurrentPolicy {
  readonly hash: string;
  readonly version: number;
  readonly document: PolicyDocument;
  readonly stale: boolean;
}

export async function findCurrentPolicy(enclave: Enclave, wallet: WalletStore): Promise<CurrentPolicy> {
  try {
    const { policyHash, policyVersion } = await enclave.askWallet('wallet.read', wallet.name, {});
    const [kept] = await readPolicies(wallet, toHex(policyHash));
    if (kept === undefined) throw new ReeveError('store-damaged', { wallet: wallet.name, what: 'policy' });
    return { hash: kept.hash, version: policyVersion, document: parse(kept.policy), stale: false };
  } catch (cause) {
    if (!isAway(cause)) throw cause;
    const { hash, version, policy } = await readCurrentPolicy(wallet, (await readTail(wallet)).policyHash);
    return { hash, version, document: parse(policy), stale: true };
  }
}

function parse(policy: Uint8Array): PolicyDocument {
  return JSON.parse(Buffer.from(policy).toString('utf8'));
}

/** The mint of an asset, `SOL`, or null when the policy names no such asset. `asset` is a name of the policy or a mint address. */
export function findAsset(document: PolicyDocument, asset: string): MintFacts | 'SOL' | null {
  if (asset === 'SOL') return 'SOL';
  const named = Object.hasOwn(document.assets, asset) ? document.assets[asset] : undefined;
  const found = named ?? Object.values(document.assets).find(({ mint }) => mint === asset);
  return found !== undefined && isMint(found) ? found : null;
}

function isMint(asset: MintFacts | Record<string, never>): asset is MintFacts {
  return typeof asset.mint === 'string';
}
