/** From receipts back to state: the ledger, what is known of leases, and which messages were signed. */

import type { Lease } from '../../policy/lease.ts';
import type { Entry } from '../../policy/ledger.ts';
import { emptyLedger, enterUnseen, replayEntries } from '../../policy/ledger.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Millis } from '../../policy/types.ts';
import { ReeveError } from '../link/errors.ts';
import type { Receipt } from '../link/receipts.ts';
import type { ReceiptBody } from '../link/schema/receipt.ts';
import { addAmounts } from './amounts.ts';
import type { History } from './checkpoint.ts';
import { readCheckpoint } from './checkpoint.ts';
import { readCharges } from './leases.ts';
import type { Memory } from './memory.ts';
import { emptyMemory, remember } from './memory.ts';
import { NOTHING_RECOVERED } from './state.ts';

type Command = ReceiptBody<'command'>;
type DecisionBody = ReceiptBody<'decision'>;

/** Before the first receipt. */
export function emptyHistory(): History {
  const last = NOTHING_RECOVERED;
  const policy = { policyHash: null, policyVersion: 0 };
  return { ledger: emptyLedger(), ...policy, boot: null, leased: false, retired: false, spent: {}, last };
}

/**
 * Plays receipts whose chain and signature were checked, from the last whole checkpoint on, or from the chain's first receipt. Windows are
 * those of `policy`, the one in force now. Throws `chain-invalid` when the receipts begin later than that.
 */
export function replayReceipts(receipts: readonly Receipt[], policy: Policy): { history: History; memory: Memory } {
  const memory = emptyMemory();
  for (const receipt of receipts) if (receipt.kind === 'decision') recallSigned(memory, receipt.body, receipt.time);
  const checkpoint = findCheckpoint(receipts);
  if (checkpoint === null && receipts.length > 0 && receipts[0]?.seq !== 1) {
    throw new ReeveError('chain-invalid', { what: 'it begins after its last checkpoint' });
  }
  const history = checkpoint?.history ?? emptyHistory();
  for (const receipt of receipts.slice(checkpoint?.end ?? 0)) replayReceipt(history, receipt, policy);
  return { history, memory };
}

/** The last checkpoint whose parts all stand in a row, and the index after it. */
function findCheckpoint(receipts: readonly Receipt[]): { history: History; end: number } | null {
  for (let end = receipts.length; end > 0; end--) {
    const parts = readParts(receipts, end);
    if (parts !== null) return { history: readCheckpoint(Buffer.concat(parts)), end };
  }
  return null;
}

/** The parts of the checkpoint whose last part stands just before `end`, or null. */
function readParts(receipts: readonly Receipt[], end: number): Uint8Array[] | null {
  const last = receipts[end - 1];
  if (last?.kind !== 'checkpoint' || last.body.part !== last.body.parts || last.body.parts > end) return null;
  const { parts } = last.body;
  const states: Uint8Array[] = [];
  for (const [index, receipt] of receipts.slice(end - parts, end).entries()) {
    if (receipt.kind !== 'checkpoint' || receipt.body.part !== index + 1 || receipt.body.parts !== parts) return null;
    states.push(receipt.body.state);
  }
  return states;
}

function replayReceipt(history: History, receipt: Receipt, policy: Policy): void {
  const time = Number(receipt.time) as Millis;
  switch (receipt.kind) {
    case 'boot':
      history.boot = receipt.boot;
      history.leased = false;
      history.spent = {};
      return;
    case 'command':
      replayCommand(history, receipt.body, policy, time);
      return;
    case 'decision':
      replayDecision(history, receipt.body, policy, time);
      return;
    case 'close':
      if (history.leased) history.last = { ...history.last, mClosed: true };
      return;
    case 'checkpoint':
      return;
  }
}

function replayCommand(history: History, body: Command, policy: Policy, time: Millis): void {
  if (body.policyHash !== undefined && body.policyVersion !== undefined) {
    history.policyHash = body.policyHash;
    history.policyVersion = body.policyVersion;
  }
  if (body.command === 'wallet.retire') history.retired = true;
  if (body.lease === undefined) return;
  const charges: Lease['charges'] = history.leased ? [] : readCharges(body.lease);
  enterUnseen(history.ledger, policy, charges, time);
  history.leased = true;
  history.last = { m: body.lease.number, mBoot: history.boot, mSpent: history.spent, mClosed: false };
}

function replayDecision(history: History, body: DecisionBody, policy: Policy, time: Millis): void {
  if (body.decision !== 'allow') return;
  replayEntries(history.ledger, policy, body.entries as Entry[], time);
  history.spent = addAmounts(history.spent, body.charges);
  if (history.leased) history.last = { ...history.last, mSpent: history.spent };
}

function recallSigned(memory: Memory, { id, messageHashes, signatures }: DecisionBody, time: bigint): void {
  if (signatures.length === 0 || signatures.length !== messageHashes.length) return;
  const signed = signatures.map((signature, index) => ({ hash: messageHashes[index] as Uint8Array, signature }));
  remember(memory, id, signed, Number(time));
}
