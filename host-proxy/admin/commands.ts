/** Signed owner commands on their way to the enclave. What the host must keep is on the disk before the command leaves, and taken back when it is refused. */

import { createHash } from 'node:crypto';
import { decodeCbor } from '../../enclave/link/cbor.ts';
import { readPayload } from '../../enclave/link/commands.ts';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import type { Envelope } from '../../enclave/link/schema/command.ts';
import type { Outcome } from '../../enclave/link/schema/registry.ts';
import type { Enclave } from '../enclave/enclave.ts';
import { restoreSeal, stageBlob } from '../enclave/restore.ts';
import { keepPolicy, readPolicies } from '../store/policies.ts';
import type { Store } from '../store/store.ts';
import type { WalletStore } from '../store/wallet.ts';

export interface SignedCommand {
  readonly envelope: Envelope;
  readonly body: Uint8Array;
  /** Canonical policy bytes, for a command that sets a policy. */
  readonly policy: Uint8Array | null;
}

export interface AdminServices {
  readonly store: Store;
  readonly enclave: Enclave;
  /** Opens the agent socket of a wallet that has just come. */
  openSocket(wallet: string): Promise<void>;
}

/** A command asks KMS at most twice, milliseconds. */
const COMMAND_TIMEOUT_MS = 30_000;

/** Relays one command. Rejects with the enclave's code; then nothing of it is kept. */
export async function relayCommand(
  services: AdminServices,
  command: SignedCommand,
): Promise<Outcome<'owner', 'command'>> {
  const payload = readPayload(command.envelope);
  if (payload.command === 'reseal' || payload.command === 'owner.rotate') {
    return resealWallet(services, payload.wallet, command);
  }
  const setsPolicy = payload.command === 'wallet.create' || payload.command === 'policy.set';
  if (!setsPolicy) return sendCommand(services, command);
  if (command.policy === null) throw new ReeveError('body-invalid', { path: 'body/policy', problem: 'is missing' });
  checkPolicyHash(command.body, command.policy);
  return payload.command === 'wallet.create'
    ? createWallet(services, payload.wallet, command, command.policy)
    : setPolicy(services, payload.wallet, command, command.policy);
}

/** A wrong blob would only be refused by the enclave later, with less to say. */
function checkPolicyHash(body: Uint8Array, policy: Uint8Array): void {
  const { policyHash } = decodeCbor(body) as { policyHash?: unknown };
  const hash = createHash('sha256').update(policy).digest();
  if (!(policyHash instanceof Uint8Array) || !hash.equals(policyHash))
    throw new ReeveError('command-body', { what: 'the policy is not the one the command names' });
}

function sendCommand({ enclave }: AdminServices, { envelope, body }: SignedCommand) {
  return enclave.askOwner('command', { envelope, body }, COMMAND_TIMEOUT_MS);
}

/** Failures after which the enclave may have, or has, the wallet or the command although no answer came: then what was kept stays. */
const UNKNOWN = ['connection-lost', 'store-failed', 'reply-mismatch', 'wallet-exists'] as const;

function isUnknown(cause: unknown): boolean {
  return UNKNOWN.some((code) => isReeveError(cause, code));
}

/** The receipt that is on the disk by now holds the seal as well: when this fails nothing is lost, the next restore takes it from there. */
async function keepSeal(wallet: WalletStore, { seal }: Outcome<'owner', 'command'>): Promise<void> {
  if (seal === undefined) throw new ReeveError('reply-mismatch', { method: 'command' });
  await writeSeal(wallet, seal);
}

async function writeSeal(wallet: WalletStore, seal: Uint8Array): Promise<void> {
  await wallet.writeSeal(seal).catch((cause: NodeJS.ErrnoException) => {
    throw new ReeveError('store-failed', { wallet: wallet.name, what: 'seal', reason: cause.code ?? 'unknown' }, cause);
  });
}

async function setPolicy(services: AdminServices, name: string, command: SignedCommand, policy: Uint8Array) {
  const wallet = services.store.find(name);
  if (wallet === undefined) throw new ReeveError('wallet-unknown', { wallet: name });
  const takeBack = await keepPolicy(wallet, policy, command.envelope, command.body);
  try {
    await stageBlob(services.enclave.askOwner, policy);
    return await sendCommand(services, command);
  } catch (cause) {
    if (!isUnknown(cause)) await takeBack();
    throw cause;
  }
}

/** The command says again which policy is in force, so it is kept with that policy. */
async function resealWallet(services: AdminServices, name: string, command: SignedCommand) {
  const wallet = services.store.find(name);
  if (wallet === undefined) throw new ReeveError('wallet-unknown', { wallet: name });
  const { policyHash } = decodeCbor(command.body) as { policyHash?: unknown };
  const hash = policyHash instanceof Uint8Array ? Buffer.from(policyHash).toString('hex') : '';
  const [kept] = await readPolicies(wallet, hash);
  if (kept === undefined) throw new ReeveError('command-body', { what: 'the policy is not one of this wallet' });
  const takeBack = await keepPolicy(wallet, kept.policy, command.envelope, command.body);
  try {
    const result = await sendCommand(services, command);
    await keepSeal(wallet, result);
    return result;
  } catch (cause) {
    if (!isUnknown(cause)) await takeBack();
    throw cause;
  }
}

async function createWallet(services: AdminServices, name: string, command: SignedCommand, policy: Uint8Array) {
  const wallet = await services.store.create(name);
  try {
    await keepPolicy(wallet, policy, command.envelope, command.body);
    await stageBlob(services.enclave.askOwner, policy);
    const result = await sendCommand(services, command);
    await services.openSocket(name);
    await keepSeal(wallet, result);
    return result;
  } catch (cause) {
    if (!isUnknown(cause)) await services.store.discard(name);
    throw cause;
  }
}

export interface OwnerCopy {
  readonly seal: Uint8Array;
  readonly policy: Uint8Array;
  readonly policyEnvelope: Envelope;
  readonly policyBody: Uint8Array;
}

/** Brings a wallet onto a host that has nothing of it, from the owner's copy. Its seal is in no receipt, so it is on the disk before the enclave is asked. */
export async function restoreCopy(services: AdminServices, name: string, copy: OwnerCopy) {
  const { askOwner } = services.enclave;
  const wallet = await services.store.create(name);
  const set = { policy: copy.policy, envelope: copy.policyEnvelope, body: copy.policyBody };
  try {
    await keepPolicy(wallet, set.policy, set.envelope, set.body);
    await writeSeal(wallet, copy.seal);
  } catch (cause) {
    await services.store.discard(name);
    throw cause;
  }
  try {
    const result = await restoreSeal(askOwner, name, copy.seal, set);
    await askOwner('restore.end', {});
    await services.openSocket(name);
    return result;
  } catch (cause) {
    if (!isUnknown(cause)) await services.store.discard(name);
    throw cause;
  }
}
