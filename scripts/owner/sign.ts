/** Signing owner commands: which key, what exactly, and where it goes. */

import { commandSigningBytes, encodeCommandBody, openCommand, sealCommand } from '../../enclave/link/commands.ts';
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
  { now = Date.now(), validMs = COMMAND_VALID_MS, also }: { now?: number; validMs?: number; also?: SigningKey } = {},
): Promise<Signed> {
  const signer = chooseKey(profile, target, COMMANDS[name].roles);
  const body = encodeCommandBody(name, content);
  const payload: CommandPayload = {
    v: 1,
    wallet: target.wallet,
    boot: target.boot,
    seq: target.commandSeq + 1,
    notAfter: BigInt(now + validMs),
    command: name,
    bodyHash: body.hash,
  };
  const own = profile.keys[signer] ?? profile.keys.owner;
  const signatures = [await signPayload(kms, own, payload)];
  if (also !== undefined) signatures.push(await signPayload(kms, also, payload));
  const envelope = sealCommand(payload, signatures);
  openCommand(envelope);
  return { payload, envelope, body: body.bytes, signer };
}

async function signPayload(kms: Kms, { arn, publicKey }: SigningKey, payload: CommandPayload) {
  const key = new Uint8Array(Buffer.from(publicKey, 'hex'));
  await checkPublicKey(kms, arn, key);
  return { key, signature: await kms.sign(arn, key, commandSigningBytes(payload, key)) };
}

/** Least authority first: a role's key signs what the role may, so that the owner's key is used for what only it can do. */
function chooseKey(profile: ProfileData, target: Target, roles: readonly Role[]): SigningKeyName {
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

const checked = new WeakMap<Kms, Set<string>>();

/** Once per key and connection: KMS must still hold the key the profile names. */
async function checkPublicKey(kms: Kms, arn: string, expected: Uint8Array): Promise<void> {
  const known = checked.get(kms) ?? new Set();
  checked.set(kms, known);
  if (known.has(arn)) return;
  if (!Buffer.from(await kms.readPublicKey(arn)).equals(expected))
    throw new ReeveError('kms-signature', { what: 'public key differs from the profile', arn });
  known.add(arn);
}
