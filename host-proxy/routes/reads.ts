/** The last good answers about each wallet, for the time the enclave is away: in memory, and now and then on disk. They are marked stale and bind no one. */

import { join } from 'node:path';
import { isAway } from '../enclave/enclave.ts';
import { readIfPresent, writeFileLoosely } from '../store/durable.ts';
import type { WalletStore } from '../store/wallet.ts';

/** Between two writes of one wallet's answers, milliseconds. */
const WRITE_EVERY_MS = 2000;
const FILE = 'reads.json';

type Kept = Record<string, object>;

export interface Reads {
  /** What `ask` answers, with `stale: false`; while the enclave is away the last such answer with `stale: true`. Rethrows where there is none. */
  read(wallet: WalletStore, name: string, ask: () => Promise<object>): Promise<object>;
  close(): Promise<void>;
}

export function createReads(): Reads {
  const kept = new Map<string, Kept>();
  const due = new Map<string, { timer: NodeJS.Timeout; write(): Promise<void> }>();

  async function load(wallet: WalletStore): Promise<Kept> {
    const known = kept.get(wallet.name);
    if (known !== undefined) return known;
    const file = await readIfPresent(wallet.files, join(wallet.directory, FILE));
    const loaded = file === null ? {} : parse(file);
    kept.set(wallet.name, loaded);
    return loaded;
  }

  async function keep(wallet: WalletStore, name: string, answer: object): Promise<void> {
    const answers = await load(wallet);
    answers[name] = answer;
    if (due.has(wallet.name)) return;
    const write = async () => {
      due.delete(wallet.name);
      const bytes = Buffer.from(JSON.stringify(answers));
      await writeFileLoosely(wallet.files, join(wallet.directory, FILE), bytes).catch(() => undefined);
    };
    due.set(wallet.name, { timer: setTimeout(() => void write(), WRITE_EVERY_MS).unref(), write });
  }

  async function read(wallet: WalletStore, name: string, ask: () => Promise<object>): Promise<object> {
    try {
      const answer = await ask();
      await keep(wallet, name, answer);
      return { ...answer, stale: false };
    } catch (cause) {
      const last = isAway(cause) ? (await load(wallet))[name] : undefined;
      if (last === undefined) throw cause;
      return { ...last, stale: true };
    }
  }

  async function close(): Promise<void> {
    for (const { timer, write } of [...due.values()]) {
      clearTimeout(timer);
      await write();
    }
  }

  return { read, close };
}

/** A file cut short by a crash counts as none. */
function parse(file: Buffer): Kept {
  try {
    const value: unknown = JSON.parse(file.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Kept) : {};
  } catch {
    return {};
  }
}
