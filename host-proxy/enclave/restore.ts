/** Hands stored wallets to an enclave that does not have them. */

import { createHash } from 'node:crypto';
import { encodeCbor } from '../../enclave/link/cbor.ts';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { BLOB_BYTES, BLOB_PART_BYTES } from '../../enclave/link/limits.ts';
import type { MethodName, Outcome, Params } from '../../enclave/link/schema/registry.ts';
import type { SetPolicy } from '../store/policies.ts';
import { findSeal, readCurrentPolicy, readTail } from '../store/tail.ts';
import type { WalletStore } from '../store/wallet.ts';

/** Bytes of receipts in one staged blob, with room for the CBOR around them. */
const RECEIPT_BLOB_BYTES = BLOB_BYTES - 64 * 1024;

/** How a request on the owner plane is made; its reply's receipts are stored when it resolves. */
export type AskOwner = <M extends MethodName<'owner'>>(
  method: M,
  params: Params<'owner', M>,
  timeoutMs?: number,
) => Promise<Outcome<'owner', M>>;

/** A restore asks KMS once, milliseconds. */
const RESTORE_TIMEOUT_MS = 30_000;

/** Sends a byte string in parts and returns its hash, under which a later request finds it. */
export async function stageBlob(ask: AskOwner, bytes: Uint8Array): Promise<Uint8Array> {
  const hash = new Uint8Array(createHash('sha256').update(bytes).digest());
  for (let offset = 0; offset < bytes.length; offset += BLOB_PART_BYTES) {
    const part = bytes.slice(offset, offset + BLOB_PART_BYTES);
    await ask('blob.put', { hash, total: bytes.length, offset, bytes: part });
  }
  return hash;
}

/** What the enclave says of a seal that is not the one the policy's command speaks of. */
const MISFITS = ['command-wallet', 'command-signature', 'seal-invalid'] as const;

/** Brings one wallet back from what is stored. Rejects with the enclave's code when it refuses. */
export async function restoreWallet(ask: AskOwner, wallet: WalletStore): Promise<Outcome<'owner', 'wallet.restore'>> {
  await wallet.rewind();
  const tail = await readTail(wallet);
  const policy = await readCurrentPolicy(wallet, tail.policyHash);
  const stored = await wallet.readSeal();
  const receipts: Uint8Array[] = [];
  for (const run of cutRuns(tail.receipts)) receipts.push(await stageBlob(ask, encodeCbor(run)));
  const head = wallet.newestHead()?.signedHead;
  const restoreFrom = async (seal: Uint8Array) => {
    const result = await restoreSeal(ask, wallet.name, seal, policy, receipts, head);
    // Where this fails, the receipt that brought the seal still has it.
    if (stored === null || !Buffer.from(stored).equals(seal)) await wallet.writeSeal(seal).catch(() => undefined);
    return result;
  };
  const seal = tail.seal ?? stored ?? (await findSeal(wallet));
  if (seal === null) throw new ReeveError('store-damaged', { wallet: wallet.name, what: 'seal.cbor' });
  try {
    return await restoreFrom(seal);
  } catch (cause) {
    // The file may be older than a seal that it could not take: the chain has the newest.
    const newest = MISFITS.some((code) => isReeveError(cause, code)) ? await findSeal(wallet) : null;
    if (newest === null || Buffer.from(seal).equals(newest)) throw cause;
    return await restoreFrom(newest);
  }
}

/** Brings a wallet back from a seal and a policy; without receipts every window counts as the enclave's rules say. */
export async function restoreSeal(
  ask: AskOwner,
  wallet: string,
  seal: Uint8Array,
  { policy, envelope, body }: Pick<SetPolicy, 'policy' | 'envelope' | 'body'>,
  receipts: Uint8Array[] = [],
  signedHead?: Uint8Array,
): Promise<Outcome<'owner', 'wallet.restore'>> {
  await stageBlob(ask, policy);
  const head = signedHead === undefined ? {} : { signedHead };
  const params = { wallet, seal, policyEnvelope: envelope, policyBody: body, receipts, ...head };
  return ask('wallet.restore', params, RESTORE_TIMEOUT_MS);
}

function cutRuns(receipts: readonly Uint8Array[]): Uint8Array[][] {
  const runs: Uint8Array[][] = [];
  let size = RECEIPT_BLOB_BYTES;
  for (const receipt of receipts) {
    size += receipt.length + 5;
    if (size > RECEIPT_BLOB_BYTES) {
      runs.push([]);
      size = receipt.length + 5;
    }
    runs.at(-1)?.push(receipt);
  }
  return runs;
}
