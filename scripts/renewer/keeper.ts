/**
 * Who holds the witness. Every operation is on the disk before it returns, hence before anything that depends on it leaves this machine. A running
 * renewer serves the same operations over its socket; without one, a command takes the lock and does them itself.
 */

import type { WireLease } from '../../enclave/link/schema/lease.ts';
import type { PinsJson } from '../owner/copy.ts';
import type { SealProof } from '../owner/moved-seal.ts';

/** What may still be spent under leases that have not ended, whatever the host does. Amounts by AssetId. */
export interface Exposure {
  /** Unix milliseconds. */
  readonly until: number;
  readonly amounts: Readonly<Record<string, bigint>>;
}

export interface RenewOutcome {
  readonly wallet: string;
  /** `leased`: a new lease was taken. `holds`: the last one does. `idle`: nothing is owed (paused, closed). `alarm`: no lease, the owner should look. `failed`: try again. */
  readonly result: 'leased' | 'holds' | 'idle' | 'alarm' | 'failed';
  readonly code?: string;
  readonly detail?: string;
  readonly number?: number;
  /** End of the lease, Unix milliseconds. */
  readonly until?: number;
}

export interface WitnessSummary {
  readonly wallet: string;
  readonly policyHash: string;
  readonly paused: boolean;
  readonly lastNumber: number;
  readonly until: number;
  readonly halted: boolean;
  readonly head: { readonly seq: number; readonly hash: string } | null;
}

export interface ApprovalNote {
  readonly boot: string;
  readonly effectsHash: string;
  readonly approvalId: string;
  /** Unix milliseconds. */
  readonly until: number;
}

export interface Keeper {
  /** Starts a wallet's witness. `created`: it was created just now, so that nothing can have been leased before. */
  enroll(pins: PinsJson, policy: Uint8Array, created: boolean): Promise<void>;
  /** The wallet's owner or sealing key changed, by this command of the owner pinned so far. */
  repin(wallet: string, proof: SealProof): Promise<void>;
  /** No lease from now on. */
  pause(wallet: string): Promise<Exposure>;
  resume(wallet: string): Promise<void>;
  /** Notes an approval before it is signed, or rejects with `approval-outstanding`. */
  approve(wallet: string, note: ApprovalNote): Promise<void>;
  /** From now on only this policy is leased. The lease is for the same command; null with the reason where the wallet gets none. */
  replacePolicy(wallet: string, policy: Uint8Array): Promise<{ lease: WireLease | null; alarm: string | null }>;
  /** Looks at wallets (all: null) and gives a lease to each that is due. */
  renew(wallets: readonly string[] | null, options?: { recoverLost?: boolean }): Promise<RenewOutcome[]>;
  read(): Promise<WitnessSummary[]>;
  close(): void;
}
