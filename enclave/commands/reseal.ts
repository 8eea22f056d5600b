/**
 * `reseal` and `owner.rotate`: the same seeds under another sealing key, or for another owner. The new seal stands in the receipt, so that the
 * host has it on its disk before anybody hears that it counts: a crash at any step leaves a seal that opens.
 */

import type { Enclave } from '../enclave.ts';
import { makeRecipient } from '../kms/own-recipient.ts';
import { ReeveError } from '../link/errors.ts';
import type { CommandBody } from '../link/schema/command.ts';
import { closeSeal, encodeSeal, SEED_BYTES, SEEDS_BYTES } from '../seal.ts';
import { requirePhase } from '../wallet/phases.ts';
import { record } from '../wallet/record.ts';
import type { Wallet } from '../wallet/state.ts';
import type { Admitted, CommandAnswer } from './context.ts';

export type SealingCommand = 'reseal' | 'owner.rotate';
type Body = CommandBody<'reseal'> & Partial<Pick<CommandBody<'owner.rotate'>, 'ownerPublicKey'>>;

/** Signature, binding and phase were checked before. Throws and changes nothing when KMS refuses, or when another command changed the wallet meanwhile. */
export async function resealByCommand(
  enclave: Enclave,
  { wallet, body, receipt }: Admitted<SealingCommand>,
): Promise<CommandAnswer> {
  const { kmsKeyArn, policyHash, version, ownerPublicKey: owner = wallet.owner }: Body = body;
  checkStanding(wallet, body);
  const recipient = await makeRecipient(enclave);
  const use = { keyArn: kmsKeyArn, wallet: wallet.name, owner };
  const { dataKey, wrappedKey } = await enclave.kms.generateDataKey(use, recipient);
  try {
    // Each command that seals or sets a policy raises the version: who came first has made this one void.
    checkStanding(wallet, body);
    wallet.phase = requirePhase(wallet, receipt.command as SealingCommand).success;
    const seal = sealSeeds(wallet, { kmsKeyArn, owner }, dataKey, wrappedKey);
    enclave.wallets.changeOwner(wallet.owner, owner);
    Object.assign(wallet, { owner, kmsKeyArn, policyVersion: version });
    const { seq } = record(
      wallet,
      'command',
      { ...receipt, policyHash, policyVersion: version, seal },
      enclave.clock.read(),
    );
    const result = { command: receipt.command, wallet: wallet.name, phase: wallet.phase, seal };
    return { result, wallet: wallet.name, after: { wallet: wallet.name, seq } };
  } finally {
    dataKey.fill(0);
  }
}

function checkStanding({ policy, policyVersion }: Wallet, { policyHash, version }: Body): void {
  const isInForce = Buffer.from(policyHash).toString('hex') === policy.hash;
  if (!isInForce) throw new ReeveError('policy-version', { what: 'not the policy in force' });
  if (version !== policyVersion + 1) {
    throw new ReeveError('policy-version', { expected: policyVersion + 1, observed: version });
  }
}

function sealSeeds(
  { name, agent, chain }: Wallet,
  to: { kmsKeyArn: string; owner: Uint8Array },
  dataKey: Uint8Array,
  wrappedKey: Uint8Array,
): Uint8Array {
  const seeds = new Uint8Array(SEEDS_BYTES);
  agent.writeSeed(seeds.subarray(0, SEED_BYTES));
  chain.key.writeSeed(seeds.subarray(SEED_BYTES));
  const facts = { wallet: name, ...to, agent: agent.publicKey, receiptKey: chain.key.publicKey };
  return encodeSeal(closeSeal(facts, seeds, dataKey, wrappedKey));
}
