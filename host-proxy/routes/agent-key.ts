/** The public half of a stored wallet. */

import { decodeCbor } from '../../enclave/link/cbor.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Seal } from '../../enclave/link/schema/seal.ts';
import { isValid } from '../../enclave/link/validators.ts';
import type { WalletStore } from '../store/wallet.ts';

const seals = new WeakMap<WalletStore, Seal>();

/** What the seal says in the clear. `store-damaged` when there is none that can be read. */
export async function readSealFacts(wallet: WalletStore): Promise<Seal> {
  const known = seals.get(wallet);
  if (known !== undefined) return known;
  const bytes = await wallet.readSeal();
  const seal = bytes === null ? null : decodeCbor(new Uint8Array(bytes));
  if (!isValid('Seal', seal)) throw new ReeveError('store-damaged', { wallet: wallet.name, what: 'seal.cbor' });
  seals.set(wallet, seal);
  return seal;
}

export async function readAgentKey(wallet: WalletStore): Promise<Uint8Array> {
  return (await readSealFacts(wallet)).agent;
}
