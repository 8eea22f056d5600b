/**
 * Transfers on disk, one file per id: `transfers/open` for those that may still land, `transfers/done` for the rest. A file is never removed while its bytes
 * could land, and an id is never forgotten: asked again, it tells what became of it.
 */

import { join } from 'node:path';
import { makeDirectory, readIfPresent, writeFileDurably } from '../store/durable.ts';
import type { WalletStore } from '../store/wallet.ts';

/** What the agent asked for. The same id with anything else is refused. */
export interface TransferRequest {
  readonly id: string;
  readonly to: string;
  readonly asset: string;
  readonly amount: string;
  readonly memo?: string;
  /** A vault of the policy that pays; the agent’s own key where absent. */
  readonly from?: string;
}

/** What a payment beyond a vault's limits became: a proposal that the members of the vault's multisig vote on. */
export interface ProposalFacts {
  readonly multisig: string;
  readonly index: string;
}

/** Unsigned bytes the enclave was asked to sign, base64, and until when they can land. */
export interface Attempt {
  readonly transaction: string;
  readonly lastValidBlockHeight: number;
  readonly proposal?: ProposalFacts;
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
      /** What landed only proposes the payment. */
      readonly proposal?: ProposalFacts;
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

/** What became of a payment that waited for the owner and that the owner made: the signature of the owner's own transaction. */
export interface PaidByOwner {
  readonly signature: string;
  /** The wire transaction, base64. */
  readonly transaction: string;
}

const besides = ({ directory }: Place, folder: 'asked' | 'paid', approvalId: string) =>
  join(directory, 'transfers', folder, `${approvalId}.json`);

/** The folder is made with its first file: a wallet without payments that wait has none. */
async function writeBesides(wallet: Place, folder: 'asked' | 'paid', approvalId: string, value: object): Promise<void> {
  await makeDirectory(wallet.files, join(wallet.directory, 'transfers', folder));
  await writeFileDurably(wallet.files, besides(wallet, folder, approvalId), Buffer.from(JSON.stringify(value)));
}

/** Remembers which transfer an approval is for. */
export async function keepAsked(wallet: Place, approvalId: string, request: TransferRequest): Promise<void> {
  await writeBesides(wallet, 'asked', approvalId, request);
}

export async function readPaid(wallet: Place, approvalId: string): Promise<PaidByOwner | null> {
  const file = await readIfPresent(wallet.files, besides(wallet, 'paid', approvalId));
  return file === null ? null : (JSON.parse(file.toString('utf8')) as PaidByOwner);
}

/** The transfer that waited for this approval has landed by the owner's own transaction: whoever asks for its id again is told so, and nothing is paid twice. */
export async function keepPaid(wallet: Place, approvalId: string, paid: PaidByOwner): Promise<void> {
  const file = await readIfPresent(wallet.files, besides(wallet, 'asked', approvalId));
  if (file !== null) {
    const request = JSON.parse(file.toString('utf8')) as TransferRequest;
    const known = await readTransfer(wallet, request.id);
    const signed = { ...paid, messageHash: '' };
    if (known === null || known.status === 'built')
      await writeTransfer(wallet, { request, status: 'landed', signed, lastValidBlockHeight: 0 });
  }
  await writeBesides(wallet, 'paid', approvalId, paid);
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
