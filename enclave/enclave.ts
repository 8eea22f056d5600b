/** What every part of the running enclave works with. Plain data and functions; made once by `start.ts`. */

import type { NsmClient } from '../attestation/nsm.ts';
import type { Hash } from '../policy/types.ts';
import type { BlobStore } from './blobs.ts';
import type { Clock } from './clock.ts';
import type { Entropy } from './entropy.ts';
import type { KmsClient } from './kms/client.ts';
import type { RestorePasses } from './kms/recipient.ts';
import type { Mode } from './link/schema/results.ts';
import type { Log } from './log.ts';
import type { WalletRegistry } from './wallets.ts';

export interface Enclave {
  /** 32 random bytes of this start, also as hex. */
  readonly boot: Uint8Array;
  readonly bootHash: Hash;
  readonly image: string;
  readonly mode: Mode;
  readonly clock: Clock;
  readonly nsm: NsmClient;
  readonly draw: Entropy;
  readonly kms: KmsClient;
  readonly passes: RestorePasses;
  readonly wallets: WalletRegistry;
  readonly blobs: BlobStore;
  readonly log: Log;
}
