/** `wallet.create`: a new key, sealed under the owner's KMS key, and the first receipts of its chain. */

import type { Enclave } from '../enclave.ts';
import { makeRecipient } from '../kms/own-recipient.ts';
import type { OpenCommand } from '../link/commands.ts';
import { decodeCommandBody } from '../link/commands.ts';
import { ReeveError } from '../link/errors.ts';
import { CHAIN_START } from '../link/receipts.ts';
import type { CommandBody } from '../link/schema/command.ts';
import type { Outcome, Params } from '../link/schema/registry.ts';
import type { Seal } from '../link/schema/seal.ts';
import type { Answer } from '../planes/answer.ts';
import type { WalletKeys } from '../seal.ts';
import { closeSeal, deriveKeys, encodeSeal, SEEDS_BYTES } from '../seal.ts';
import { describeBoot } from '../wallet/boot-receipt.ts';
import { openChain } from '../wallet/chain.ts';
import { readPolicy } from '../wallet/policies.ts';
import { record } from '../wallet/record.ts';
import { createWallet } from '../wallet/state.ts';
import { checkBinding } from './binding.ts';

type Body = CommandBody<'wallet.create'>;

/** A wallet that exists has no earlier command: any sequence number above zero is new. */
const NO_COMMAND = 0;
const FIRST_VERSION = 1;

/** Makes the wallet the command names. Signed by the very owner key it names; nothing is kept when any step fails. */
export async function createByCommand(
  enclave: Enclave,
  params: Params<'owner', 'command'>,
  { payload, signers }: OpenCommand,
): Promise<Answer<Outcome<'owner', 'command'>>> {
  checkBinding(enclave, payload, NO_COMMAND);
  const body = decodeCommandBody('wallet.create', params.body, payload.bodyHash);
  if (!signers.every((key) => Buffer.from(key).equals(body.ownerPublicKey))) {
    throw new ReeveError('command-signature', { command: 'wallet.create' });
  }
  if (body.wallet !== payload.wallet) throw new ReeveError('command-wallet', { expected: payload.wallet });
  const policy = readPolicy(enclave.blobs, body.policyHash);
  let seal: Seal | null = null;
  const wallet = await enclave.wallets.add(body.wallet, body.ownerPublicKey, async () => {
    const made = await makeKeys(enclave, body);
    seal = made.seal;
    const chain = openChain(body.wallet, enclave.boot, made.keys.receipt, enclave.wallets.pool, CHAIN_START);
    const { ownerPublicKey: owner, kmsKeyArn } = body;
    const { agent } = made.keys;
    return createWallet({ name: body.wallet, owner, kmsKeyArn, agent, chain, policy, policyVersion: FIRST_VERSION });
  });
  const now = enclave.clock.read();
  record(wallet, 'boot', describeBoot(enclave, wallet), now);
  wallet.commandSeq = payload.seq;
  const sealed = encodeSeal(seal as unknown as Seal);
  // The seal stands in the receipt too: the host has it on the disk before anybody hears of the wallet.
  const facts = { policyHash: body.policyHash, policyVersion: FIRST_VERSION, seal: sealed };
  const receipt = {
    command: payload.command,
    seq: payload.seq,
    signers: [...signers],
    envelope: params.envelope,
    ...facts,
  };
  const { seq } = record(wallet, 'command', receipt, now);
  enclave.blobs.drop(body.policyHash);
  const { name, phase } = wallet;
  const result = { command: payload.command, wallet: name, phase, seal: sealed };
  return { result, wallet: name, after: { wallet: name, seq } };
}

async function makeKeys(enclave: Enclave, body: Body): Promise<{ keys: WalletKeys; seal: Seal }> {
  const { wallet, ownerPublicKey: owner, kmsKeyArn } = body;
  const recipient = await makeRecipient(enclave);
  const { dataKey, wrappedKey } = await enclave.kms.generateDataKey({ keyArn: kmsKeyArn, wallet, owner }, recipient);
  const seeds = await enclave.draw(SEEDS_BYTES, 'wallet-seeds');
  const keys = deriveKeys(seeds);
  const facts = { wallet, owner, agent: keys.agent.publicKey, receiptKey: keys.receipt.publicKey, kmsKeyArn };
  return { keys, seal: closeSeal(facts, seeds, dataKey, wrappedKey) };
}
