/** `reeve attestation key-policy`: the policy a key should have, and whether it has it. */

import { readFileSync } from 'node:fs';
import type { KeyFinding, KeyPolicy } from '../../attestation/key-policy.ts';
import { compareKeyPolicy, makeRolePolicy, makeSealingPolicy } from '../../attestation/key-policy.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Context } from '../cli/command.ts';
import { defineCommand } from '../cli/command.ts';
import { usageError } from '../cli/failures.ts';
import { EXIT } from '../cli/io.ts';
import { escapeText } from '../cli/text.ts';
import { kmsSettings, openKms } from '../owner/kms.ts';
import { profileFile, profilePath, readProfile } from '../owner/profile.ts';

const PCR = /^[0-9a-f]{96}$/i;
/** A principal; `aws:PrincipalArn` of a role is the role's ARN, whatever the session's name. */
const PRINCIPAL = /^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)\/[\w+=,.@/-]{1,512})$/;

export const keyPolicy = defineCommand(
  {
    usage:
      'reeve attestation key-policy --image FILE --user ARN --administrator ARN | --signer ARN --administrator ARN',
    summary: 'The policy of a sealing key, or with --signer of a role key; with --check how a key differs from it.',
    words: 0,
    options: {
      image: { value: 'FILE', text: 'JSON with "pcr0"; twice while the next image comes up', multiple: true },
      pcr8: { value: 'HEX', text: 'of the certificate that signs images' },
      pcr3: { value: 'HEX', text: 'of the hosts’ IAM role' },
      user: { value: 'ARN', text: 'instance role of the hosts; may be repeated', multiple: true },
      administrator: { value: 'ARN', text: 'manages the key and cannot use it; may be repeated', multiple: true },
      deleter: { value: 'ARN', text: 'may schedule deletion, best of another account; else nobody may' },
      signer: { value: 'ARN', text: 'the one principal that signs with a role key' },
      check: { value: 'ARN', text: 'compare this key’s policy and grants, with the profile’s KMS' },
      profile: { value: 'FILE', text: 'owner profile, for --check' },
    },
  },
  async (context) => {
    const wanted = readWanted(context);
    const arn = context.option('check');
    if (arn !== undefined) return check(context, arn, wanted);
    context.report(wanted, JSON.stringify(wanted, null, 2).split('\n'));
    return EXIT.done;
  },
);

/** Exit 0 written or as wanted, 1 other than wanted, 2 wrong use. */
export const { run } = keyPolicy;

function readWanted(context: Context): KeyPolicy {
  const administrators = principals(context, 'administrator');
  const signer = context.option('signer');
  if (signer !== undefined) {
    if (context.options('image').length > 0) throw usageError('--signer or --image');
    return makeRolePolicy({ signer: principal('signer', signer), administrators });
  }
  const images = context.options('image').map(readPcr0);
  if (images.length === 0) throw usageError('--image or --signer is needed');
  const [pcr8, pcr3, deleter] = [context.option('pcr8'), context.option('pcr3'), context.option('deleter')];
  return makeSealingPolicy({
    images,
    users: principals(context, 'user'),
    administrators,
    ...(pcr8 === undefined ? {} : { pcr8: pcr('pcr8', pcr8) }),
    ...(pcr3 === undefined ? {} : { pcr3: pcr('pcr3', pcr3) }),
    ...(deleter === undefined ? {} : { deleter: principal('deleter', deleter) }),
  });
}

function principals(context: Context, name: string): string[] {
  const values = context.options(name).map((value) => principal(name, value));
  if (values.length === 0) throw usageError(`--${name} is needed`);
  return values;
}

function principal(name: string, value: string): string {
  if (!PRINCIPAL.test(value)) throw usageError(`--${name} is no ARN of a role, user or account root`);
  return value;
}

/** All zero is what a debug enclave has, and anybody can start one. */
function pcr(name: string, value: string): string {
  if (!PCR.test(value) || /^0*$/.test(value)) throw usageError(`--${name} is no PCR: 96 hex digits, not all zero`);
  return value.toLowerCase();
}

function readPcr0(file: string): string {
  let value: unknown;
  try {
    value = (JSON.parse(readFileSync(file, 'utf8')) as { pcr0?: unknown }).pcr0;
  } catch (cause) {
    throw new ReeveError('file-invalid', { file, detail: (cause as Error).message }, cause);
  }
  if (typeof value !== 'string') throw new ReeveError('file-invalid', { file, detail: 'pcr0 in hex is needed' });
  return pcr('image', value);
}

async function check(context: Context, arn: string, wanted: KeyPolicy): Promise<number> {
  const profile = readProfile(profilePath(context));
  const kms = openKms(kmsSettings(profile, (path) => profileFile(profile, path), context.io.env));
  try {
    const findings = compareKeyPolicy(wanted, await kms.readKeyPolicy(arn), await kms.listGrants(arn));
    const lines = findings.map(describeFinding);
    context.report({ key: arn, asWanted: findings.length === 0, findings }, [
      ...lines,
      findings.length === 0 ? 'The key has exactly this policy, and no grants.' : `${findings.length} differences.`,
    ]);
    return findings.length === 0 ? EXIT.done : EXIT.failed;
  } finally {
    kms.close();
  }
}

function describeFinding(finding: KeyFinding): string {
  switch (finding.code) {
    case 'policy-not-json':
      return 'policy-not-json: KMS did not answer with a policy';
    case 'grant':
      return `grant: ${escapeText(finding.grant)} for ${finding.operations.map(escapeText).join(', ')}`;
    default:
      return `${finding.code}: ${escapeText(finding.statement)}`;
  }
}
