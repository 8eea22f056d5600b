/** `reeve owner init`: the owner's keys in KMS and a profile that names them. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { ReeveError } from '../../../enclave/link/errors.ts';
import type { Context } from '../../cli/command.ts';
import { defineCommand } from '../../cli/command.ts';
import { confirm } from '../../cli/confirm.ts';
import { usageError } from '../../cli/failures.ts';
import { EXIT } from '../../cli/io.ts';
import { escapeText, toHex } from '../../cli/text.ts';
import { devCredentials } from '../../dev/kms/authentication.ts';
import { makeIamPolicies } from '../iam.ts';
import type { Kms } from '../kms.ts';
import { kmsSettings, openKms } from '../kms.ts';
import type { PinnedImage, ProfileData, SigningKeyName } from '../profile.ts';
import { profilePath, writeProfile } from '../profile.ts';
import { toAddress } from '../show.ts';

const KEY_OPTIONS = {
  'owner-key': { value: 'ARN', text: 'an existing Ed25519 key instead of a new one' },
  'renew-key': { value: 'ARN', text: 'the renewer’s' },
  'pause-key': { value: 'ARN', text: 'a key that may only pause; `new` makes one' },
  'approve-key': { value: 'ARN', text: 'a key that may only approve and deny; `new` makes one' },
  'pay-key': { value: 'ARN', text: 'a key that pays fees and rent on chain instead of the owner’s; `new` makes one' },
  'seal-key': { value: 'ARN', text: 'an existing symmetric key' },
} as const;

export const init = defineCommand(
  {
    usage: 'reeve owner init --region REGION --admin ADDRESS --image FILE [OPTIONS]',
    summary: 'Makes the owner, renew and sealing keys in KMS and writes the owner profile.',
    words: 0,
    options: {
      profile: { value: 'FILE', text: 'where to write it (REEVE_PROFILE, ~/.config/reeve/owner.json)' },
      region: { value: 'REGION', text: 'AWS region of the keys' },
      admin: { value: 'ADDRESS', text: 'admin socket of the host: unix:PATH or ssh:USER@HOST[:PATH]' },
      image: { value: 'FILE', text: 'JSON {"pcr0","pcr1","pcr2"} in hex of the image you built or checked' },
      rpc: { value: 'URL', text: 'a Solana node, for the commands that work on chain' },
      renewer: { value: 'ADDRESS', text: 'a renewer that holds the witness elsewhere' },
      witness: { value: 'FOLDER', text: 'witness folder (default: witness, beside the profile)' },
      development: { text: 'mode development: for simulated enclaves only' },
      'nsm-root': {
        value: 'SHA256|unsigned-emulation',
        text: 'root of the simulated NSM, with --development; unsigned-emulation takes documents anybody can write',
      },
      endpoint: { value: 'URL', text: 'another KMS endpoint' },
      ca: { value: 'FILE', text: 'PEM of its CA' },
      ...KEY_OPTIONS,
    },
  },
  async (context) => {
    const path = profilePath(context);
    if (existsSync(path)) throw new ReeveError('file-invalid', { file: path, detail: 'the profile exists already' });
    const draft = readDraft(context, dirname(path));
    context.say(`Keys in AWS KMS, region ${escapeText(draft.kms.region)}, and the profile ${escapeText(path)}.`);
    await confirm(context, 'Create them?');
    const kms = openKms(kmsSettings(draft, (file) => resolve(dirname(path), file), context.io.env));
    try {
      const profile = { ...draft, keys: await makeKeys(kms, context) };
      writeProfile(path, profile);
      return report(context, path, profile);
    } finally {
      kms.close();
    }
  },
);

type Draft = Omit<ProfileData, 'keys'>;

function readDraft(context: Context, folder: string): Draft {
  const endpoint = context.option('endpoint');
  const caFile = context.option('ca');
  const renewer = context.option('renewer');
  const rpc = context.option('rpc');
  const nsmRoot = context.option('nsm-root');
  const development = context.flag('development');
  return {
    format: 'reeve/owner/v1',
    mode: development ? 'development' : 'production',
    ...(nsmRoot === undefined ? {} : { nsmRoot }),
    images: [readImage(need(context, 'image'))],
    admin: need(context, 'admin'),
    ...(renewer === undefined ? {} : { renewer }),
    ...(rpc === undefined ? {} : { rpc }),
    witness: context.option('witness') ?? 'witness',
    kms: {
      region: need(context, 'region'),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(caFile === undefined ? {} : { caFile: relative(folder, resolve(caFile)) }),
      // A development stack is simulated as a whole: its credentials open nothing, and pasted commands should work without an environment.
      ...(development && endpoint !== undefined ? { developmentCredentials: devCredentials } : {}),
    },
  };
}

function need(context: Context, name: string): string {
  const value = context.option(name);
  if (value === undefined) throw usageError(`--${name} is needed`);
  return value;
}

function readImage(path: string): PinnedImage {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new ReeveError('file-invalid', { file: path, detail: (cause as Error).message }, cause);
  }
  const { pcr0, pcr1, pcr2, name } = value;
  if (typeof pcr0 !== 'string' || typeof pcr1 !== 'string' || typeof pcr2 !== 'string')
    throw new ReeveError('file-invalid', { file: path, detail: 'pcr0, pcr1 and pcr2 in hex are needed' });
  return { name: typeof name === 'string' ? name : 'first', pcr0, pcr1, pcr2 };
}

async function makeKeys(kms: Kms, context: Context): Promise<ProfileData['keys']> {
  const owner = await signingKey(kms, context.option('owner-key') ?? 'new', 'owner');
  const renew = await signingKey(kms, context.option('renew-key') ?? 'new', 'renew');
  const [pauseKey, approveKey] = [context.option('pause-key'), context.option('approve-key')];
  const payKey = context.option('pay-key');
  const sealKey = context.option('seal-key');
  return {
    owner,
    renew,
    ...(pauseKey === undefined ? {} : { pause: await signingKey(kms, pauseKey, 'pause') }),
    ...(approveKey === undefined ? {} : { approve: await signingKey(kms, approveKey, 'approve') }),
    ...(payKey === undefined ? {} : { pay: await signingKey(kms, payKey, 'pay') }),
    seal: { arn: sealKey ?? (await kms.createKey('sealing', 'Reeve sealing key')) },
  };
}

async function signingKey(kms: Kms, arn: string, name: SigningKeyName): Promise<{ arn: string; publicKey: string }> {
  const made = arn === 'new' ? await kms.createKey('signing', `Reeve ${name} key`) : arn;
  return { arn: made, publicKey: toHex(await kms.readPublicKey(made)) };
}

function report(context: Context, path: string, profile: ProfileData): number {
  const { seal, ...signing } = profile.keys;
  const lines = Object.entries(signing).map(([name, { arn, publicKey }]) => {
    return `  ${name.padEnd(8)} ${toAddress(Buffer.from(publicKey, 'hex'))}  ${arn}`;
  });
  const iam = makeIamPolicies(profile.keys);
  context.report({ profile: path, mode: profile.mode, keys: profile.keys, iam }, [
    `Profile written: ${escapeText(path)} (${profile.mode})`,
    ...lines,
    `  seal     ${seal.arn}`,
    'The addresses of renew, pause and approve go into "keys" of your policy.',
    ...Object.entries(iam).map(([name, policy]) => `IAM policy of the ${name}: ${JSON.stringify(policy)}`),
    ...(profile.mode === 'production'
      ? [
          'Give the sealing key a key policy with your image’s PCRs before you create a wallet: reeve attestation key-policy.',
        ]
      : []),
  ]);
  return EXIT.done;
}
