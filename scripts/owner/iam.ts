/** Three IAM policies, one for each place that talks to KMS. They open nothing the key policies do not: both must allow. */

import type { ProfileData } from './profile.ts';

interface IamPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly { Effect: 'Allow'; Action: readonly string[]; Resource: readonly string[] }[];
}

/** For the owner's own person, for the renewer's role, and for the hosts' instance role, which the enclave's calls are signed with. */
export function makeIamPolicies({
  owner,
  renew,
  pause,
  approve,
  seal,
}: ProfileData['keys']): Record<'owner' | 'renewer' | 'host', IamPolicy> {
  const signing = [owner, pause, approve].flatMap((key) => (key === undefined ? [] : [key.arn]));
  return {
    owner: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: ['kms:GetPublicKey', 'kms:Sign'], Resource: signing },
        { Effect: 'Allow', Action: ['kms:DisableKey', 'kms:EnableKey'], Resource: [renew.arn] },
      ],
    },
    renewer: grant(['kms:GetPublicKey', 'kms:Sign'], renew.arn),
    host: grant(['kms:Decrypt', 'kms:GenerateDataKey'], seal.arn),
  };
}

function grant(Action: readonly string[], arn: string): IamPolicy {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: [arn] }] };
}
