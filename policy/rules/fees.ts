/** What a transaction may cost besides what it moves. Nothing when another signer pays. */
import { SOL } from '../policy.ts';
import type { Violation } from '../types.ts';
import type { Facts } from './facts.ts';
import { sumBy, violate } from './facts.ts';

export function judgeFees({ policy, fees, rents }: Facts): Violation[] {
  const paths = ({ transaction }: { readonly transaction: number }) => `transactions[${transaction}]`;
  const fee = sumBy(fees, paths, ({ base, priority }) => base + priority);
  const rent = sumBy(rents, paths, ({ lamports }) => lamports);
  return [
    ...overLimit('fee-exceeded', fee, policy.fees.perTransaction),
    ...overLimit('rent-exceeded', rent, policy.fees.rentPerTransaction),
    ...judgeSolAllowed(policy.assets.has(SOL), [...fee, ...rent]),
  ];
}

function overLimit(
  code: 'fee-exceeded' | 'rent-exceeded',
  sums: ReadonlyMap<string, bigint>,
  limit: bigint,
): Violation[] {
  const over = [...sums].filter(([, observed]) => observed > limit);
  return over.map(([path, observed]) => violate(code, { asset: SOL, limit, observed, remaining: limit, path }));
}

/** Fees and rent are spent from a budget: without one for SOL somebody else has to pay. */
function judgeSolAllowed(allowed: boolean, sums: readonly (readonly [string, bigint])[]): Violation[] {
  if (allowed) return [];
  const detail = 'the policy has no budget for SOL: let another account pay fees and rent';
  return sums.filter(([, sum]) => sum > 0n).map(([path]) => violate('asset-not-allowed', { asset: SOL, path, detail }));
}
