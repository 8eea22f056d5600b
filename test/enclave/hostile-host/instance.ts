/** One enclave of a hostile host, in this process: the real code around a clock that the game sets, a simulated NSM and a stand-in for KMS. */

import { randomBytes } from 'node:crypto';
import { fingerprint } from '../../../attestation/certificate.ts';
import { createNsmClient } from '../../../attestation/nsm.ts';
import { createBlobStore } from '../../../enclave/blobs.ts';
import type { Enclave } from '../../../enclave/enclave.ts';
import type { WireAppend } from '../../../enclave/link/messages.ts';
import type { Receipt } from '../../../enclave/link/receipts.ts';
import { decodeReceipt } from '../../../enclave/link/receipts.ts';
import { acknowledgeStored, takePending } from '../../../enclave/wallet/chain.ts';
import type { Wallet } from '../../../enclave/wallet/state.ts';
import { createRegistry } from '../../../enclave/wallets.ts';
import type { Hash, Millis } from '../../../policy/types.ts';
import { createChainSource, loadNsmRoot } from '../../../scripts/dev/nsm-chain.ts';
import { createNsmDevice } from '../../../scripts/dev/nsm-device.ts';
import type { Blob } from '../helpers.ts';

export const WALLET = 'w';
export const PCR = new Uint8Array(48).fill(7);
/** Bytes of receipts the host takes at once. */
const ROOM = 60_000;

/** A state of the disk that a head was signed for, and what stood beside it. */
export interface State {
  readonly receipts: readonly Uint8Array[];
  readonly head: Uint8Array;
  /** Indices into what the game knows of seals and of commands that say which policy is in force. */
  readonly seal: number;
  readonly standing: number;
}

export interface Instance {
  readonly name: number;
  readonly enclave: Enclave;
  /** The chain it was handed. */
  readonly origin: State | null;
  readonly receipts: Uint8Array[];
  /** Those of its own boot, read. */
  readonly own: Receipt[];
  readonly states: State[];
  seal: number;
  standing: number;
  /** The last command it took, by the order in which the owner issued them. */
  lastIssue: number;
}

/** What all enclaves of a game share: time, NSM root, and data keys as KMS would unwrap them. */
export interface Site {
  now: number;
  readonly rootFingerprint: string;
  readonly chain: ReturnType<typeof createChainSource>;
  readonly dataKeys: Map<string, Uint8Array>;
}

type Nsm = Pick<Site, 'rootFingerprint' | 'chain'>;

/** One NSM for all games of a folder: its certificates are made once. */
const nsms = new Map<string, Nsm>();

function openNsm(folder: string, now: number): Nsm {
  const root = loadNsmRoot(folder, now);
  const chain = createChainSource(root, 'i-00000000000000000-enc0123456789abcdef', 'eu-central-1');
  return { rootFingerprint: fingerprint(root.certificate), chain };
}

export function createSite(folder: string, now: number): Site {
  const nsm = nsms.get(folder) ?? openNsm(folder, now);
  nsms.set(folder, nsm);
  return { now, ...nsm, dataKeys: new Map() };
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function createEnclave(site: Site): Enclave {
  const boot = new Uint8Array(randomBytes(32));
  const now = () => site.now as Millis;
  const device = createNsmDevice({ moduleId: 'sim', pcrs: { 0: PCR, 1: PCR, 2: PCR }, now, chain: site.chain });
  const recipient = { document: new Uint8Array(), open: (bytes: Uint8Array) => bytes };
  return {
    boot,
    bootHash: hexOf(boot) as Hash,
    image: 'sim',
    mode: 'development',
    clock: { now, read: now, observe: () => undefined, start: async () => undefined, stop: () => undefined },
    nsm: createNsmClient({ request: async (bytes) => device(bytes) }),
    draw: async (length) => new Uint8Array(randomBytes(length)),
    kms: {
      setCredentials: () => undefined,
      async generateDataKey() {
        const [dataKey, wrappedKey] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))];
        site.dataKeys.set(hexOf(wrappedKey), Uint8Array.from(dataKey));
        return { dataKey, wrappedKey };
      },
      decrypt: async (_use, wrapped) => Uint8Array.from(site.dataKeys.get(hexOf(wrapped)) as Uint8Array),
    },
    passes: { join: async () => recipient, end: () => undefined },
    wallets: createRegistry(),
    blobs: createBlobStore(),
    log: { info: () => undefined, error: () => undefined } as unknown as Enclave['log'],
  };
}

export function walletOf({ enclave }: Instance): Wallet {
  return enclave.wallets.find(WALLET);
}

export function stage({ enclave }: Pick<Instance, 'enclave'>, { bytes, hash }: Blob): void {
  enclave.blobs.put({ hash, total: bytes.length, offset: 0, bytes });
}

/** What an enclave hands over goes to the disk; the host may hand any state of it to another. Returns the new receipts. */
export function store(instance: Instance): readonly Receipt[] {
  const { receipts, own, states, seal, standing } = instance;
  const { chain } = walletOf(instance);
  const before = own.length;
  const take = (): WireAppend | null => takePending(chain, ROOM);
  for (let append = take(); append !== null; append = take()) {
    receipts.push(...append.receipts);
    own.push(...append.receipts.map(decodeReceipt));
    states.push({ receipts: [...receipts], head: append.signedHead, seal, standing });
  }
  acknowledgeStored(chain, chain.seq);
  return own.slice(before);
}
