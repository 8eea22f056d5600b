/** Between the wire's statements and leases and the pure arithmetic of policy/witness.ts. */

import type { WireLease } from '../../enclave/link/schema/lease.ts';
import type { AssetAmounts } from '../../enclave/link/schema/results.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import type { Amounts, Lease } from '../../policy/lease.ts';
import { amountOf } from '../../policy/lease.ts';
import type { AssetId, Hash } from '../../policy/types.ts';
import type { StatementFacts } from '../../policy/witness.ts';
import { toHex } from '../cli/text.ts';

/** The facts of a statement that was verified before. */
export function readFacts(statement: Statement): StatementFacts {
  const { wallet, lastLease, closed, m, mClosed } = statement;
  return {
    wallet,
    boot: toHex(statement.boot) as Hash,
    policyHash: toHex(statement.policyHash) as Hash,
    lastLease,
    spentInBoot: readAmounts(statement.spentInBoot),
    closed,
    m,
    mBoot: statement.mBoot === null ? null : (toHex(statement.mBoot) as Hash),
    mSpent: readAmounts(statement.mSpent),
    mClosed,
  };
}

export function readAmounts(amounts: AssetAmounts): Amounts {
  return Object.fromEntries(amounts.map(({ asset, amount }) => [asset, amount]));
}

/** The lease as it is signed; wallet and boot are the command's own. */
export function writeLease({ number, policyHash, ceiling, charges, until }: Lease): WireLease {
  const assets = Object.keys(ceiling).sort() as AssetId[];
  return {
    number,
    policyHash: new Uint8Array(Buffer.from(policyHash, 'hex')),
    ceiling: assets.map((asset) => ({ asset, amount: ceiling[asset] ?? 0n })),
    charges: charges.map(({ asset, amount, until: end }) => ({ asset, amount, until: BigInt(end) })),
    until: BigInt(until),
  };
}

/** Whether half the time or, of any asset, half the slice of the lease in force is gone. A wallet that shows another lease than the last one issued is due too. */
export function isDue(statement: Statement, lastNumber: number, durationMs: number, slices: Amounts): boolean {
  if (statement.lastLease !== lastNumber || statement.lastLease === 0) return true;
  if (Number(statement.until - statement.time) * 2 <= durationMs) return true;
  const ceiling = readAmounts(statement.ceiling);
  const spent = readAmounts(statement.spentInBoot);
  const assets = Object.keys(slices) as AssetId[];
  return assets.some((asset) => {
    const slice = amountOf(slices, asset);
    return slice > 0n && (amountOf(ceiling, asset) - amountOf(spent, asset)) * 2n <= slice;
  });
}
