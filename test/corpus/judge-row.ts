/** A row of the corpus through the engine itself, with an ample lease, so that the policy alone speaks. */
import { canonicalizePolicy, parsePolicy } from '../../policy/compile.ts';
import { judge } from '../../policy/judge.ts';
import type { LeaseState } from '../../policy/lease.ts';
import type { Ledger } from '../../policy/ledger.ts';
import { emptyLedger, reserve, walletLine } from '../../policy/ledger.ts';
import type { Policy } from '../../policy/policy.ts';
import { decodeTransaction } from '../../policy/transaction.ts';
import type { Millis, Pubkey } from '../../policy/types.ts';
import type { Draft, Spent } from './world.ts';
import { AGENT, NOON, wireOf } from './world.ts';

export function compilePolicy(document: unknown): Policy {
  const canonical = canonicalizePolicy(JSON.stringify(document));
  const policy = canonical.ok ? parsePolicy(canonical.value) : canonical;
  if (!policy.ok) throw new Error(JSON.stringify(policy.refusal));
  return policy.value;
}

export function compileAll(documents: Readonly<Record<string, unknown>>): ReadonlyMap<string, Policy> {
  return new Map(Object.entries(documents).map(([name, document]) => [name, compilePolicy(document)]));
}

export function momentOf(at: string | undefined): Millis {
  return Date.parse(at ?? NOON) as Millis;
}

/** A ledger in which everything was spent that the row says. */
export function ledgerOf(policy: Policy, spent: readonly Spent[] = []): Ledger {
  const ledger = emptyLedger();
  for (const { asset, amount, at } of spent) {
    const id = policy.assetsByName.get(asset)?.id;
    if (id === undefined) throw new Error(`no asset ${asset}`);
    reserve(ledger, policy, [{ line: walletLine(id), asset: id, amount: BigInt(amount) }], momentOf(at));
  }
  return ledger;
}

export function ampleLease(policy: Policy): LeaseState {
  const ceiling = Object.fromEntries([...policy.assets.keys()].map((asset) => [asset, 2n ** 96n]));
  return { number: 1, policyHash: policy.hash, ceiling, until: Number.MAX_SAFE_INTEGER as Millis, spentInBoot: {} };
}

export interface Verdict {
  readonly decision: string;
  readonly codes: readonly string[];
}

export function judgeBytes(
  policy: Policy,
  wire: Uint8Array,
  { owners = [], at, spent = [] }: Pick<Draft, 'owners' | 'at' | 'spent'>,
): Verdict {
  const transaction = decodeTransaction(wire);
  if (!transaction.ok) return { decision: 'deny', codes: [transaction.refusal.code] };
  const judgement = judge({
    policy,
    agent: AGENT,
    messages: [transaction.value.message],
    owners: owners as Pubkey[],
    ledger: ledgerOf(policy, spent),
    lease: ampleLease(policy),
    now: momentOf(at),
    lastSignedAt: null,
    approved: () => false,
  });
  return { decision: judgement.decision, codes: judgement.violations.map(({ code }) => code) };
}

/** The verdict in the words of a draft's `expect`. */
export function judgeRow(compiled: ReadonlyMap<string, Policy>, draft: Draft): string {
  const policy = compiled.get(draft.policy);
  if (policy === undefined) throw new Error(`no policy ${draft.policy}`);
  const wire = draft.what instanceof Uint8Array ? draft.what : wireOf(draft.what);
  const { decision, codes } = judgeBytes(policy, wire, draft);
  return [decision, ...codes].join(' ');
}
