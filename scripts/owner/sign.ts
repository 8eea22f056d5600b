/** Signing owner commands: which key, what exactly, and where it goes. */

import { randomBytes } from 'node:crypto';
import { batchSigningBytes, openBatched, SALT_BYTES, sealBatch } from '../../enclave/link/batch.ts';
import {
  commandSigningBytes,
  encodeCommandBody,
  encodeCommandPayload,
  openCommand,
  sealCommand,
} from '../../enclave/link/commands.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { CommandBody, CommandName, CommandPayload, Envelope, Role } from '../../enclave/link/schema/command.ts';
import { COMMANDS } from '../../enclave/link/schema/command.ts';
import type { Kms } from './kms.ts';
import type { ProfileData, SigningKey, SigningKeyName } from './profile.ts';

/** How long a command may be used after it was signed, milliseconds. */
export const COMMAND_VALID_MS = 300_000;
/** The same for a command that is carried to the host by hand. */
export const CARRIED_VALID_MS = 3_300_000;

/** The facts of a fresh statement that bind a command. */
export interface Target {
  readonly wallet: string;
  readonly boot: Uint8Array;
  readonly commandSeq: number;
  readonly owner: Uint8Array;
  readonly roles: Readonly<Record<Exclude<Role, 'owner'>, readonly Uint8Array[]>>;
}

export interface Signed {
  readonly payload: CommandPayload;
  readonly envelope: Envelope;
  readonly body: Uint8Array;
  /** Which of the profile's keys signed. */
  readonly signer: SigningKeyName;
}

interface SignOptions {
  /** Milliseconds since the epoch, by the owner's clock. */
  readonly now?: number;
  readonly validMs?: number;
}

/**
 * Signs a command for the boot of `target`, one above its last sequence number. The role's own key is used where the policy names it and the profile
 * has it, else the owner's. The envelope is opened again before it is returned.
 */
export async function signCommand<Name extends CommandName>(
  kms: Kms,
  profile: ProfileData,
  target: Target,
  name: Name,
  content: CommandBody<Name>,
  { also, ...options }: SignOptions & { also?: SigningKey } = {},
): Promise<Signed> {
  const signer = chooseKey(profile, target, name);
  const { payload, body } = makeCommand(target, name, content, options);
  const signatures = [await signPayload(kms, keyOf(profile, signer), payload)];
  if (also !== undefined) signatures.push(await signPayload(kms, also, payload));
  const envelope = sealCommand(payload, signatures);
  openCommand(envelope);
  return { payload, envelope, body, signer };
}

export interface BatchOrder<Name extends CommandName> {
  readonly target: Target;
  readonly content: CommandBody<Name>;
}

/**
 * Signs one command for each of up to 64 wallets with one signature. `signer` is what `chooseKey` says for all of them. Every place in the batch is
 * followed again before it is returned.
 */
export async function signBatch<Name extends CommandName>(
  kms: Kms,
  profile: ProfileData,
  signer: SigningKeyName,
  name: Name,
  orders: readonly BatchOrder<Name>[],
  options: SignOptions = {},
): Promise<Signed[]> {
  const { arn, publicKey } = keyOf(profile, signer);
  const key = readKey(publicKey);
  const made = orders.map(({ target, content }) => makeCommand(target, name, content, options));
  const leaves = made.map(({ payload }) => ({
    payload: encodeCommandPayload(payload),
    salt: new Uint8Array(randomBytes(SALT_BYTES)),
  }));
  const signature = await kms.sign(arn, key, batchSigningBytes(leaves, key));
  const messages = sealBatch(leaves, key, signature);
  messages.forEach(openBatched);
  return made.map(({ payload, body }, index) => ({ payload, envelope: [messages[index] as Uint8Array], body, signer }));
}

function makeCommand<Name extends CommandName>(
  { wallet, boot, commandSeq }: Target,
  name: Name,
  content: CommandBody<Name>,
  { now = Date.now(), validMs = COMMAND_VALID_MS }: SignOptions,
): { payload: CommandPayload; body: Uint8Array } {
  const body = encodeCommandBody(name, content);
  const notAfter = BigInt(now + validMs);
  const payload = { v: 1, wallet, boot, seq: commandSeq + 1, notAfter, command: name, bodyHash: body.hash } as const;
  return { payload, body: body.bytes };
}

function keyOf(profile: ProfileData, name: SigningKeyName): SigningKey {
  return profile.keys[name] ?? profile.keys.owner;
}

function readKey(publicKey: string): Uint8Array {
  return new Uint8Array(Buffer.from(publicKey, 'hex'));
}

/** A key in KMS that is not the profile's is noticed by its signature, which `kms.sign` checks. */
async function signPayload(kms: Kms, { arn, publicKey }: SigningKey, payload: CommandPayload) {
  const key = readKey(publicKey);
  return { key, signature: await kms.sign(arn, key, commandSigningBytes(payload, key)) };
}

/** Least authority first: a role's key signs what the role may, so that the owner's key is used for what only it can do. Throws `role-missing`. */
export function chooseKey(profile: ProfileData, target: Target, name: CommandName): SigningKeyName {
  const roles: readonly Role[] = COMMANDS[name].roles;
  for (const role of roles) {
    if (role === 'owner') continue;
    const held = profile.keys[role]?.publicKey;
    if (held !== undefined && target.roles[role].some((key) => Buffer.from(key).toString('hex') === held)) return role;
  }
  const owner = Buffer.from(target.owner).toString('hex');
  if (owner === profile.keys.owner.publicKey) return 'owner';
  if (owner === profile.keys.nextOwner?.publicKey) return 'nextOwner';
  throw new ReeveError('role-missing', { wallet: target.wallet, roles: ['owner', ...roles].join(' ') });
}
