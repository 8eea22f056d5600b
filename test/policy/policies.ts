/** Policies and requests for tests: small documents, messages built from calls. */
import type { Test as Tap } from 'tap';
import { canonicalizePolicy, parsePolicy } from '../../policy/compile.ts';
import type { Judgement, Request } from '../../policy/judge.ts';
import { judge } from '../../policy/judge.ts';
import { deriveTokenAccount, pubkeyToBase58 } from '../../policy/keys.ts';
import type { LeaseState } from '../../policy/lease.ts';
import { emptyLedger } from '../../policy/ledger.ts';
import type { Message } from '../../policy/message.ts';
import type { Policy } from '../../policy/policy.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  MEMO_V3_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import type { AssetId, Millis, Pubkey, Violation } from '../../policy/types.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, littleEndian, testKey } from './messages.ts';

export const AGENT = testKey(0xa1);
export const SHOP = testKey(0x51);
export const SUPPLIER = testKey(0x52);
export const STRANGER = testKey(0xee);
export const OTHER_PAYER = testKey(0xf1);
export const MINT = testKey(0x77);
export const SOL = 'SOL' as AssetId;
export const USDC = MINT as string as AssetId;
export const SIGNATURES = 'signatures' as AssetId;
/** Friday, 20 November 2026, 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 20, 12) as Millis;
export const DAY = 86_400;
export const HOUR = 3_600;

export type Draft = Record<string, unknown>;

/** A payments policy without approvals: 100 a day of SOL and USDC, shop and supplier. Fees are small so that sums stay readable. */
export function draft(changes: Draft = {}): Draft {
  return {
    format: 'reeve/policy/v1',
    assets: {
      SOL: { windows: [{ seconds: DAY, max: '1000000' }] },
      USDC: {
        mint: pubkeyToBase58(MINT),
        tokenProgram: 'token',
        decimals: 6,
        windows: [{ seconds: DAY, max: '100' }],
      },
    },
    recipients: [{ name: 'known', owners: [pubkeyToBase58(SHOP), pubkeyToBase58(SUPPLIER)] }],
    programs: { system: ['transfer'], token: ['transferChecked'], 'associated-token': ['createIdempotent'] },
    memo: { maxBytes: 64 },
    fees: { perTransaction: '20000', rentPerTransaction: '2100000', rentPerByte: '6960' },
    lease: { maxSeconds: 3600, slice: { SOL: '1000000', USDC: '100' } },
    ...changes,
  };
}

const compiled = new Map<string, Policy>();
const tokenAccounts = new Map<string, Pubkey>();

/** A policy is a value: equal documents are compiled once. */
export function compile(document: Draft): Policy {
  const text = JSON.stringify(document);
  const known = compiled.get(text) ?? compileAnew(text);
  compiled.set(text, known);
  return known;
}

function compileAnew(text: string): Policy {
  const canonical = canonicalizePolicy(text);
  if (!canonical.ok) throw new Error(JSON.stringify(canonical.refusal));
  const policy = parsePolicy(canonical.value);
  if (!policy.ok) throw new Error(JSON.stringify(policy.refusal));
  return policy.value;
}

export function faultsOf(document: Draft): string[] {
  const canonical = canonicalizePolicy(JSON.stringify(document));
  if (!canonical.ok) return canonical.refusal.map(({ code }) => code);
  const policy = parsePolicy(canonical.value);
  return policy.ok ? [] : policy.refusal.map(({ path }) => path ?? '');
}

export function pay(to: Pubkey, lamports: bigint, from: Pubkey = AGENT): Call {
  return { program: SYSTEM_PROGRAM, accounts: [from, to], data: bytesOf(littleEndian(2n, 4), lamports) };
}

export function payToken(to: Pubkey, amount: bigint, decimals = 6, mint: Pubkey = MINT): Call {
  const accounts = [tokenAccountOf(AGENT, mint), mint, tokenAccountOf(to, mint), AGENT];
  return { program: TOKEN_PROGRAM, accounts, data: bytesOf(12, amount, decimals) };
}

function tokenAccountOf(owner: Pubkey, mint: Pubkey): Pubkey {
  const key = `${owner} ${mint}`;
  const known = tokenAccounts.get(key) ?? deriveTokenAccount(owner, mint, TOKEN_PROGRAM);
  tokenAccounts.set(key, known);
  return known;
}

export function openAccount(owner: Pubkey, payer: Pubkey = AGENT): Call {
  const account = tokenAccountOf(owner, MINT);
  const accounts = [payer, account, owner, MINT, SYSTEM_PROGRAM, TOKEN_PROGRAM];
  return { program: ASSOCIATED_TOKEN_PROGRAM, accounts, data: bytesOf(1) };
}

export function memo(text: string): Call {
  return { program: MEMO_V3_PROGRAM, accounts: [], data: new TextEncoder().encode(text) };
}

/** Micro-lamports per compute unit. */
export function price(microLamports: bigint): Call {
  return { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(3, microLamports) };
}

/** `AuthorizeNonceAccount`-like: an instruction of System that nobody decodes. */
export const UNKNOWN_CALL: Call = { program: SYSTEM_PROGRAM, accounts: [AGENT], data: littleEndian(99n, 4) };

export function message(...calls: readonly Call[]): Message {
  return buildMessage([AGENT], calls);
}

/** Somebody else pays the fee. */
export function sponsored(...calls: readonly Call[]): Message {
  return buildMessage([OTHER_PAYER, AGENT], calls);
}

export function leaseOf(policy: Policy, changes: Partial<LeaseState> = {}): LeaseState {
  const ceiling = Object.fromEntries([...policy.assets.values()].map(({ id }) => [id, 10n ** 18n]));
  return {
    number: 1,
    policyHash: policy.hash,
    ceiling,
    until: (NOON + 3_600_000) as Millis,
    spentInBoot: {},
    ...changes,
  };
}

export function ask(policy: Policy, messages: readonly Message[], changes: Partial<Request> = {}): Judgement {
  return judge({
    policy,
    agent: AGENT,
    messages,
    owners: [],
    ledger: emptyLedger(),
    lease: leaseOf(policy),
    now: NOON,
    lastSignedAt: null,
    approved: () => false,
    ...changes,
  });
}

export function codesOf({ violations }: Pick<Judgement, 'violations'>): string[] {
  return violations.map(({ code }) => code);
}

/** `allow`, or the decision and the codes in their order: `deny window-exceeded`. */
export type Row = readonly [
  name: string,
  policy: Draft,
  messages: Message | readonly Message[],
  expected: string,
  changes?: Partial<Request>,
];

/** Judges each row under its own policy's lease, which holds at any time, unless the row brings one. */
export function checkRows(t: Pick<Tap, 'equal'>, rows: readonly Row[]): void {
  for (const [name, document, what, expected, changes] of rows) {
    const policy = compile(document);
    const messages = 'version' in what ? [what] : what;
    const lease = leaseOf(policy, { until: Number.MAX_SAFE_INTEGER as Millis });
    const judgement = ask(policy, messages, { lease, ...changes });
    t.equal([judgement.decision, ...codesOf(judgement)].join(' '), expected, name);
  }
}

/** A policy, what is asked of it, every violation (of its sentence only what is given), and what else the request says. */
export type ViolationRow = readonly [
  policy: Draft,
  messages: Message | readonly Message[],
  expected: readonly Partial<Violation>[],
  changes?: Partial<Request>,
];

export function checkViolations(t: Pick<Tap, 'strictSame'>, rows: readonly ViolationRow[]): void {
  for (const [document, what, expected, changes] of rows) {
    const policy = compile(document);
    const messages = 'version' in what ? [what] : what;
    const lease = leaseOf(policy, { until: Number.MAX_SAFE_INTEGER as Millis });
    const { violations } = ask(policy, messages, { lease, ...changes });
    const found = violations.map(({ detail, ...rest }, index) =>
      expected[index]?.detail === undefined ? rest : { ...rest, detail },
    );
    t.strictSame(found, expected, expected.map(({ code }) => code).join(', '));
  }
}

/** The plain policy with other fields of SOL. */
export function sol(fields: Draft, more: Draft = {}): Draft {
  const assets = draft()['assets'] as Draft;
  return draft({ assets: { ...assets, SOL: { ...(assets['SOL'] as Draft), ...fields } }, ...more });
}

export { pubkeyToBase58 };
