/** Who may receive what. Rent for an account made for somebody is theirs to take: they must be a recipient too. */
import { pubkeyToBase58 } from '../keys.ts';
import type { Effect, Violation } from '../types.ts';
import type { Facts, GroupedTransfer, Rent } from './facts.ts';
import { nameOf, pathOf, violate } from './facts.ts';

export function judgeRecipients(facts: Facts): Violation[] {
  return [
    ...facts.transfers.flatMap((each) => judgeTransfer(facts, each)),
    ...facts.rents.flatMap((rent) => judgeRent(facts, rent)),
  ];
}

function judgeTransfer({ policy }: Facts, { transfer, group }: GroupedTransfer): Violation[] {
  const asset = nameOf(policy, transfer.asset);
  const path = pathOf(transfer);
  if (!policy.assets.has(transfer.asset)) return [violate('asset-not-allowed', { asset, path })];
  if (group === null) {
    const recipient = transfer.recipient === null ? null : pubkeyToBase58(transfer.recipient);
    const detail =
      recipient === null
        ? `nobody listed owns ${pubkeyToBase58(transfer.destination)}, nor anybody the request names`
        : `${recipient} is in no recipient group`;
    return [violate('recipient-not-allowed', { asset, path, detail })];
  }
  if (group.assets !== null && !group.assets.has(transfer.asset)) {
    return [
      violate('recipient-asset-not-allowed', { asset, path, detail: `group ${group.name} may not receive ${asset}` }),
    ];
  }
  return [];
}

/** Accounts of a proposal belong to Squads, which gives their rent back to whom the multisig has named. */
function judgeRent({ policy, agent, effects }: Facts, rent: Rent): Violation[] {
  if (rent.recipient === agent || (rent.recipient !== null && policy.vaults.has(rent.recipient))) return [];
  const isProposal = ({ kind, transaction, instruction }: Effect) =>
    kind === 'proposal' && transaction === rent.transaction && instruction === rent.instruction;
  if (rent.recipient === null && effects.some(isProposal)) return [];
  if (rent.recipient !== null && policy.findGroup(rent.recipient) !== null) return [];
  const owner = rent.recipient === null ? 'somebody unknown' : pubkeyToBase58(rent.recipient);
  return [
    violate('recipient-not-allowed', {
      path: pathOf(rent),
      detail: `an account for ${owner}, who is in no recipient group`,
    }),
  ];
}

/** Groups and assets whose every payment the owner wants to see. */
export function judgeRecipientApprovals({ policy, transfers, spendings }: Facts): Violation[] {
  const asked = [...transfers, ...spendings.map((transfer) => ({ transfer, group: null }))];
  return asked.flatMap(({ transfer, group }) => {
    const asset = nameOf(policy, transfer.asset);
    const path = pathOf(transfer);
    const every = `every payment of ${asset} needs the owner’s approval`;
    const some = `payments to group ${group?.name} need the owner’s approval`;
    return [
      ...(policy.approvals.assets.has(transfer.asset)
        ? [violate('approval-asset', { asset, path, detail: every })]
        : []),
      ...(group?.approval ? [violate('approval-recipient', { asset, path, detail: some })] : []),
    ];
  });
}
