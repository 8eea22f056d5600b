/** What a policy allows beyond payments: from the document to what the rules look things up in. */
import { callable } from './callable.ts';
import type { PolicyDocument } from './document.ts';
import type { EffectsDocument, VaultDocument } from './document-allowances.ts';
import type { CalledProgramDocument } from './document-calls.ts';
import { entriesOf } from './faults.ts';
import { pubkeyFromBase58 } from './keys.ts';
import type { PinnedTables } from './lookups.ts';
import type { Asset, EffectAllowances, MessageAllowances, NonceAllowance, Policy, Proposals, Vault } from './policy.ts';
import { SOL } from './policy.ts';
import { deriveSpendingLimit, deriveVault } from './programs/squads-addresses.ts';
import type { AssetId, Pubkey, StakeAction } from './types.ts';

type Assets = ReadonlyMap<string, Asset>;
type Called = readonly (readonly [program: string, names: readonly string[]])[];

/** The instructions that an effect is brought about by: who allows the effect allows them. */
const closing: Called = [
  ['token', ['closeAccount']],
  ['token-2022', ['closeAccount']],
];
const revoking: Called = [
  ['token', ['revoke']],
  ['token-2022', ['revoke']],
];
const syncing: Called = [['token', ['syncNative']]];
const delegating: Called = [
  ['token', ['approve', 'approveChecked']],
  ['token-2022', ['approve', 'approveChecked']],
];
const burning: Called = [
  ['token', ['burn', 'burnChecked']],
  ['token-2022', ['burn', 'burnChecked']],
];

/** Every instruction the policy allows by name, those included that an allowed effect, nonce or vault needs. */
export function compilePrograms(document: PolicyDocument): Policy['programs'] {
  const programs = new Map<string, Set<string>>();
  const allow = (program: string, names: readonly string[]) => {
    const known = programs.get(program);
    if (known === undefined) programs.set(program, new Set(names));
    else for (const name of names) known.add(name);
  };
  for (const [program, names] of entriesOf<readonly string[] | CalledProgramDocument>(document.programs)) {
    if (!('calls' in names) && Object.hasOwn(callable, program)) allow(program, names);
  }
  for (const [program, names] of impliedCalls(document)) allow(program, names);
  return programs;
}

function impliedCalls({ effects = {}, durableNonce, vaults = [] }: PolicyDocument): Called {
  const { close, revoke, syncNative, delegate, burn, stake } = effects;
  const proposing = vaults.some(({ propose }) => propose !== undefined);
  return [
    ...(close === undefined ? [] : closing),
    ...(revoke === undefined ? [] : revoking),
    ...(syncNative === undefined ? [] : syncing),
    ...(delegate === undefined ? [] : delegating),
    ...(burn === undefined ? [] : burning),
    ...(stake === undefined ? [] : [['stake', stakeCalls(stake)] as const]),
    ...(typeof durableNonce === 'object' ? [['system', ['advanceNonceAccount']] as const] : []),
    ...(vaults.some(({ limits }) => limits !== undefined) ? [['squads', ['spendingLimitUse']] as const] : []),
    // A vote is judged by the proposal it is for.
    ...(proposing ? [['squads', ['vaultTransactionCreate', 'proposalCreate', 'proposalApprove']] as const] : []),
  ];
}

type StakeDocument = NonNullable<EffectsDocument['stake']>;

function stakeCalls({ delegate, deactivate, split, merge, move }: StakeDocument): string[] {
  return [
    ...(delegate === undefined ? [] : ['delegate']),
    ...(deactivate === undefined ? [] : ['deactivate']),
    ...(split === undefined ? [] : ['split']),
    ...(merge === undefined ? [] : ['merge']),
    ...(move === undefined ? [] : ['moveStake', 'moveLamports']),
  ];
}

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
