/** Limits and differences in plain words: names and decimals are the signed policy's, keys are addresses. */

import { showAmount } from '../../policy/approvals.ts';
import { pubkeyToBase58 } from '../../policy/keys.ts';
import type { Policy } from '../../policy/policy.ts';
import { SOL } from '../../policy/policy.ts';
import type { AssetId, Pubkey } from '../../policy/types.ts';
import type { SpendingLimitAccount } from './accounts.ts';
import type { LimitDifference, WantedLimit } from './limits.ts';

const PER: Readonly<Record<SpendingLimitAccount['period'], string>> = {
  once: 'once',
  day: 'a day',
  week: 'a week',
  month: 'each 30 days',
};

type Shown = Pick<SpendingLimitAccount, 'mint' | 'amount' | 'period' | 'members' | 'destinations' | 'vaultIndex'>;

/** An amount of a mint that the policy may not name. */
export function showMint(policy: Policy, mint: Pubkey | null, amount: bigint): string {
  const asset = policy.assets.get(mint === null ? SOL : (mint as string as AssetId));
  if (asset !== undefined) return showAmount(policy, asset.name, String(amount));
  return `${amount} base units of ${mint === null ? 'SOL' : pubkeyToBase58(mint)}`;
}

function describeLimit(policy: Policy, { mint, amount, period, members, destinations, vaultIndex }: Shown): string {
  const to = destinations.length === 0 ? 'anybody' : `${destinations.length} recipients`;
  return `${showMint(policy, mint, amount)} ${PER[period]} from vault ${vaultIndex} to ${to}, by ${members.map(pubkeyToBase58).join(', ')}`;
}

export function describeDifference(policy: Policy, difference: LimitDifference): string[] {
  switch (difference.kind) {
    case 'missing':
      return [`+ ${pubkeyToBase58(difference.wanted.address)} ${describeLimit(policy, difference.wanted)}`];
    case 'changed': {
      const { wanted, found, fields } = difference;
      return [
        `~ ${pubkeyToBase58(found.address)} other ${fields.join(', ')}`,
        `    now  ${describeLimit(policy, found)}`,
        `    then ${describeLimit(policy, wanted)}`,
      ];
    }
    case 'extra':
      return [
        `- ${pubkeyToBase58(difference.found.address)} ${describeLimit(policy, difference.found)}: not in the policy${difference.ours ? '' : ', of another key'}`,
      ];
  }
}

/** What a captured enclave could take at most: everything of two periods, right before and right after an edge. */
export function describeWorst(policy: Policy, wanted: readonly WantedLimit[]): string[] {
  return wanted.map(
    ({ mint, amount, period }) =>
      `worst case if the enclave itself falls: ${showMint(policy, mint, 2n * amount)} around one edge, then ${showMint(policy, mint, amount)} ${PER[period]}`,
  );
}
