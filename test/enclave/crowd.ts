/** Many wallets in one enclave without waiting for as many key pairs: their seals are made here, under a data key wrapped as the development KMS wraps it. */

import { randomBytes } from 'node:crypto';
import { closeSeal, deriveKeys, encodeSeal, SEEDS_BYTES } from '../../enclave/seal.ts';
import { encryptBlob } from '../../scripts/dev/kms/blob.ts';
import type { Pins } from '../../scripts/owner/attest.ts';
import { makeKey } from '../keys.ts';
import type { Blob, TestEnclave, World } from './helpers.ts';
import { signCommand, stage } from './helpers.ts';

/** Brings wallets of `makeKey('owner')` into the enclave, as a host does that has only their seals, and returns what their owner pinned. */
export async function bringCrowd(
  world: World,
  enclave: TestEnclave,
  names: readonly string[],
  policy: Blob,
): Promise<Pins[]> {
  const pins: Pins[] = [];
  for (const name of names) {
    const { seal, ...pinned } = sealWallet(world, name);
    const { owner: ownerPublicKey, kmsKeyArn } = pinned;
    const body = { wallet: name, ownerPublicKey, kmsKeyArn, policyHash: policy.hash };
    const set = signCommand(enclave, name, 'wallet.create', body, { seq: 1 });
    await stage(enclave, policy);
    const params = { wallet: name, seal, policyEnvelope: set.envelope, policyBody: set.body, receipts: [] };
    await enclave.owner.request('wallet.restore', params);
    pins.push(pinned);
  }
  await enclave.owner.request('restore.end', {});
  return pins;
}

function sealWallet({ kms, kmsKeyArn }: World, wallet: string): Pins & { readonly seal: Uint8Array } {
  const owner = makeKey('owner').key;
  const seeds = new Uint8Array(randomBytes(SEEDS_BYTES));
  const { agent, receipt } = deriveKeys(seeds);
  const pins = { wallet, agent: agent.publicKey, receiptKey: receipt.publicKey, owner, kmsKeyArn };
  const context = new Map([
    ['reeve:wallet', wallet],
    ['reeve:owner', Buffer.from(owner).toString('hex')],
    ['reeve:purpose', 'agent-key'],
  ]);
  const dataKey = new Uint8Array(randomBytes(32));
  const wrapped = new Uint8Array(encryptBlob(kms.keys.find(kmsKeyArn), dataKey, context));
  return { ...pins, seal: encodeSeal(closeSeal(pins, seeds, dataKey, wrapped)) };
}
