/** Amounts by asset, between the engine's form and the wire's. */

import type { Amounts } from '../../policy/lease.ts';
import type { AssetId } from '../../policy/types.ts';
import type { AssetAmounts } from '../link/schema/results.ts';

/** In the order of the assets' ids, so that equal amounts give equal bytes. */
export function listAmounts(amounts: Amounts): AssetAmounts {
  return (Object.entries(amounts) as [AssetId, bigint][])
    .filter(([, amount]) => amount > 0n)
    .sort(([first], [second]) => (first < second ? -1 : 1))
    .map(([asset, amount]) => ({ asset, amount }));
}

/** The sum where an asset stands twice. */
export function mapAmounts(list: AssetAmounts): Amounts {
  return addAmounts({}, list);
}

export function addAmounts(amounts: Amounts, list: AssetAmounts): Amounts {
  const sums: Record<AssetId, bigint> = { ...amounts };
  for (const { asset, amount } of list) sums[asset as AssetId] = (sums[asset as AssetId] ?? 0n) + amount;
  return sums;
}
