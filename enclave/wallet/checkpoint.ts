/** A wallet's whole state for its chain, so that a restart needs no older receipts. In parts, each small enough for one receipt. */

import type { Amounts } from '../../policy/lease.ts';
import type { Ledger } from '../../policy/ledger.ts';
import { exportLedger, importLedger } from '../../policy/ledger-state.ts';
import type { Cbor } from '../link/cbor.ts';
import { decodeCbor, encodeCbor } from '../link/cbor.ts';
import { ReeveError } from '../link/errors.ts';
import { CHECKPOINT_PART_BYTES } from '../link/limits.ts';
import type { AssetAmounts } from '../link/schema/results.ts';
import { listAmounts, mapAmounts } from './amounts.ts';
import { isEnded } from './phases.ts';
import type { Recovered, Wallet } from './state.ts';

/** What a chain tells up to some point. `leased`: whether `boot` took a lease; `spent` is charged in that boot. */
export interface History {
  ledger: Ledger;
  policyHash: Uint8Array | null;
  policyVersion: number;
  boot: Uint8Array | null;
  leased: boolean;
  retired: boolean;
  spent: Amounts;
  /** Of the last boot that took a lease. */
  last: Recovered;
}

/** The state now, as `readCheckpoint` takes it. */
export function encodeCheckpoint(wallet: Wallet): Uint8Array[] {
  const { policy, policyVersion, lease, chain, recovered } = wallet;
  const state = encodeCbor({
    v: 1,
    ledger: exportLedger(wallet.ledger) as unknown as Cbor,
    policyHash: new Uint8Array(Buffer.from(policy.hash, 'hex')),
    policyVersion,
    boot: chain.boot,
    leased: lease !== null,
    spent: listAmounts(lease?.spentInBoot ?? {}) as unknown as Cbor,
    m: lease?.number ?? recovered.m,
    mBoot: lease === null ? recovered.mBoot : chain.boot,
    mSpent: listAmounts(lease?.spentInBoot ?? recovered.mSpent) as unknown as Cbor,
    mClosed: lease === null ? recovered.mClosed : isEnded(wallet),
    retired: wallet.phase === 'retired',
  });
  const parts: Uint8Array[] = [];
  for (let at = 0; at < state.length; at += CHECKPOINT_PART_BYTES) {
    parts.push(state.slice(at, at + CHECKPOINT_PART_BYTES));
  }
  return parts;
}

interface CheckpointState {
  readonly v: unknown;
  readonly ledger: unknown;
  readonly policyHash: Uint8Array;
  readonly policyVersion: number;
  readonly boot: Uint8Array;
  readonly leased: boolean;
  readonly spent: AssetAmounts;
  readonly m: number;
  readonly mBoot: Uint8Array | null;
  readonly mSpent: AssetAmounts;
  readonly mClosed: boolean;
  readonly retired: boolean;
}

/** Reads a checkpoint's parts put together, or throws `chain-invalid`. They stand in a chain that our own receipt key signed. */
export function readCheckpoint(bytes: Uint8Array): History {
  const state = decodeCbor(bytes) as unknown as CheckpointState;
  const ledger = importLedger(state?.ledger);
  if (state?.v !== 1 || !ledger.ok) throw new ReeveError('chain-invalid', { what: 'checkpoint' });
  const { policyHash, policyVersion, boot, leased, retired, m, mBoot, mClosed } = state;
  const last = { m, mBoot, mSpent: mapAmounts(state.mSpent), mClosed };
  const spent = mapAmounts(state.spent);
  return { ledger: ledger.value, policyHash, policyVersion, boot, leased, retired, spent, last };
}
