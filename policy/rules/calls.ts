/**
 * Calls of programs that are not decoded: each must be one that the policy describes. What the program then does with our signature and the
 * accounts it was given is NOT checked here and cannot be: that is what the owner trusts it with.
 */
import type { AccountRule, CallRule, FieldRule } from '../call-rules.ts';
import { pubkeyFromBytes, pubkeyToBase58 } from '../keys.ts';
import type { Policy } from '../policy.ts';
import type { AssetId, Charge, Effect, Pubkey, Violation } from '../types.ts';
import type { Facts } from './facts.ts';
import { pathOf, violate } from './facts.ts';

export type OpaqueCall = Extract<Effect, { kind: 'opaqueCall' }>;

/** Whose an account is. */
export interface Ownership {
  readonly agent: Pubkey;
  readonly isOurs: (account: Pubkey) => boolean;
  readonly mintOf: (account: Pubkey) => Pubkey | null;
}

export interface JudgedCall {
  readonly call: OpaqueCall;
  /** The rule it fits, null when none does. */
  readonly rule: CallRule | null;
  readonly charges: readonly Charge[];
  /** Why it does not fit, empty otherwise. */
  readonly faults: readonly string[];
}

/** The first rule of the program that a call fits, with what that costs; else why it does not fit the first of its discriminator. */
export function matchCall(policy: Policy, call: OpaqueCall, ownership: Ownership): JudgedCall {
  const data = call.data.toHex();
  const rules = (policy.calls.get(call.program) ?? []).filter(({ discriminator }) => data.startsWith(discriminator));
  let reported: readonly string[] | null = null;
  for (const rule of rules) {
    const faults = findFaults(rule, call, policy, ownership);
    if (faults.length === 0) return { call, rule, charges: chargesOf(rule, call), faults };
    reported ??= faults.map((fault) => `${rule.name}: ${fault}`);
  }
  const unnamed = [`no call of it begins with ${data.slice(0, 16)}`];
  return { call, rule: null, charges: [], faults: reported ?? unnamed };
}

function findFaults(rule: CallRule, call: OpaqueCall, policy: Policy, ownership: Ownership): string[] {
  const { data } = call;
  const length = rule.bytes !== null && data.length !== rule.bytes ? [`${data.length} bytes, not ${rule.bytes}`] : [];
  const fields = rule.fields.map((field) => findFieldFault(field, data)).filter((fault) => fault !== null);
  return [...length, ...fields, ...findAccountFaults(rule, call, policy, ownership)];
}

const widths = { u8: 1, u16: 2, u32: 4, u64: 8, i64: 8, pubkey: 32 } as const;

/** The bytes of a field, or null where the data does not reach it. */
function cut({ offset, type }: FieldRule, data: Uint8Array): Uint8Array | null {
  const start = offset < 0 ? data.length + offset : offset;
  const end = start + widths[type];
  return start < 0 || end > data.length ? null : data.subarray(start, end);
}

/** Little-endian, of any width. */
function readNumber(type: FieldRule['type'], bytes: Uint8Array): bigint {
  let value = 0n;
  for (const [index, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * index);
  return type === 'i64' ? BigInt.asIntN(64, value) : value;
}

function findFieldFault(field: FieldRule, data: Uint8Array): string | null {
  const bytes = cut(field, data);
  if (bytes === null) return `the data ends before ${field.name}`;
  if (field.type === 'pubkey') {
    const allowed = field.oneOf === null || field.oneOf.has(pubkeyFromBytes(bytes));
    return allowed ? null : `${field.name} is none of the addresses it may be`;
  }
  const value = readNumber(field.type, bytes);
  if (field.min !== null && value < field.min) return `${field.name} is ${value}, under ${field.min}`;
  return field.max !== null && value > field.max ? `${field.name} is ${value}, over ${field.max}` : null;
}

/** An account that is not listed may be one that is: to see it twice gives a program nothing it did not have. */
function findAccountFaults(rule: CallRule, { accounts }: OpaqueCall, policy: Policy, ownership: Ownership): string[] {
  const faults: string[] = [];
  const given = new Set<Pubkey>();
  for (const [index, expected] of rule.accounts) {
    const account = accounts[index];
    if (account === undefined) faults.push(`no account ${index}`);
    else if (!isExpected(account, expected, policy, ownership))
      faults.push(`account ${index} is ${pubkeyToBase58(account)}, not ${describeRule(expected)}`);
    else given.add(account);
  }
  for (const [index, account] of accounts.entries()) {
    if (rule.accounts.has(index) || given.has(account) || !ownership.isOurs(account)) continue;
    faults.push(`account ${index} is ours and the policy does not give it`);
  }
  return faults;
}

function isExpected(account: Pubkey, expected: AccountRule, policy: Policy, ownership: Ownership): boolean {
  switch (expected.kind) {
    case 'agent':
      return account === ownership.agent;
    case 'vault':
      return policy.vaults.has(account);
    case 'notOurs':
      return !ownership.isOurs(account);
    case 'ownToken':
      return ownership.mintOf(account) === expected.mint;
    case 'address':
      return account === expected.address;
  }
}

function describeRule(rule: AccountRule): string {
  switch (rule.kind) {
    case 'agent':
    case 'vault':
    case 'notOurs':
      return rule.kind;
    case 'ownToken':
      return `our account for ${rule.asset}`;
    case 'address':
      return pubkeyToBase58(rule.address);
  }
}

function chargesOf({ charges, fields }: CallRule, { data }: OpaqueCall): Charge[] {
  return charges.map((charge): { asset: AssetId; amount: bigint } => {
    if ('amount' in charge) return charge;
    const field = fields.find(({ name }) => name === charge.field) as FieldRule;
    return { asset: charge.asset, amount: readNumber(field.type, cut(field, data) as Uint8Array) };
  });
}

/** Not to be lifted: what the policy does not describe nobody can read, the owner included. */
export function judgeCalls({ calls }: Facts): Violation[] {
  return calls.flatMap(({ call, faults }) => {
    const program = pubkeyToBase58(call.program);
    return faults.map((fault) => violate('call-not-allowed', { path: pathOf(call), detail: `${program}: ${fault}` }));
  });
}
