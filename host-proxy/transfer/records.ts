/**
 * Transfers on disk, one file per id: `transfers/open` for those that may still land, `transfers/done` for the rest. A file is never removed while its bytes
 * could land, and an id is never forgotten: asked again, it tells what became of it.
 */

import { join } from 'node:path';
import { readIfPresent, writeFileDurably } from '../store/durable.ts';
import type { WalletStore } from '../store/wallet.ts';

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

/** The part of a wallet's store that transfers need. */
type Place = Pick<WalletStore, 'files' | 'directory'>;

const place = ({ directory }: Place, folder: 'open' | 'done', id: string) =>
  join(directory, 'transfers', folder, `${id}.json`);

export async function readTransfer(wallet: Place, id: string): Promise<Transfer | null> {
  const { files } = wallet;
  const file =
    (await readIfPresent(files, place(wallet, 'done', id))) ?? (await readIfPresent(files, place(wallet, 'open', id)));
  return file === null ? null : (JSON.parse(file.toString('utf8')) as Transfer);
}

/** Durable when it resolves. */
export async function writeTransfer(wallet: Place, transfer: Transfer): Promise<void> {
  const isOpen = transfer.status === 'built' || transfer.status === 'sent';
  const { id } = transfer.request;
  const path = place(wallet, isOpen ? 'open' : 'done', id);
  await writeFileDurably(wallet.files, path, Buffer.from(JSON.stringify(transfer)));
  if (!isOpen) await wallet.files.remove(place(wallet, 'open', id));
}

/** Forgets a transfer that was never signed. */
export async function dropTransfer(wallet: Place, id: string): Promise<void> {
  await wallet.files.remove(place(wallet, 'open', id));
}

/** Transfers that were sent and whose end is not known. */
export async function listSent(wallet: Place): Promise<SignedTransfer[]> {
  const names = await wallet.files.list(join(wallet.directory, 'transfers', 'open'));
  const found: SignedTransfer[] = [];
  for (const name of names.filter((entry) => entry.endsWith('.json'))) {
    const transfer = await readTransfer(wallet, name.slice(0, -'.json'.length));
    if (transfer?.status === 'sent') found.push(transfer);
  }
  return found;
}
