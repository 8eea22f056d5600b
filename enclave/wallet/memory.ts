/** What a wallet signed before, by id and by message: the same again gives the same signature and costs nothing. */

import { MEMORY_ENTRIES, MEMORY_MS } from '../limits.ts';

export interface SignedMessage {
  /** SHA-256 of the message's bytes. */
  readonly hash: Uint8Array;
  readonly signature: Uint8Array;
}

/** Both oldest first. Times are Unix milliseconds of the trusted clock. */
export interface Memory {
  readonly messages: Map<string, { readonly signature: Uint8Array; readonly time: number }>;
  readonly ids: Map<string, { readonly signed: readonly SignedMessage[]; readonly time: number }>;
}

export function emptyMemory(): Memory {
  return { messages: new Map(), ids: new Map() };
}

/** Remembers what one call signed. An id that is known keeps its first bytes. */
export function remember(memory: Memory, id: string | undefined, signed: readonly SignedMessage[], time: number): void {
  for (const { hash, signature } of signed) {
    const name = nameOf(hash);
    if (!memory.messages.has(name)) memory.messages.set(name, { signature, time });
  }
  if (id !== undefined && !memory.ids.has(id)) memory.ids.set(id, { signed, time });
  forget(memory.messages, time);
  forget(memory.ids, time);
}

export function recallMessage(memory: Memory, hash: Uint8Array): Uint8Array | null {
  return memory.messages.get(nameOf(hash))?.signature ?? null;
}

/** What the id was first used for, or null. */
export function recallId(memory: Memory, id: string): readonly SignedMessage[] | null {
  return memory.ids.get(id)?.signed ?? null;
}

/** Drops what is over the number, and what is over the age as far as it is oldest. */
function forget(entries: Map<string, { readonly time: number }>, now: number): void {
  for (const [name, { time }] of entries) {
    if (entries.size <= MEMORY_ENTRIES && now - time <= MEMORY_MS) return;
    entries.delete(name);
  }
}

function nameOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64');
}
