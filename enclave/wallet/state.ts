/** One wallet of the running enclave: plain data. Nothing of it is shared with another wallet but the pool of unstored receipts. */

import { pubkeyFromBytes } from '../../policy/keys.ts';
import type { Amounts, LeaseState } from '../../policy/lease.ts';
import type { Ledger } from '../../policy/ledger.ts';
import { emptyLedger } from '../../policy/ledger.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Millis, Pubkey } from '../../policy/types.ts';
import type { Phase } from '../link/schema/results.ts';
import type { SigningKey } from '../signing-key.ts';
import type { Approvals } from './approvals.ts';
import { emptyApprovals } from './approvals.ts';
import type { Chain } from './chain.ts';
import type { Memory } from './memory.ts';
import { emptyMemory } from './memory.ts';
import type { RefusalTally } from './refusals.ts';
import { emptyTally } from './refusals.ts';

/** What the chain this boot recovered says about leases: `m`, `mBoot`, `mSpent`, `mClosed` of the statement. */
export interface Recovered {
  readonly m: number;
  readonly mBoot: Uint8Array | null;
  readonly mSpent: Amounts;
  readonly mClosed: boolean;
}

export const NOTHING_RECOVERED: Recovered = { m: 0, mBoot: null, mSpent: {}, mClosed: false };

export interface Wallet {
  readonly name: string;
  /** Both are changed by a new seal alone. */
  owner: Uint8Array;
  kmsKeyArn: string;
  readonly agent: SigningKey;
  readonly agentKey: Pubkey;
  readonly chain: Chain;
  readonly recovered: Recovered;
  /** Changed in place by policy/ledger.ts. */
  readonly ledger: Ledger;
  readonly memory: Memory;
  readonly approvals: Approvals;
  readonly refusals: RefusalTally;
  phase: Phase;
  policy: Policy;
  policyVersion: number;
  lease: LeaseState | null;
  /** The last signature of this boot, or its first lease: where a cooldown begins. */
  lastSignedAt: Millis | null;
  /** The highest sequence number of an owner command in this boot. */
  commandSeq: number;
}

export interface WalletOrigin {
  readonly name: string;
  readonly owner: Uint8Array;
  readonly kmsKeyArn: string;
  readonly agent: SigningKey;
  readonly chain: Chain;
  readonly policy: Policy;
  readonly policyVersion: number;
  readonly recovered?: Recovered;
  readonly ledger?: Ledger;
  readonly memory?: Memory;
  /** A wallet that was retired in an earlier boot stays so. */
  readonly retired?: boolean;
}

/** A wallet without a lease. */
export function createWallet({ retired = false, ...origin }: WalletOrigin): Wallet {
  return {
    recovered: NOTHING_RECOVERED,
    ledger: emptyLedger(),
    memory: emptyMemory(),
    ...origin,
    agentKey: pubkeyFromBytes(origin.agent.publicKey),
    approvals: emptyApprovals(),
    refusals: emptyTally(),
    phase: retired ? 'retired' : 'sealed',
    lease: null,
    lastSignedAt: null,
    commandSeq: 0,
  };
}
