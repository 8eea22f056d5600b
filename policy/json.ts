/** The engine's values as JSON: base58 addresses, decimal strings, asset names. Used by the enclave, its receipts and the command line alike. */
import type { Budget } from './budget.ts';
import type { Json } from './canonical.ts';
import { canonicalizeJson } from './canonical.ts';
import { specialFields } from './effect-json.ts';
import { escapeText } from './escape.ts';
import type { Judgement } from './judge.ts';
import { pubkeyToBase58 } from './keys.ts';
import type { Policy } from './policy.ts';
import { sha256Hex } from './sha256.ts';
import type { AssetId, Charge, Effect, Hash, Pubkey, Violation } from './types.ts';

/** Characters of an escaped memo that are shown; a longer one ends in its SHA-256 instead. */
const MEMO_CHARACTERS_MAX = 1_024;
/** Characters of a violation's sentence. */
const DETAIL_CHARACTERS_MAX = 400;
const PATH_CHARACTERS_MAX = 200;

export interface EffectJson {
  readonly transaction: number;
  readonly instruction: number;
  readonly kind: string;
  readonly asset?: string;
  readonly amount?: string;
  readonly from?: string;
  readonly destination?: string;
  readonly recipient?: string | null;
  readonly base?: string;
  readonly priority?: string;
  readonly lamports?: string;
  readonly account?: string;
  readonly memo?: string;
  /** SHA-256 over what the other fields do not show: a call's accounts and data, what is inside a proposal. */
  readonly hash?: string;
}

export interface ViolationJson {
  readonly code: string;
  readonly detail: string;
  readonly asset?: string;
  readonly limit?: string;
  readonly observed?: string;
  readonly remaining?: string;
  readonly retryAfter?: number;
  readonly path?: string;
}

export interface JudgementJson {
  readonly decision: Judgement['decision'];
  readonly violations: readonly ViolationJson[];
  readonly effects: readonly EffectJson[];
  /** By the asset's name. */
  readonly charges: Readonly<Record<string, string>>;
  readonly effectsHash: Hash;
  readonly feeCap: string;
}

export function judgementToJson(policy: Policy, judgement: Judgement): JudgementJson {
  return {
    decision: judgement.decision,
    violations: judgement.violations.map(violationToJson),
    effects: effectsToJson(policy, judgement.effects),
    charges: chargesToJson(policy, judgement.charges),
    effectsHash: judgement.effectsHash(),
    feeCap: String(judgement.feeCap),
  };
}

/** Amounts by asset name. */
export function chargesToJson(policy: Policy, charges: readonly Charge[]): Record<string, string> {
  return Object.fromEntries(charges.map(({ asset, amount }) => [assetName(policy, asset), String(amount)]));
}

/** The name in the policy; an asset the policy does not name shows as its mint. */
export function assetName(policy: Policy, asset: AssetId): string {
  const known = policy.assets.get(asset)?.name;
  if (known !== undefined) return known;
  return /^[0-9a-f]{64}$/.test(asset) ? pubkeyToBase58(asset as string as Pubkey) : asset;
}

/** All effects in order; those inside a proposal follow it, their kinds marked `proposed`. */
export function effectsToJson(policy: Policy, effects: readonly Effect[]): EffectJson[] {
  return effects.flatMap((effect) => {
    const json = effectToJson(policy, effect);
    if (effect.kind !== 'proposal') return [json];
    const inner = effectsToJson(policy, effect.effects);
    const { instruction } = effect;
    return [json, ...inner.map((each) => ({ ...each, instruction, kind: `proposed.${each.kind}` }))];
  });
}

export function effectToJson(policy: Policy, effect: Effect): EffectJson {
  const { kind, transaction, instruction } = effect;
  const place = { transaction, instruction, kind };
  switch (effect.kind) {
    case 'transfer': {
      const { asset, amount, from, destination, recipient } = effect;
      const accounts = {
        from: pubkeyToBase58(from),
        destination: pubkeyToBase58(destination),
        recipient: addressOf(recipient),
      };
      return { ...place, asset: assetName(policy, asset), amount: String(amount), ...accounts };
    }
    case 'fee':
      return { ...place, base: String(effect.base), priority: String(effect.priority) };
    case 'rent': {
      const { lamports, account, recipient } = effect;
      return {
        ...place,
        lamports: String(lamports),
        account: pubkeyToBase58(account),
        recipient: addressOf(recipient),
      };
    }
    case 'memo':
      return { ...place, memo: memoToJson(effect.bytes) };
    case 'proposal':
      return {
        ...place,
        ...specialFields(effect, (asset) => assetName(policy, asset)),
        hash: hashInner(policy, effect),
      };
    case 'opaqueCall':
      return { ...place, ...specialFields(effect, (asset) => assetName(policy, asset)), hash: hashCall(effect) };
    default:
      return { ...place, ...specialFields(effect, (asset) => assetName(policy, asset)) };
  }
}

/** Everything a proposal would do, and its very bytes: moves among our own accounts are no effects, and an approval covers this proposal alone. */
function hashInner(policy: Policy, { effects, programs, message }: Extract<Effect, { kind: 'proposal' }>): Hash {
  const calls = programs.map(({ program, name, instruction }) => `${instruction} ${program}.${name}`);
  return hashJson([effects.map((effect) => effectToJson(policy, effect)), calls, message.toHex()]);
}

/** Nobody can say what a call of an unknown program does, so an approval covers exactly this one. */
function hashCall({ program, accounts, data }: Extract<Effect, { kind: 'opaqueCall' }>): Hash {
  return hashJson([program, [...accounts], data.toHex()]);
}

function hashJson(value: unknown): Hash {
  return sha256Hex(new TextEncoder().encode(canonicalizeJson(value as Json) as string));
}

function addressOf(key: Pubkey | null): string | null {
  return key === null ? null : pubkeyToBase58(key);
}

/** Keeps a mark at the beginning that others drop; what is not UTF-8 becomes `NO_CHARACTER`. */
const memoText = new TextDecoder('utf-8', { ignoreBOM: true });
const NO_CHARACTER = '\ufffd';

/** Different memos give different texts, also where one is too long to show or no text: approvals are bound to this. */
export function memoToJson(bytes: Uint8Array): string {
  const text = escapeText(memoText.decode(bytes));
  return text.length <= MEMO_CHARACTERS_MAX && !text.includes(NO_CHARACTER)
    ? text
    : `${text.slice(0, MEMO_CHARACTERS_MAX)}… SHA-256 ${sha256Hex(bytes)}`;
}

export function violationToJson(violation: Violation): ViolationJson {
  const { code, asset, limit, observed, remaining, retryAfter, path, detail } = violation;
  return {
    code,
    detail: escapeText(detail).slice(0, DETAIL_CHARACTERS_MAX),
    ...(asset === undefined ? {} : { asset }),
    ...(limit === undefined ? {} : { limit: String(limit) }),
    ...(observed === undefined ? {} : { observed: String(observed) }),
    ...(remaining === undefined ? {} : { remaining: String(remaining) }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(path === undefined ? {} : { path: escapeText(path).slice(0, PATH_CHARACTERS_MAX) }),
  };
}

export interface BudgetJson {
  readonly assets: readonly {
    readonly asset: string;
    readonly now: string;
    readonly perTransaction?: string;
    readonly approvalAbove?: string;
    readonly windows: readonly { seconds: number; max: string; spent: string; unseen: string; remaining: string }[];
  }[];
  /** Unix milliseconds. */
  readonly leaseEndsAt: bigint | null;
}

/** Amounts as decimal strings; the lease's end stays a number of milliseconds, which the wire carries as bigint. */
export function budgetToJson({ assets, leaseEndsAt }: Budget): BudgetJson {
  return {
    assets: assets.map(({ asset, now, perTransaction, approvalAbove, windows }) => ({
      asset,
      now: String(now),
      ...(perTransaction === null ? {} : { perTransaction: String(perTransaction) }),
      ...(approvalAbove === null ? {} : { approvalAbove: String(approvalAbove) }),
      windows: windows.map(({ seconds, max, spent, unseen, remaining }) => ({
        seconds,
        max: String(max),
        spent: String(spent),
        unseen: String(unseen),
        remaining: String(remaining),
      })),
    })),
    leaseEndsAt: leaseEndsAt === null ? null : BigInt(leaseEndsAt),
  };
}
