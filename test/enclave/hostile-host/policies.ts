/** The policies of a game against a hostile host. Payments over 450,000 lamports need an approval. */

import { parsePolicy } from '../../../policy/compile.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { AssetId } from '../../../policy/types.ts';
import type { Blob } from '../helpers.ts';
import { policyBlob } from '../helpers.ts';

const HOUR_SECONDS = 3_600;
export const LEASE_MS = 600_000;
export const SOL = 'SOL' as AssetId;
export const SIGNATURES = 'signatures' as AssetId;
/** Lamports of every payment's fee. */
export const FEE = 5_000n;
/** Lamports of the payment that needs an approval. */
export const EXCEPTIONAL = 550_000n;

export interface Rulebook {
  readonly blob: Blob;
  readonly policy: Policy;
}

function makeRulebook(
  sol: readonly [max: number, slice: number],
  signatures: readonly [max: number, slice: number],
): Rulebook {
  const windows = (max: number) => [{ seconds: HOUR_SECONDS, max: String(max) }];
  const blob = policyBlob({
    assets: {
      SOL: { perTransaction: '800000', windows: windows(sol[0]), approvalAbove: '450000' },
      signatures: { windows: windows(signatures[0]) },
    },
    approvals: { lifts: ['approvalAbove', 'window'], ttlSeconds: 1_200 },
    lease: { maxSeconds: LEASE_MS / 1_000, slice: { SOL: String(sol[1]), signatures: String(signatures[1]) } },
  });
  const parsed = parsePolicy(blob.bytes);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal));
  return { blob, policy: parsed.value };
}

/** The first is the one a wallet is created with; each change puts the next in force, the first after the last. */
export const RULEBOOKS: readonly Rulebook[] = [
  makeRulebook([1_000_000, 400_000], [12, 6]),
  makeRulebook([600_000, 250_000], [8, 5]),
  makeRulebook([1_400_000, 600_000], [10, 4]),
];
