/**
 * From canonical bytes to a policy the engine can judge by: addresses as keys, amounts as bigint, groups by owner. Decoding of the
 * document stands in `canonical.ts`, its schema in `document.ts`, what fields must not contradict in `faults.ts`.
 */
import { readCanonical } from './canonical.ts';
import { compileEffects, compileMessages, compileNonce, compileTables, compileVaults } from './compile-allowances.ts';
import { compileCalls } from './compile-calls.ts';
import type { GroupDocument, GroupLimits, MintAsset, PolicyDocument, WindowLimit } from './document.ts';
import { entriesOf, memberOf } from './document-blocks.ts';
import type { MintFacts } from './effects.ts';
import { deriveOwnAccounts } from './effects.ts';
import { explainSchemaFaults, findDocumentFaults } from './faults.ts';
import { compilePrograms } from './implied-calls.ts';
import { deriveTokenAccount, pubkeyFromBase58 } from './keys.ts';
import type { Asset, Group, GroupRule, Policy, Schedule, Window } from './policy.ts';
import { SOL } from './policy.ts';
import { NATIVE_MINT, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from './programs/addresses.ts';
import { tokenAccountSize } from './programs/token-size.ts';
import { sha256Hex } from './sha256.ts';
import type { AssetId, Hash, Millis, Pubkey, Result, Violation } from './types.ts';
import { validatePolicyDocument } from './validate.ts';

export { canonicalizePolicy } from './canonical.ts';
export type { Policy } from './policy.ts';

/** How long an approval waits for the owner, and then for the agent, unless the policy says otherwise. */
const DEFAULT_TTL_SECONDS = 3_600;
const DEFAULT_MAX_PENDING = 16;
/** A lease exposes this part of the shortest window's limit, unless the policy says otherwise. */
const SLICES_PER_WINDOW = 10n;
const SOL_DECIMALS = 9;
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const SECOND_MS = 1_000;

/** The policy of these canonical bytes. Every fault is reported, with its path in the document and a hint. */
export function parsePolicy(canonicalBytes: Uint8Array): Result<Policy, Violation[]> {
  const json = readCanonical(canonicalBytes);
  if (!json.ok) return json;
  const faults = validatePolicyDocument(json.value);
  if (faults !== null) return { ok: false, refusal: explainSchemaFaults(faults) };
  const document = json.value as unknown as PolicyDocument;
  const contradictions = findDocumentFaults(document);
  if (contradictions.length > 0) return { ok: false, refusal: contradictions };
  return { ok: true, value: compilePolicy(document, sha256Hex(canonicalBytes)) };
}

/** The document has passed its schema and `findDocumentFaults`. */
function compilePolicy(document: PolicyDocument, hash: Hash): Policy {
  const assets = compileAssets(document);
  const assetsByName = new Map(assets.map((asset) => [asset.name, asset]));
  const mints = compileMints(document);
  const vaults = compileVaults(document, assetsByName);
  const { schedule, approvals, keys, fees, lease, memo } = document;
  return {
    hash,
    document,
    assets: new Map(assets.map((asset) => [asset.id, asset])),
    assetsByName,
    mints,
    ...compileGroups(document, assetsByName, mints),
    findOwnAccounts: ownAccountsFinder(mints, vaults),
    programs: compilePrograms(document),
    calls: compileCalls(document, assetsByName),
    effects: compileEffects(document, assetsByName),
    tables: compileTables(document),
    nonce: compileNonce(document, assetsByName),
    vaults,
    messages: compileMessages(document),
    memoBytes: typeof memo === 'object' ? memo.maxBytes : null,
    fees: {
      perTransaction: BigInt(fees.perTransaction),
      rentPerTransaction: BigInt(fees.rentPerTransaction),
      rentPerByte: BigInt(fees.rentPerByte),
    },
    schedule: compileSchedule(schedule),
    approvals: {
      lifts: new Set(approvals?.lifts ?? ['approvalAbove']),
      programs: new Set(approvals?.programs),
      assets: new Set(approvals?.assets?.map((name) => (assetsByName.get(name) as Asset).id)),
      ttlSeconds: approvals?.ttlSeconds ?? DEFAULT_TTL_SECONDS,
      maxPending: approvals?.maxPending ?? DEFAULT_MAX_PENDING,
    },
    keys: { renew: keyList(keys?.renew), pause: keyList(keys?.pause), approve: keyList(keys?.approve) },
    lease: { maxSeconds: lease.maxSeconds },
  };
}

/** The fields SOL, `signatures` and mints have among them; each of the optional ones is missing somewhere. */
type AnyAsset = Pick<MintAsset, 'windows' | 'perTransaction' | 'approvalAbove'> & Partial<MintAsset>;

function compileAssets(document: PolicyDocument): Asset[] {
  return entriesOf<AnyAsset>(document.assets).map(([name, fields]) => {
    const perTransaction = amountOf(fields.perTransaction);
    const approvalAbove = amountOf(fields.approvalAbove);
    const windows = compileWindows(fields.windows, heldBack(document, name));
    const single = smallest(perTransaction, approvalAbove);
    const asset = { id: assetId(name, fields), name, perTransaction, approvalAbove, windows };
    const decimals = fields.decimals ?? (name === SOL ? SOL_DECIMALS : 0);
    return {
      ...asset,
      decimals,
      slice: amountOf(memberOf(document.lease.slice, name)) ?? defaultSlice(document, name, windows, single),
    };
  });
}

function assetId(name: string, fields: AnyAsset): AssetId {
  return fields.mint === undefined ? (name as AssetId) : (keyOf(fields.mint) as Pubkey & AssetId);
}

/**
 * A tenth of the shortest window's limit, rounded up, but room for the largest payment that needs no approval and, for SOL, its fees and
 * rent: a payment that fits no lease could never be signed. Never more than the window itself.
 */
function defaultSlice(
  { fees }: PolicyDocument,
  name: string,
  windows: readonly Window[],
  single: bigint | null,
): bigint {
  const { max } = windows.reduce((shortest, window) => (window.seconds < shortest.seconds ? window : shortest));
  const costs = name === SOL ? BigInt(fees.perTransaction) + BigInt(fees.rentPerTransaction) : 0n;
  const tenth = (max + SLICES_PER_WINDOW - 1n) / SLICES_PER_WINDOW;
  const room = (single ?? 0n) + costs;
  const wanted = room > tenth ? room : tenth;
  const least = wanted < max ? wanted : max;
  return least > 0n ? least : 1n;
}

function smallest(first: bigint | null, second: bigint | null): bigint | null {
  if (first === null || second === null) return first ?? second;
  return first < second ? first : second;
}

function compileMints(document: PolicyDocument): Map<Pubkey, MintFacts> {
  const mints = new Map<Pubkey, MintFacts>();
  for (const [, { mint, tokenProgram, decimals, extensions }] of entriesOf<Partial<MintAsset>>(document.assets)) {
    if (mint === undefined || tokenProgram === undefined || decimals === undefined) continue;
    const program = tokenProgram === 'token' ? TOKEN_PROGRAM : TOKEN_2022_PROGRAM;
    mints.set(keyOf(mint), {
      tokenProgram: program,
      decimals,
      accountSize: tokenAccountSize(tokenProgram, extensions ?? []),
      takesFee: extensions?.includes('transferFeeConfig') ?? false,
    });
  }
  return mints;
}

/** What an outstanding nonce transaction may cost stays free in every window: it can land at any time. */
function compileWindows(windows: readonly WindowLimit[] | undefined, held: bigint): Window[] {
  return (windows ?? []).map(({ seconds, max }) => ({ seconds, max: BigInt(max) - held }));
}

function heldBack({ durableNonce }: PolicyDocument, asset: string): bigint {
  const budget = typeof durableNonce === 'object' ? memberOf(durableNonce.assets, asset) : undefined;
  return BigInt(budget ?? 0);
}

type Recipients = Pick<Policy, 'groups' | 'findGroup' | 'findListedOwner'>;

function compileGroups(
  document: PolicyDocument,
  assets: ReadonlyMap<string, Asset>,
  mints: ReadonlyMap<Pubkey, MintFacts>,
): Recipients {
  const groups: Group[] = [];
  const listed = new Map<Pubkey, Group>();
  let open: Group | null = null;
  for (const fields of document.recipients) {
    const group = compileGroup(fields, document, assets);
    groups.push(group);
    // Whoever was not listed before an open group belongs to it, whatever is written after it.
    if (open !== null) continue;
    if (fields.owners === 'any') open = group;
    else for (const owner of fields.owners.map(keyOf)) if (!listed.has(owner)) listed.set(owner, group);
  }
  return {
    groups,
    findGroup: (owner) => listed.get(owner) ?? open,
    findListedOwner: listedOwnerFinder([...listed.keys()], mints),
  };
}

function compileGroup(fields: GroupDocument, document: PolicyDocument, assets: ReadonlyMap<string, Asset>): Group {
  const rules = entriesOf<GroupLimits>(fields.assets).map(([name, limits]): [AssetId, GroupRule] => [
    (assets.get(name) as Asset).id,
    {
      perTransaction: amountOf(limits.perTransaction),
      windows: compileWindows(limits.windows, heldBack(document, name)),
      perRecipient: limits.per === 'recipient',
    },
  ]);
  return {
    name: fields.name,
    any: fields.owners === 'any',
    assets: fields.assets === undefined ? null : new Map(rules),
    approval: fields.approval === true,
  };
}

/** Derivation takes 0.2 ms for each owner, so a mint's table is made when it is first asked for and kept with the policy. */
function listedOwnerFinder(
  owners: readonly Pubkey[],
  mints: ReadonlyMap<Pubkey, MintFacts>,
): Policy['findListedOwner'] {
  const tables = new Map<Pubkey, ReadonlyMap<Pubkey, Pubkey>>();
  return (account, mint) => {
    const program = mint === NATIVE_MINT ? TOKEN_PROGRAM : mints.get(mint)?.tokenProgram;
    if (program === undefined) return null;
    const known = tables.get(mint);
    const table = known ?? new Map(owners.map((owner) => [deriveTokenAccount(owner, mint, program), owner]));
    if (known === undefined) tables.set(mint, table);
    return table.get(account) ?? null;
  };
}

/** A policy belongs to one wallet, so the last agent asked about is the one to keep. */
function ownAccountsFinder(mints: ReadonlyMap<Pubkey, MintFacts>, vaults: Policy['vaults']): Policy['findOwnAccounts'] {
  let known: { readonly agent: Pubkey; readonly accounts: ReadonlyMap<Pubkey, Pubkey> } | null = null;
  return (agent) => {
    if (known?.agent !== agent) known = { agent, accounts: deriveOwnAccounts(agent, mints, vaults) };
    return known.accounts;
  };
}

function compileSchedule(fields: PolicyDocument['schedule']): Schedule {
  const [start, end] = fields?.hours ?? [];
  return {
    hours: start === undefined || end === undefined ? null : [start, end],
    days: fields?.days === undefined ? null : new Set(fields.days.map((day) => DAYS.indexOf(day))),
    notBefore: momentOf(fields?.notBefore),
    notAfter: momentOf(fields?.notAfter),
    cooldownMs: (fields?.cooldownSeconds ?? 0) * SECOND_MS,
  };
}

function momentOf(text: string | undefined): Millis | null {
  return text === undefined ? null : (Date.parse(text) as Millis);
}

function amountOf(text: string | undefined): bigint | null {
  return text === undefined ? null : BigInt(text);
}

function keyList(texts: readonly string[] | undefined): Pubkey[] {
  return (texts ?? []).map(keyOf);
}

/** `findDocumentFaults` has read every address before. */
function keyOf(text: string): Pubkey {
  return pubkeyFromBase58(text) as Pubkey;
}
