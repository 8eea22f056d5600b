/** Where a key's KMS is: made from the pinned ARN, never given by anyone. */

import { ReeveError } from '../link/errors.ts';

/** DNS suffix by partition. Others are refused: their roots are not the ones in the trust file. */
const SUFFIXES: Readonly<Record<string, string>> = {
  aws: 'amazonaws.com',
  'aws-us-gov': 'amazonaws.com',
  'aws-cn': 'amazonaws.com.cn',
};

const ARN = /^arn:(aws[a-z-]*):kms:([a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}):[0-9]{12}:key\/[A-Za-z0-9-]{1,64}$/;

export interface KmsHost {
  readonly region: string;
  readonly host: string;
}

/** Region and host name of a key ARN, or `kms-untrusted`. An alias is no ARN of a key. */
export function findKmsHost(keyArn: string): KmsHost {
  const [, partition = '', region = ''] = ARN.exec(keyArn) ?? [];
  const suffix = Object.hasOwn(SUFFIXES, partition) ? SUFFIXES[partition] : undefined;
  if (suffix === undefined) throw new ReeveError('kms-untrusted', { what: 'key ARN' });
  return { region, host: `kms.${region}.${suffix}` };
}
