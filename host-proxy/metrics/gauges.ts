/** What is read at a scrape: the enclave's wallets, the queues, the disk, the clocks, this process. */

import { statfs } from 'node:fs/promises';
import type { WalletGauges } from '../../enclave/link/schema/results.ts';
import type { Enclave } from '../enclave/enclave.ts';
import type { Store } from '../store/store.ts';
import type { Family, Sample } from './text.ts';

/** Milliseconds. */
const SECOND_MS = 1000;

export interface Watched {
  readonly store: Store;
  readonly enclave: Enclave;
  /** The store's folder. */
  readonly directory: string;
}

interface Sight {
  /** Null while the enclave does not answer. */
  readonly wallets: readonly WalletGauges[] | null;
  /** The enclave's time and when it was heard, Unix milliseconds. */
  readonly clock: { readonly enclave: number; readonly heard: number } | null;
  readonly freeBytes: number;
}

/** Reads everything once. An enclave that is away leaves its families without samples, and `reeve_enclave_up` 0. */
export async function readGauges(watched: Watched): Promise<Family[]> {
  const sight = await look(watched);
  return [...describeEnclave(watched, sight), ...describeWallets(sight), ...describeHost(sight)];
}

async function look({ enclave, directory }: Watched): Promise<Sight> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  try {
    const { time } = await enclave.askOwner('hello', {});
    const clock = { enclave: Number(time), heard: Date.now() };
    return { wallets: await watchAll(enclave), clock, freeBytes };
  } catch {
    return { wallets: null, clock: null, freeBytes };
  }
}

async function watchAll({ askOwner }: Enclave): Promise<WalletGauges[]> {
  const all: WalletGauges[] = [];
  for (;;) {
    const last = all.at(-1)?.wallet;
    const { wallets, more } = await askOwner('wallets.watch', last === undefined ? {} : { after: last });
    all.push(...wallets);
    if (!more || wallets.length === 0) return all;
  }
}

function describeEnclave({ enclave, store }: Watched, { clock }: Sight): Family[] {
  const seen = enclave.bootSeenAt();
  return [
    gauge('reeve_enclave_up', 'Whether the enclave answers: 1 or 0.', [{ value: clock === null ? 0 : 1 }]),
    gauge(
      'reeve_boot_age_seconds',
      'Since when this process has known the enclave’s boot.',
      seen === null ? [] : [{ value: (performance.now() - seen) / SECOND_MS }],
    ),
    gauge(
      'reeve_clock_offset_seconds',
      'The enclave’s time minus this machine’s.',
      clock === null ? [] : [{ value: (clock.enclave - clock.heard) / SECOND_MS }],
    ),
    gauge('reeve_wallets', 'Wallets of the store that can be served.', [{ value: store.list().length }]),
    gauge('reeve_wallets_damaged', 'Wallets of the store that cannot be read.', [{ value: store.damaged.size }]),
    gauge('reeve_wallets_unrestored', 'Wallets of the store that the enclave has not taken.', [
      { value: enclave.unrestored.size },
    ]),
  ];
}

function describeWallets({ wallets, clock }: Sight): Family[] {
  const all = wallets ?? [];
  const now = clock?.enclave ?? 0;
  const each = (value: (wallet: WalletGauges) => number): Sample[] =>
    all.map((wallet) => ({ labels: { wallet: wallet.wallet }, value: value(wallet) }));
  const perAsset = (field: 'ceiling' | 'unseen'): Sample[] =>
    all.flatMap(({ wallet, assets }) =>
      assets.map((entry) => ({ labels: { wallet, asset: entry.asset }, value: Number(entry[field]) })),
    );
  const phases = all.map(({ wallet, phase }) => ({ labels: { wallet, phase }, value: 1 }));
  const secondsLeft = ({ leaseEndsAt }: WalletGauges) =>
    leaseEndsAt === null ? 0 : Math.max(0, (Number(leaseEndsAt) - now) / SECOND_MS);
  return [
    gauge('reeve_wallet_phase', 'The phase a wallet is in: 1.', phases),
    gauge('reeve_lease_seconds', 'Seconds until a wallet’s lease ends; 0 without one.', each(secondsLeft)),
    gauge('reeve_ceiling_left', 'What a lease’s ceiling leaves of an asset, in base units.', perAsset('ceiling')),
    gauge('reeve_unseen_charge', 'Spending the owner could not rule out, in base units.', perAsset('unseen')),
    gauge(
      'reeve_approvals_pending',
      'Payments that wait for the owner.',
      each(({ approvals }) => approvals),
    ),
    gauge(
      'reeve_receipts_unstored',
      'Receipts the enclave still keeps.',
      each(({ unstored }) => unstored),
    ),
  ];
}

function describeHost({ freeBytes }: Sight): Family[] {
  const { user, system } = process.cpuUsage();
  const started = (Date.now() - performance.now()) / SECOND_MS;
  return [
    gauge('reeve_store_free_bytes', 'Free bytes of the store’s file system.', [{ value: freeBytes }]),
    gauge('process_resident_memory_bytes', 'Resident memory.', [{ value: process.memoryUsage.rss() }]),
    gauge('process_start_time_seconds', 'When this process started, Unix seconds.', [{ value: started }]),
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'Processor time.',
      samples: [{ value: (user + system) / 1_000_000 }],
    },
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'gauge', help, samples };
}
