/** How much may move: in one transaction, in every window, and from where on the owner is asked. */
import type { Entry } from '../ledger.ts';
import { findLedgerRoom, spent } from '../ledger.ts';
import { LEDGER_LINES_MAX } from '../limits.ts';
import type { Limits, Window } from '../policy.ts';
import type { AssetId, Pubkey, Violation } from '../types.ts';
import type { Facts, Spending } from './facts.ts';
import { nameOf, sumBy, violate } from './facts.ts';

/** What one transaction moves under one limit: of an asset, to anybody or to a group or to one of its recipients. */
interface Moved {
  readonly transaction: number;
  readonly asset: AssetId;
  readonly amount: bigint;
  readonly limits: Limits;
  readonly who: string;
}

/** Looks at what is paid and spent: fees and rent have limits of their own. */
export function judgePerTransaction(facts: Facts): Violation[] {
  return sumMoved(facts).flatMap(({ transaction, asset, amount, limits, who }) => {
    const limit = limits.perTransaction;
    if (limit === null || amount <= limit) return [];
    const path = `transactions[${transaction}]`;
    const fields = { asset: nameOf(facts.policy, asset), limit, observed: amount, remaining: limit, path };
    return [violate('per-transaction-exceeded', { ...fields, detail: `more than one transaction may move${who}` })];
  });
}

function sumMoved({ policy, transfers, spendings }: Facts): Moved[] {
  const moved = new Map<string, Moved>();
  const add = (key: string, spending: Spending, limits: Limits | undefined, who: string) => {
    if (limits === undefined) return;
    const { transaction, asset } = spending;
    const id = `${transaction} ${asset} ${key}`;
    const amount = (moved.get(id)?.amount ?? 0n) + spending.amount;
    moved.set(id, { transaction, asset, amount, limits, who });
  };
  for (const spending of spendings) add('', spending, policy.assets.get(spending.asset), '');
  for (const { transfer, group } of transfers) {
    add('', transfer, policy.assets.get(transfer.asset), '');
    const rule = group?.assets?.get(transfer.asset);
    const recipient = rule?.perRecipient ? ` ${transfer.recipient}` : '';
    add(
      `${group?.name}${recipient}`,
      transfer,
      rule,
      ` to ${rule?.perRecipient ? 'one recipient of ' : ''}group ${group?.name}`,
    );
  }
  return [...moved.values()];
}

/** The owner is asked when one transaction moves more than this of an asset. */
export function judgeApprovalAbove({ policy, transfers, spendings }: Facts): Violation[] {
  const key = ({ transaction, asset }: Spending) => `${transaction} ${asset}`;
  const all = [...transfers.map(({ transfer }) => transfer), ...spendings];
  return [...sumBy(all, key, ({ amount }) => amount)].flatMap(([id, amount]) => {
    const [transaction, asset] = id.split(' ') as [string, AssetId];
    const limit = policy.assets.get(asset)?.approvalAbove ?? null;
    if (limit === null || amount <= limit) return [];
    return [
      violate('approval-above', {
        asset: nameOf(policy, asset),
        limit,
        observed: amount,
        path: `transactions[${transaction}]`,
      }),
    ];
  });
}

/** Every line of the request against every window it has. Lines were summed over all transactions: all are signed or none. */
export function judgeWindows(facts: Facts): Violation[] {
  const { ledger, entries } = facts;
  const added = entries.filter(({ line }) => !ledger.lines.has(line)).length;
  const full = ledger.lines.size + added > LEDGER_LINES_MAX && added > 0 ? [violate('ledger-full', {})] : [];
  return [
    ...full,
    ...entries.flatMap((entry) => windowsOf(facts, entry).flatMap((window) => judgeWindow(facts, entry, window))),
  ];
}

function windowsOf({ policy }: Facts, { line, asset }: Entry): readonly Window[] {
  const [, group] = line.split('|');
  if (group === undefined) return policy.assets.get(asset)?.windows ?? [];
  return policy.groups.find(({ name }) => name === group)?.assets?.get(asset)?.windows ?? [];
}

function judgeWindow({ policy, ledger, now }: Facts, entry: Entry, { seconds, max }: Window): Violation[] {
  const { line, asset, amount } = entry;
  const { seen, unseen } = spent(ledger, line, asset, seconds, now);
  const counted = seen + unseen;
  if (counted + amount <= max) return [];
  const remaining = counted < max ? max - counted : 0n;
  const opens = amount <= max ? findLedgerRoom(ledger, line, asset, seconds, max - amount, now) : null;
  const fields = { asset: nameOf(policy, asset), limit: max, observed: amount, remaining };
  const retry = opens === null ? {} : { retryAfter: Math.ceil((opens - now) / 1_000) };
  return [
    violate('window-exceeded', {
      ...fields,
      ...retry,
      detail: `more than is left in ${seconds} s${describeLine(line)}`,
    }),
  ];
}

function describeLine(line: string): string {
  const [, group, recipient] = line.split('|') as [string, string?, Pubkey?];
  if (group === undefined) return '';
  return recipient === undefined ? ` for group ${group}` : ` for this recipient of group ${group}`;
}
