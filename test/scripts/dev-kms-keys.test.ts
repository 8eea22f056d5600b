/** What the development KMS makes of keys in every state and of the wrong kind, of principals and of grants: by AWS's error names. */
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  ListGrantsCommand,
  PutKeyPolicyCommand,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import t from 'tap';
import { CALLER } from '../../scripts/dev/kms/policy.ts';
import { devCredentials, KMS_CA_FILE } from '../../scripts/dev/kms/server.ts';
import { openKms } from '../../scripts/owner/kms.ts';
import { attested, CONTEXT, createKey, kms, outcome, owner, REGION, SIGNING, stateDir } from './dev-kms-support.ts';

const SIGNING_KEY = await createKey('ECC_NIST_EDWARDS25519');
const SEALING_KEY = await createKey('SYMMETRIC_DEFAULT');
const Message = Buffer.from('m');
const { Signature = new Uint8Array() } = await owner.send(new SignCommand({ KeyId: SIGNING_KEY, Message, ...SIGNING }));
const { CiphertextBlob = new Uint8Array() } = await owner.send(
  new GenerateDataKeyCommand({ KeyId: SEALING_KEY, KeySpec: 'AES_256', EncryptionContext: CONTEXT }),
);

/** Every operation on one key, and the kind of key it needs. */
const OPERATIONS: Readonly<Record<string, (KeyId: string) => Promise<unknown>>> = {
  Sign: (KeyId) => owner.send(new SignCommand({ KeyId, Message, ...SIGNING })),
  Verify: (KeyId) => owner.send(new VerifyCommand({ KeyId, Message, Signature, ...SIGNING })),
  GetPublicKey: (KeyId) => owner.send(new GetPublicKeyCommand({ KeyId })),
  GenerateDataKey: (KeyId) => owner.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
  Decrypt: (KeyId) => owner.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext: CONTEXT })),
  DescribeKey: (KeyId) => owner.send(new DescribeKeyCommand({ KeyId })),
  GetKeyPolicy: (KeyId) => owner.send(new GetKeyPolicyCommand({ KeyId })),
  ListGrants: (KeyId) => owner.send(new ListGrantsCommand({ KeyId })),
  DisableKey: (KeyId) => owner.send(new DisableKeyCommand({ KeyId })),
  EnableKey: (KeyId) => owner.send(new EnableKeyCommand({ KeyId })),
};

/** Operation, then what a signing key, a sealing key, the same two disabled, and a key that is not there answer. */
const ROWS: readonly (readonly [string, string, string, string, string])[] = [
  ['Sign', 'done', 'InvalidKeyUsageException', 'DisabledException', 'DisabledException'],
  ['Verify', 'done', 'InvalidKeyUsageException', 'DisabledException', 'DisabledException'],
  ['GetPublicKey', 'done', 'UnsupportedOperationException', 'DisabledException', 'UnsupportedOperationException'],
  ['GenerateDataKey', 'InvalidKeyUsageException', 'done', 'DisabledException', 'DisabledException'],
  ['Decrypt', 'InvalidKeyUsageException', 'done', 'DisabledException', 'DisabledException'],
  ['DescribeKey', 'done', 'done', 'done', 'done'],
  ['GetKeyPolicy', 'done', 'done', 'done', 'done'],
  ['ListGrants', 'done', 'done', 'done', 'done'],
  ['DisableKey', 'done', 'done', 'done', 'done'],
  ['EnableKey', 'done', 'done', 'done', 'done'],
];

t.test('every operation, on each kind of key, enabled, disabled and absent', async (t) => {
  const absent = SIGNING_KEY.replace(/.{8}$/, '00000000');
  const both = async (work: (KeyId: string) => Promise<unknown>) => {
    for (const KeyId of [SIGNING_KEY, SEALING_KEY]) await work(KeyId);
  };
  for (const [name, ...expected] of ROWS) {
    const ask = (KeyId: string) => outcome(OPERATIONS[name]?.(KeyId) ?? Promise.reject(new Error(name)));
    const enable = () => both((KeyId) => owner.send(new EnableKeyCommand({ KeyId })));
    const found = [await ask(SIGNING_KEY), await ask(SEALING_KEY)];
    await both((KeyId) => owner.send(new DisableKeyCommand({ KeyId })));
    const { KeyMetadata } = await owner.send(new DescribeKeyCommand({ KeyId: SIGNING_KEY }));
    t.match(KeyMetadata, { KeyState: 'Disabled', Enabled: false });
    found.push(await ask(SIGNING_KEY), await ask(SEALING_KEY));
    await enable();
    t.same(found, expected, name);
    t.equal(await ask(absent), 'NotFoundException', `${name} of no key`);
  }
});

t.test('requests that AWS refuses for what is in them', async (t) => {
  const sign = (change: object) => owner.send(new SignCommand({ KeyId: SIGNING_KEY, Message, ...SIGNING, ...change }));
  const verify = (change: object) =>
    owner.send(new VerifyCommand({ KeyId: SIGNING_KEY, Message, Signature, ...SIGNING, ...change }));
  const make = (change: object) => owner.send(new GenerateDataKeyCommand({ KeyId: SEALING_KEY, ...change }));
  const rows: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    ['sign 4,096 bytes', 'done', () => sign({ Message: Buffer.alloc(4096) })],
    ['sign 4,097 bytes', 'ValidationException', () => sign({ Message: Buffer.alloc(4097) })],
    ['verify 4,097 bytes', 'ValidationException', () => verify({ Message: Buffer.alloc(4097) })],
    ['sign a digest', 'ValidationException', () => sign({ MessageType: 'DIGEST' })],
    ['verify a digest', 'ValidationException', () => verify({ MessageType: 'DIGEST' })],
    ['sign an external mu', 'ValidationException', () => sign({ MessageType: 'EXTERNAL_MU' })],
    ['no message type is RAW', 'done', () => sign({ MessageType: undefined })],
    ['verify with a signature cut', 'KMSInvalidSignatureException', () => verify({ Signature: Signature.slice(1) })],
    ['a data key of 0 bytes', 'ValidationException', () => make({ NumberOfBytes: 0 })],
    ['a data key of 1,024 bytes', 'done', () => make({ NumberOfBytes: 1024 })],
    ['a data key of 1,025 bytes', 'ValidationException', () => make({ NumberOfBytes: 1025 })],
    ['a data key for AES_512', 'ValidationException', () => make({ KeySpec: 'AES_512' })],
    [
      'a signing key that encrypts',
      'ValidationException',
      () => owner.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'ENCRYPT_DECRYPT' })),
    ],
    ['a key of another kind', 'ValidationException', () => owner.send(new CreateKeyCommand({ KeySpec: 'RSA_2048' }))],
    [
      'a key with a policy that is none',
      'MalformedPolicyDocumentException',
      () => owner.send(new CreateKeyCommand({ Policy: '{}' })),
    ],
    ['a marker nobody gave', 'InvalidMarkerException', () => listPage({ Marker: 'x' })],
    ['a page of 101', 'ValidationException', () => listPage({ Limit: 101 })],
  ];
  for (const [name, expected, ask] of rows) t.equal(await outcome(ask()), expected, name);
});

function listPage(change: object): Promise<unknown> {
  return owner.send(new ListGrantsCommand({ KeyId: SEALING_KEY, ...change }));
}

const ACCOUNT = CALLER.split(':')[4];
const PRINCIPALS: readonly (readonly [string, unknown, 'done' | 'AccessDeniedException'])[] = [
  ['everybody', '*', 'done'],
  ['everybody of AWS', { AWS: '*' }, 'done'],
  ['the caller', { AWS: CALLER }, 'done'],
  ['the caller among others', { AWS: [`arn:aws:iam::${ACCOUNT}:role/other`, CALLER] }, 'done'],
  ['the account', { AWS: ACCOUNT }, 'done'],
  ['the account’s root', { AWS: `arn:aws:iam::${ACCOUNT}:root` }, 'done'],
  ['another role', { AWS: `arn:aws:iam::${ACCOUNT}:role/other` }, 'AccessDeniedException'],
  ['a role that begins alike', { AWS: `${CALLER}-2` }, 'AccessDeniedException'],
  ['another account', { AWS: 'arn:aws:iam::111111111111:root' }, 'AccessDeniedException'],
];
const MANAGE = {
  Effect: 'Allow',
  Principal: { AWS: CALLER },
  Action: ['kms:PutKeyPolicy', 'kms:*Grant*'],
  Resource: '*',
};
const USE = { Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: '*' };

function put(KeyId: string, ...Statement: unknown[]): Promise<unknown> {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [MANAGE, ...Statement] });
  return owner.send(new PutKeyPolicyCommand({ KeyId, Policy }));
}

t.test('principals: whom an Allow lets in, and a Deny of the same keeps out', async (t) => {
  const KeyId = await createKey('SYMMETRIC_DEFAULT');
  const everybody = { Sid: 'All', Effect: 'Allow', Principal: '*', ...USE };
  const use = () => outcome(owner.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })));
  for (const [name, Principal, expected] of PRINCIPALS) {
    await put(KeyId, { Effect: 'Allow', Principal, ...USE });
    t.equal(await use(), expected, `allowed: ${name}`);
    await put(KeyId, everybody, { Effect: 'Deny', Principal, ...USE });
    t.equal(await use(), expected === 'done' ? 'AccessDeniedException' : 'done', `denied: ${name}`);
  }
});

t.test('a grant lets in where no statement does, and never past a Deny', async (t) => {
  const KeyId = await createKey('SYMMETRIC_DEFAULT');
  const use = async (isAttested: boolean) => {
    const Recipient = isAttested ? { Recipient: await attested() } : {};
    return outcome(owner.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', ...Recipient })));
  };
  await put(KeyId);
  t.equal(await use(true), 'AccessDeniedException', 'nothing allows it');
  const grant = { KeyId, GranteePrincipal: CALLER, Operations: ['Decrypt'] } as const;
  await owner.send(new CreateGrantCommand({ ...grant, Operations: ['Decrypt'] }));
  t.equal(await use(true), 'AccessDeniedException', 'a grant of another operation');
  await owner.send(new CreateGrantCommand({ ...grant, Operations: ['GenerateDataKey'] }));
  t.equal(await use(false), 'done', 'the grant alone, without attestation');
  const Condition = { Null: { 'kms:RecipientAttestation:ImageSha384': 'true' } };
  await put(KeyId, { Effect: 'Deny', Principal: '*', ...USE, Condition });
  t.equal(await use(false), 'AccessDeniedException', 'an explicit Deny beats it');
  t.equal(await use(true), 'done');
});

t.test('the owner’s check sees every grant, however many pages they fill', async (t) => {
  const KeyId = await createKey('SYMMETRIC_DEFAULT');
  const key = kms.keys.find(KeyId);
  const grants = Array.from({ length: 120 }, (_, index) => ({ id: `g${index}`, operations: ['Decrypt'] }));
  kms.keys.replace({ ...key, grants });
  const first = await owner.send(new ListGrantsCommand({ KeyId }));
  t.match([first.Grants?.length, first.Truncated, first.NextMarker], [50, true, 'g49']);
  const client = openKms({
    region: REGION,
    endpoint: kms.endpoint,
    caFile: `${stateDir}/${KMS_CA_FILE}`,
    credentials: devCredentials,
  });
  t.teardown(() => client.close());
  t.same(await client.listGrants(KeyId), grants);
});
