/** What an operator may watch of a wallet: how long and how far it can still sign, and what waits. Nothing an agent could not read of its own. */

import { leftOfCeiling } from '../../policy/lease.ts';
import { spent, walletLine } from '../../policy/ledger.ts';
import type { Asset } from '../../policy/policy.ts';
import type { Millis } from '../../policy/types.ts';
import type { WalletGauges } from '../link/schema/results.ts';
import { countPending } from './approvals.ts';
import type { Wallet } from './state.ts';

export function describeGauges(wallet: Wallet, now: Millis): WalletGauges {
  const { name, phase, lease, policy, chain, approvals } = wallet;
  return {
    wallet: name,
    phase,
    leaseEndsAt: lease === null || lease.until === 0 ? null : BigInt(lease.until),
    assets: [...policy.assets.values()].map((asset) => describeAsset(wallet, asset, now)),
    approvals: countPending(approvals, now),
    unstored: chain.kept.length,
  };
}

/** `unseen` is what counts in the asset's longest window. */
function describeAsset({ ledger, lease }: Wallet, { id, name, windows }: Asset, now: Millis) {
  const longest = Math.max(...windows.map(({ seconds }) => seconds));
  const { unseen } = spent(ledger, walletLine(id), id, longest, now);
  const ceiling = lease === null ? 0n : leftOfCeiling(lease, id);
  return { asset: name, ceiling: String(ceiling), unseen: String(unseen) };
}
