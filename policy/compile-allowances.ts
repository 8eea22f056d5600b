/** What a policy allows beyond payments: from the document to what the rules look things up in. */
import type { PolicyDocument } from './document.ts';
import type { VaultDocument } from './document-allowances.ts';
import { entriesOf } from './document-blocks.ts';
import { stakeCalls } from './implied-calls.ts';
import { pubkeyFromBase58 } from './keys.ts';
import type { PinnedTables } from './lookups.ts';
import type { Asset, EffectAllowances, MessageAllowances, NonceAllowance, Proposals, Vault } from './policy.ts';
import { SOL } from './policy.ts';
import { deriveSpendingLimit, deriveVault } from './programs/squads-addresses.ts';
import type { AssetId, Pubkey, StakeAction } from './types.ts';

type Assets = ReadonlyMap<string, Asset>;
export function compileEffects({ effects = {} }: PolicyDocument, assets: Assets): EffectAllowances {
  const { close, revoke, delegate, burn, stake = {} } = effects;
  const delegates = entriesOf<readonly string[]>(delegate).map(
    ([name, keys]) => [idOf(assets, name), new Set(keys.map(keyOf))] as const,
  );
  return {
    close: close !== undefined,
    revoke: revoke !== undefined,
    delegates: new Map(delegates),
    burn: new Set((burn ?? []).map((name) => idOf(assets, name))),
    stakeActions: new Set(stakeCalls(stake) as StakeAction[]),
    votes: new Set((stake.delegate ?? []).map(keyOf)),
  };
}

export function compileTables({ lookupTables }: PolicyDocument): PinnedTables {
  const tables = entriesOf<readonly string[]>(lookupTables);
  return new Map(tables.map(([table, addresses]) => [keyOf(table), addresses.map(keyOf)]));
}

export function compileNonce({ durableNonce }: PolicyDocument, assets: Assets): NonceAllowance | null {
  if (typeof durableNonce !== 'object') return null;
  const { account, authority, assets: budgets } = durableNonce;
  const amounts = entriesOf<string>(budgets).map(([name, amount]) => [idOf(assets, name), BigInt(amount)] as const);
  return {
    account: keyOf(account),
    authority: authority === undefined ? null : keyOf(authority),
    budgets: new Map(amounts),
  };
}

/** By address, which is derived: a policy cannot name an account that Squads does not guard. */
export function compileVaults({ vaults = [] }: PolicyDocument, assets: Assets): ReadonlyMap<Pubkey, Vault> {
  return new Map(
    vaults.map((fields) => {
      const multisig = keyOf(fields.multisig);
      return [deriveVault(multisig, fields.index), compileVault(fields, multisig, assets)];
    }),
  );
}

function compileVault(
  { index, members, limits = [], propose }: VaultDocument,
  multisig: Pubkey,
  assets: Assets,
): Vault {
  const pinned = limits.map(({ createKey, asset }): [Pubkey, Pubkey | null] => [
    deriveSpendingLimit(multisig, keyOf(createKey)),
    asset === SOL ? null : (idOf(assets, asset) as string as Pubkey),
  ]);
  return {
    multisig,
    index,
    members: members ?? null,
    limits: new Map(pinned),
    propose: propose === undefined ? null : compileProposals(propose, assets),
  };
}

function compileProposals(
  { assets: amounts, recipients, approve }: NonNullable<VaultDocument['propose']>,
  assets: Assets,
): Proposals {
  const most = entriesOf<string>(amounts).map(([name, amount]) => [idOf(assets, name), BigInt(amount)] as const);
  return { assets: new Map(most), groups: new Set(recipients), approve: approve !== undefined };
}

export function compileMessages({ messages }: PolicyDocument): MessageAllowances {
  const { offchain, signIn } = messages ?? {};
  return {
    offchain:
      offchain === undefined
        ? null
        : { applicationDomains: new Set(offchain.applicationDomains.map(keyOf)), maxBytes: offchain.maxBytes },
    signIn:
      signIn === undefined
        ? null
        : {
            domains: new Set(signIn.domains),
            chains: new Set(signIn.chains ?? ['mainnet']),
            maxSeconds: signIn.maxSeconds ?? null,
          },
  };
}

/** `findDocumentFaults` has looked for names and read addresses before. */
function idOf(assets: Assets, name: string): AssetId {
  return (assets.get(name) as Asset).id;
}

function keyOf(text: string): Pubkey {
  return pubkeyFromBase58(text) as Pubkey;
}
