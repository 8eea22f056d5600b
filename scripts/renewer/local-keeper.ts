/** The keeper that holds the lock itself. */

import { ReeveError } from '../../enclave/link/errors.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import type { AssetId, Hash, Millis } from '../../policy/types.ts';
import type { Witness } from '../../policy/witness.ts';
import { decideApproval, emptyWitness } from '../../policy/witness.ts';
import { toHex } from '../cli/text.ts';
import { attestPinned } from '../owner/attest.ts';
import type { PinsJson } from '../owner/copy.ts';
import { pinsFromJson, pinsToJson } from '../owner/copy.ts';
import { settleApprovals } from './approvals-seen.ts';
import { writeLease } from './facts.ts';
import type { ApprovalNote, Exposure, Keeper, WitnessSummary } from './keeper.ts';
import type { RenewerParts } from './renewer.ts';
import { decide, renewWallets } from './renewer.ts';
import { readMovedPins } from './repin.ts';
import type { WitnessRecord } from './witness-file.ts';

/** The operations on a store that this process holds. `close` gives the lock back. */
export function createLocalKeeper(parts: RenewerParts): Keeper {
  const { store } = parts;
  // Statements are decided on in the order they were asked for: an older one after a newer would look as if the boot had gone back.
  const inOrder = createQueue();
  return {
    async enroll(pins, policy, created) {
      enroll(parts, pins, policy, created);
    },
    async repin(wallet, proof) {
      const record = store.read(wallet);
      store.write({ ...record, pins: readMovedPins(record.pins, proof) });
    },
    async pause(wallet) {
      const record = store.read(wallet);
      store.write({ ...record, witness: { ...record.witness, paused: true } });
      return readExposure(record.witness, Date.now());
    },
    async resume(wallet) {
      const record = store.read(wallet);
      store.write({ ...record, witness: { ...record.witness, paused: false } });
    },
    approve: (wallet, note) => noteApproval(parts, wallet, note),
    replacePolicy: (wallet, policy) => inOrder(() => replacePolicy(parts, wallet, policy)),
    renew: (wallets, choice) => inOrder(() => renewWallets(parts, wallets ?? store.list(), choice)),
    read: async () => store.list().map((wallet) => summarize(store.read(wallet))),
    close() {
      store.close();
      parts.admin.close();
      parts.kms.close();
    },
  };
}

function createQueue(): <Value>(work: () => Promise<Value>) => Promise<Value> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** A witness that did not see the wallet's beginning says so (`reach`): its first lease needs the owner's word. The same wallet again changes nothing. */
function enroll({ store }: RenewerParts, json: PinsJson, bytes: Uint8Array, created: boolean): void {
  const pins = pinsFromJson(json);
  if (store.has(json.wallet)) {
    const same = JSON.stringify(pinsToJson(store.read(json.wallet).pins)) === JSON.stringify(pinsToJson(pins));
    if (same) return;
    throw new ReeveError('witness-exists', { wallet: json.wallet });
  }
  const policy = store.writePolicy(bytes);
  const witness = emptyWitness(json.wallet, policy.hash);
  store.write({
    pins,
    witness: created ? witness : { ...witness, reach: 1 },
    head: null,
    halted: null,
    approvalIds: [],
  });
}

async function noteApproval(parts: RenewerParts, wallet: string, note: ApprovalNote): Promise<void> {
  if (!decideAndNote(parts, wallet, note)) {
    await settleApprovals(parts, wallet);
    if (!decideAndNote(parts, wallet, note)) throw refused(wallet, 'approval-outstanding');
  }
}

/** Notes the approval, or returns false where an earlier one of the same effects may still be used. */
function decideAndNote({ store }: RenewerParts, wallet: string, note: ApprovalNote): boolean {
  const record = store.read(wallet);
  const approval = {
    effectsHash: note.effectsHash as Hash,
    boot: note.boot as Hash,
    until: note.until as Millis,
  };
  const decision = decideApproval(record.witness, approval, Date.now() as Millis);
  if (decision.kind === 'refuse' && decision.alarm === 'approval-outstanding') return false;
  if (decision.kind === 'refuse') throw refused(wallet, decision.alarm);
  // An earlier approval of the same effects is settled by now: its receipts would say of this one what is true of that one.
  const kept = record.approvalIds.filter(
    ({ effectsHash, boot }) =>
      effectsHash !== approval.effectsHash &&
      decision.witness.approvals.some((open) => open.effectsHash === effectsHash && open.boot === boot),
  );
  const id = { effectsHash: approval.effectsHash, boot: approval.boot, approvalId: note.approvalId };
  store.write({ ...record, witness: decision.witness, approvalIds: [...kept, id] });
  return true;
}

function refused(wallet: string, reason: string): ReeveError {
  return new ReeveError('lease-alarm', { wallet, reason });
}

/**
 * The new policy counts from the moment it is written, whether or not its command arrives: a host that withholds it gets no lease for the old one. The
 * lease is decided as if the enclave held the new policy already, since it will take both in one command.
 */
async function replacePolicy(
  parts: RenewerParts,
  wallet: string,
  bytes: Uint8Array,
): ReturnType<Keeper['replacePolicy']> {
  const { store, admin, profile, durationMs } = parts;
  const statement = await attestPinned(admin, profile, store.read(wallet).pins);
  const policy = store.writePolicy(bytes);
  const before = store.read(wallet);
  const record: WitnessRecord = { ...before, witness: { ...before.witness, policyHash: policy.hash } };
  const stated: Statement = { ...statement, policyHash: new Uint8Array(Buffer.from(policy.hash, 'hex')) };
  const decision = decide({ record, statement: stated, policy, durationMs, recoverLost: false });
  if (decision.kind === 'refuse') {
    // A boot that went back gets no lease again, whatever it says later.
    const halted = decision.alarm === 'statement-went-back' ? (toHex(statement.boot) as Hash) : record.halted;
    store.write({ ...record, halted });
    return { lease: null, alarm: decision.alarm };
  }
  store.write({ ...record, witness: decision.witness });
  return { lease: writeLease(decision.lease), alarm: null };
}

/** The most that leases still running let anybody spend: whole ceilings, but for what the current boot already stated as spent. */
export function readExposure({ boots, lastStatement }: Witness, now: number): Exposure {
  const amounts: Record<string, bigint> = {};
  let until = 0;
  for (const [index, boot] of boots.entries()) {
    if (boot.until <= now) continue;
    until = Math.max(until, boot.until);
    const spent = index === boots.length - 1 ? (lastStatement?.spentInBoot ?? {}) : {};
    for (const [asset, ceiling] of Object.entries(boot.maxCeiling)) {
      const left = ceiling - (spent[asset as AssetId] ?? 0n);
      if (left > 0n) amounts[asset] = (amounts[asset] ?? 0n) + left;
    }
  }
  return { until, amounts };
}

function summarize({ witness, head, halted }: WitnessRecord): WitnessSummary {
  const { wallet, policyHash, paused, lastNumber, boots } = witness;
  const current = boots.at(-1);
  return {
    wallet,
    policyHash,
    paused,
    lastNumber,
    until: current?.until ?? 0,
    halted: halted !== null && halted === current?.boot,
    head,
  };
}
