/**
 * A wallet's seeds at rest: AES-256-GCM under a KMS data key. What the seal is for stands in the additional data, which is made here from
 * the enclave's own values; after opening, the public keys derived from the seeds must be the ones it names.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { decodeCbor, encodeCbor } from './link/cbor.ts';
import { isReeveError, ReeveError } from './link/errors.ts';
import type { Seal } from './link/schema/seal.ts';
import { isValid } from './link/validators.ts';
import type { SigningKey } from './signing-key.ts';
import { createSigningKey } from './signing-key.ts';

const PURPOSE = 'reeve/seal/v1';
/** Bytes of one seed; two of them are sealed, agent first. */
export const SEED_BYTES = 32;
export const SEEDS_BYTES = 2 * SEED_BYTES;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DATA_KEY_BYTES = 32;

export type SealFacts = Pick<Seal, 'wallet' | 'owner' | 'agent' | 'receiptKey' | 'kmsKeyArn'>;

export interface WalletKeys {
  readonly agent: SigningKey;
  readonly receipt: SigningKey;
}

/** The keys of two seeds in a row. The seeds stay the caller's to wipe. */
export function deriveKeys(seeds: Uint8Array): WalletKeys {
  return {
    agent: createSigningKey(seeds.subarray(0, SEED_BYTES)),
    receipt: createSigningKey(seeds.subarray(SEED_BYTES, SEEDS_BYTES)),
  };
}

/** Seals the seeds under a fresh data key; wipes both. */
export function closeSeal(facts: SealFacts, seeds: Uint8Array, dataKey: Uint8Array, wrappedKey: Uint8Array): Seal {
  const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
  const cipher = createCipheriv('aes-256-gcm', checkDataKey(dataKey), nonce);
  cipher.setAAD(encodeFacts(facts));
  const sealed = new Uint8Array(Buffer.concat([cipher.update(seeds), cipher.final(), cipher.getAuthTag()]));
  seeds.fill(0);
  dataKey.fill(0);
  return { v: 1, ...facts, wrappedKey, nonce, sealed };
}

/** Opens a seal with its data key, which is wiped. Throws `seal-invalid` when it does not open or holds other keys than it names. */
export function openSeal(seal: Seal, dataKey: Uint8Array): WalletKeys {
  const seeds = decrypt(seal, dataKey);
  dataKey.fill(0);
  try {
    const keys = deriveKeys(seeds);
    if (!same(keys.agent.publicKey, seal.agent) || !same(keys.receipt.publicKey, seal.receiptKey)) {
      throw new ReeveError('seal-invalid', { what: 'derived keys' });
    }
    return keys;
  } finally {
    seeds.fill(0);
  }
}

function decrypt(seal: Seal, dataKey: Uint8Array): Uint8Array {
  const { nonce, sealed } = seal;
  const decipher = createDecipheriv('aes-256-gcm', checkDataKey(dataKey), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(encodeFacts(seal));
  decipher.setAuthTag(sealed.subarray(SEEDS_BYTES));
  const seeds = decipher.update(sealed.subarray(0, SEEDS_BYTES));
  try {
    decipher.final();
    return seeds;
  } catch {
    seeds.fill(0);
    throw new ReeveError('seal-invalid', { what: 'authentication' });
  }
}

function checkDataKey(dataKey: Uint8Array): Uint8Array {
  if (dataKey.length !== DATA_KEY_BYTES) throw new ReeveError('kms-envelope', { what: 'data key length' });
  return dataKey;
}

function encodeFacts({ wallet, owner, agent, receiptKey, kmsKeyArn }: SealFacts): Uint8Array {
  return encodeCbor({ purpose: PURPOSE, wallet, owner, agent, receiptKey, kmsKeyArn });
}

function same(first: Uint8Array, second: Uint8Array): boolean {
  return Buffer.from(first).equals(second);
}

export function encodeSeal(seal: Seal): Uint8Array {
  return encodeCbor({ ...seal });
}

/** Reads a stored seal of this wallet or throws `seal-invalid`. Proves nothing before it is opened. */
export function decodeSeal(bytes: Uint8Array, wallet: string): Seal {
  try {
    const seal = decodeCbor(bytes);
    if (isValid('Seal', seal) && seal.wallet === wallet) return seal;
  } catch (error) {
    if (!isReeveError(error, 'cbor-malformed')) throw error;
  }
  throw new ReeveError('seal-invalid', { what: 'form', wallet });
}
