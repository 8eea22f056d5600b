/**
 * Slots and blockhashes. A slot is 400 ms of real time since the chain's genesis, so it goes on while the chain is down. A blockhash is
 * handed out anew in every slot and after every transaction (else the same transfer twice would be one transaction), and dies 150 slots,
 * that is 60 seconds, after it was first handed out. Unlike a real chain, no slot is ever skipped: block height and slot are one number.
 */
import { createHash } from 'node:crypto';
import { getBase58Decoder } from '@solana/kit';

/** Length of a slot in milliseconds. */
export const SLOT_MS = 400;
/** A blockhash is good for this many slots after the one it was handed out in. */
export const BLOCKHASH_SLOTS = 150n;
export const SLOTS_PER_EPOCH = 432_000n;

export interface Genesis {
  /** 32 random bytes of this chain. */
  readonly seed: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly slot: bigint;
}

export interface Lifetime {
  readonly blockhash: string;
  readonly lastValidBlockHeight: bigint;
}

export interface Slots {
  /** The slot of now; never smaller than one told before, even when the clock steps back. */
  current(): bigint;
  /** The blockhash to build a transaction on, valid from now. */
  latest(): Lifetime;
  /** The last slot of a blockhash that is still good, or null for one that is unknown or has expired. */
  findLifetime(blockhash: string): bigint | null;
  /** Makes the next `latest` a new blockhash. */
  rotate(): void;
}

/** `issued` are blockhashes of an earlier run; `onIssue` is told of each new one, so that it can be given back to the next run. */
export function createSlots(options: {
  genesis: Genesis;
  now: () => number;
  lastSlot: bigint;
  issued: readonly Lifetime[];
  onIssue: (lifetime: Lifetime) => void;
}): Slots {
  const { genesis, now } = options;
  const known = new Map(options.issued.map((lifetime) => [lifetime.blockhash, lifetime.lastValidBlockHeight]));
  let highest = options.lastSlot;
  let count = 0;
  let latest: Lifetime | null = null;

  const current = () => {
    const elapsed = BigInt(Math.floor((now() - genesis.time) / SLOT_MS));
    const slot = genesis.slot + elapsed;
    if (slot > highest) highest = slot;
    return highest;
  };

  const issue = (slot: bigint): Lifetime => {
    for (const [hash, last] of known) if (last < slot) known.delete(hash);
    let blockhash: string;
    do blockhash = hashSlot(genesis.seed, slot, count++);
    while (known.has(blockhash));
    const lifetime = { blockhash, lastValidBlockHeight: slot + BLOCKHASH_SLOTS };
    known.set(blockhash, lifetime.lastValidBlockHeight);
    options.onIssue(lifetime);
    return lifetime;
  };

  return {
    current,
    latest() {
      const slot = current();
      if (latest === null || latest.lastValidBlockHeight !== slot + BLOCKHASH_SLOTS) latest = issue(slot);
      return latest;
    },
    findLifetime(blockhash) {
      const last = known.get(blockhash);
      return last === undefined || last < current() ? null : last;
    },
    rotate() {
      latest = null;
    },
  };
}

/** The chain's name for `getGenesisHash`: of its own for every state folder, so no client can take it for a public cluster. */
export function hashGenesis(genesis: Genesis): string {
  return digest('reeve-dev/genesis', genesis.seed);
}

function hashSlot(seed: Uint8Array, slot: bigint, count: number): string {
  return digest('reeve-dev/blockhash', seed, Buffer.from(`${slot}/${count}`));
}

function digest(domain: string, ...parts: Uint8Array[]): string {
  const hash = createHash('sha256').update(domain);
  for (const part of parts) hash.update(part);
  return getBase58Decoder().decode(hash.digest());
}
