/** Which approvals the receipts show as used, or unused when their boot closed. Receipts come from the host: they count up to an attested head only. */

import type { Receipt } from '../../enclave/link/receipts.ts';
import type { Witness } from '../../policy/witness.ts';
import { noteApproval } from '../../policy/witness.ts';
import { checkChain, fetchReceiptsTo } from '../audit/chain.ts';
import { toHex } from '../cli/text.ts';
import { attestPinned } from '../owner/attest.ts';
import type { RenewerParts } from './renewer.ts';
import type { WitnessRecord } from './witness-file.ts';

/** Brings a wallet's approvals up to date, so that effects approved before can be approved again. */
export async function settleApprovals(parts: RenewerParts, wallet: string): Promise<void> {
  const { store, admin, profile } = parts;
  const statement = await attestPinned(admin, profile, store.read(wallet).pins);
  const head = { seq: statement.head.seq, hash: toHex(statement.head.hash) };
  const chain = checkChain(wallet, await fetchReceiptsTo(admin, wallet, head.seq), head);
  const record = store.read(wallet);
  const witness = noteSeen(record, chain.receipts);
  if (witness !== record.witness) store.write({ ...record, witness });
}

/** Pure: the witness with what these receipts show. */
export function noteSeen({ witness, approvalIds }: WitnessRecord, receipts: readonly Receipt[]): Witness {
  let next = witness;
  for (const { approvalId, boot, effectsHash } of approvalIds) {
    const ofBoot = receipts.filter((receipt) => toHex(receipt.boot) === boot);
    const used = ofBoot.some(
      ({ kind, body }) => kind === 'decision' && body.approvalId === approvalId && body.decision === 'allow',
    );
    const closed = ofBoot.some(({ kind }) => kind === 'close');
    if (used || closed) next = noteApproval(next, boot, effectsHash, used ? 'used' : 'closed');
  }
  return next;
}
