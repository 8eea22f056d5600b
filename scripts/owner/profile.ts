/**
 * The owner's profile: where the host is, which keys sign, and what an enclave must be to be trusted. It lives on the owner's machine beside the
 * owner's copy of every wallet; nothing in it comes from the host.
 */

import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { AWS_NITRO_ROOT_FINGERPRINT } from '../../attestation/roots.ts';
import { UNSIGNED_EMULATION } from '../../attestation/verify.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import { Fields } from '../../enclave/link/schema/blocks.ts';
import type { Context } from '../cli/command.ts';
import { makeFolder, readJsonFile, writeDurably } from '../cli/files.ts';

const Hex = (bytes: number) => Type.String({ pattern: `^[0-9a-f]{${2 * bytes}}$` });
const Arn = () => Type.String({ pattern: '^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}$' });
const SigningKey = Fields({ arn: Arn(), publicKey: Hex(32) });

/** PCR0 to PCR2 of an image the owner built or checked. */
const Image = Fields({ name: Type.String({ maxLength: 64 }), pcr0: Hex(48), pcr1: Hex(48), pcr2: Hex(48) });

const ProfileFile = Fields({
  format: Type.Literal('reeve/owner/v1'),
  mode: Type.Union([Type.Literal('production'), Type.Literal('development')]),
  /** SHA-256 of the one trusted root of attestation. In production it is AWS's and stands in the code, not here. */
  /** SHA-256 of the simulated NSM's root; or that its documents are not signed at all. */
  nsmRoot: Type.Optional(Type.Union([Hex(32), Type.Literal(UNSIGNED_EMULATION)])),
  images: Type.Array(Image, { minItems: 1, maxItems: 16 }),
  admin: Type.String({ minLength: 1 }),
  renewer: Type.Optional(Type.String({ minLength: 1 })),
  /** A Solana node, for the commands that work on chain. */
  rpc: Type.Optional(Type.String({ pattern: '^https?://' })),
  /** Folder of the witness, for the renewer on this machine. Relative to the profile. */
  witness: Type.String({ minLength: 1 }),
  kms: Fields({
    region: Type.String({ pattern: '^[a-z0-9-]{1,32}$' }),
    endpoint: Type.Optional(Type.String({ pattern: '^https://' })),
    /** PEM of the CA of `endpoint`. Relative to the profile. */
    caFile: Type.Optional(Type.String({ minLength: 1 })),
    /** Static credentials of a development KMS. In production they come from the environment or the AWS configuration. */
    developmentCredentials: Type.Optional(
      Fields({ accessKeyId: Type.String({ minLength: 1 }), secretAccessKey: Type.String({ minLength: 1 }) }),
    ),
  }),
  keys: Fields({
    owner: SigningKey,
    renew: SigningKey,
    pause: Type.Optional(SigningKey),
    approve: Type.Optional(SigningKey),
    /** Pays fees and rent on chain; without it the owner key does. It may do nothing else. */
    pay: Type.Optional(SigningKey),
    /** The owner key that wallets are moving to, while `rotate-owner` is under way. */
    nextOwner: Type.Optional(SigningKey),
    /** The symmetric key that seals wallets. */
    seal: Fields({ arn: Arn() }),
  }),
});

export type ProfileData = Static<typeof ProfileFile>;
export type SigningKey = ProfileData['keys']['owner'];
export type SigningKeyName = 'owner' | 'renew' | 'pause' | 'approve' | 'pay' | 'nextOwner';
export type PinnedImage = Static<typeof Image>;

export interface Profile extends ProfileData {
  /** Where the profile file and the owner's copies are. */
  readonly folder: string;
}

/** The profile of a command: `--profile`, else REEVE_PROFILE, else `~/.config/reeve/owner.json`. */
export function profilePath({ io, option }: Context): string {
  const named = option('profile') ?? io.env['REEVE_PROFILE'];
  return resolve(named ?? join(io.env['HOME'] ?? '.', '.config', 'reeve', 'owner.json'));
}

/** Reads a profile or throws `profile-invalid` with file and field. */
export function readProfile(path: string): Profile {
  const data = readJsonFile(path, ProfileFile, 'profile-invalid');
  const fault = findFault(data);
  if (fault !== null) throw new ReeveError('profile-invalid', { file: path, ...fault });
  return { ...data, folder: dirname(resolve(path)) };
}

/** What one field alone cannot say: development may weaken, production never. */
function findFault({ mode, nsmRoot, kms }: ProfileData): { field: string; detail: string } | null {
  if (mode === 'production' && nsmRoot !== undefined)
    return { field: '/nsmRoot', detail: 'a production profile trusts the AWS root and no other' };
  if (mode === 'production' && kms.developmentCredentials !== undefined)
    return { field: '/kms/developmentCredentials', detail: 'only for mode development' };
  if (mode === 'development' && nsmRoot === undefined)
    return { field: '/nsmRoot', detail: 'a development profile names the root of its simulated NSM' };
  return null;
}

/** Writes a new profile; an existing file is never replaced. */
export function writeProfile(path: string, data: ProfileData): void {
  if (existsSync(path)) throw new ReeveError('file-invalid', { file: path, detail: 'the file exists already' });
  const fault = findFault(data);
  if (fault !== null) throw new ReeveError('profile-invalid', { file: path, ...fault });
  makeFolder(dirname(path));
  writeDurably(path, `${JSON.stringify(data, null, 2)}\n`);
}

/** Replaces keys in the file of a profile and in `profile` itself. Every other field stays as the file has it. */
export function replaceKeys(path: string, profile: Profile, keys: ProfileData['keys']): void {
  const { folder: _, ...data } = readProfile(path);
  writeDurably(path, `${JSON.stringify({ ...data, keys }, null, 2)}\n`);
  Object.assign(profile, { keys });
}

/** The anchor of attestation documents. */
export function trustedRoot({ mode, nsmRoot }: ProfileData): string {
  return mode === 'development' && nsmRoot !== undefined ? nsmRoot : AWS_NITRO_ROOT_FINGERPRINT;
}

/** A path of the profile: relative ones start at its folder. */
export function profileFile({ folder }: Profile, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}
