/**
 * Transfers on disk, one file per id: `transfers/open` for those that may still land, `transfers/done` for the rest. A file is never removed while its bytes
 * could land, and an id is never forgotten: asked again, it tells what became of it.
 */

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, readIfPresent, writeFileDurably } from '../store/files.ts';

/** What the agent asked for. The same id with anything else is refused. */
export interface TransferRequest {
  readonly id: string;
  readonly to: string;
  readonly asset: string;
  readonly amount: string;
  readonly memo?: string;
}

/** Unsigned bytes the enclave was asked to sign, base64, and until when they can land. */
export interface Attempt {
  readonly transaction: string;
  readonly lastValidBlockHeight: number;
}

/** What the enclave answered, as the agent is told. */
export interface SignedFacts {
  readonly signature: string;
  /** The signed wire transaction, base64: exactly these bytes are sent, as often as needed. */
  readonly transaction: string;
  readonly messageHash: string;
  readonly charges?: object;
  readonly budget?: object;
  readonly receipt?: object;
}

/** `built`: the enclave was asked, its answer is not known. */
export type Transfer = { readonly request: TransferRequest } & (
  | { readonly status: 'built'; readonly attempts: readonly Attempt[] }
  | {
      readonly status: 'sent' | 'landed' | 'failed' | 'expired';
      readonly signed: SignedFacts;
      readonly lastValidBlockHeight: number;
      readonly slot?: number;
      /** The node's last complaint; the bytes may land all the same. */
      readonly problem?: string;
    }
);
export type SignedTransfer = Exclude<Transfer, { status: 'built' }>;

const place = (directory: string, folder: 'open' | 'done', id: string) =>
  join(directory, 'transfers', folder, `${id}.json`);

export async function readTransfer(directory: string, id: string): Promise<Transfer | null> {
  const file =
    (await readIfPresent(place(directory, 'done', id))) ?? (await readIfPresent(place(directory, 'open', id)));
  return file === null ? null : (JSON.parse(file.toString('utf8')) as Transfer);
}

/** Durable when it resolves. */
export async function writeTransfer(directory: string, transfer: Transfer): Promise<void> {
  const isOpen = transfer.status === 'built' || transfer.status === 'sent';
  await makeDirectory(join(directory, 'transfers'));
  await makeDirectory(join(directory, 'transfers', 'open'));
  await makeDirectory(join(directory, 'transfers', 'done'));
  const { id } = transfer.request;
  await writeFileDurably(place(directory, isOpen ? 'open' : 'done', id), Buffer.from(JSON.stringify(transfer)));
  if (!isOpen) await rm(place(directory, 'open', id), { force: true });
}

/** Forgets a transfer that was never signed. */
export async function dropTransfer(directory: string, id: string): Promise<void> {
  await rm(place(directory, 'open', id), { force: true });
}

/** Transfers that were sent and whose end is not known. */
export async function listSent(directory: string): Promise<SignedTransfer[]> {
  const names = await readdir(join(directory, 'transfers', 'open')).catch(() => []);
  const found: SignedTransfer[] = [];
  for (const name of names.filter((entry) => entry.endsWith('.json'))) {
    const transfer = await readTransfer(directory, name.slice(0, -'.json'.length));
    if (transfer?.status === 'sent') found.push(transfer);
  }
  return found;
}
