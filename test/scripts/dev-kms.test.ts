/** The development KMS's operations, asked for by the unmodified AWS client. */
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import t from 'tap';
import { devCredentials, KMS_CA_FILE } from '../../scripts/dev/kms/server.ts';
import {
  CONTEXT,
  client,
  createKey,
  kms,
  lines,
  outcome,
  owner,
  REGION,
  restartKms,
  SIGNING,
  stateDir,
} from './dev-kms-support.ts';

t.test('Ed25519 keys', async (t) => {
  const KeyId = await createKey('ECC_NIST_EDWARDS25519');
  t.match(KeyId, /^arn:aws:kms:eu-central-1:\d{12}:key\/[0-9a-f-]{36}$/);
  const { KeyMetadata } = await owner.send(new DescribeKeyCommand({ KeyId }));
  t.match(KeyMetadata, { Arn: KeyId, KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY', KeyState: 'Enabled' });
  t.ok(KeyMetadata?.CreationDate instanceof Date);
  const { PublicKey = new Uint8Array() } = await owner.send(new GetPublicKeyCommand({ KeyId }));
  t.equal(PublicKey.length, 44);
  const publicKey = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  for (const length of [0, 1, 4096]) {
    const Message = Buffer.alloc(length, 7);
    const { Signature = new Uint8Array(), ...rest } = await owner.send(new SignCommand({ KeyId, Message, ...SIGNING }));
    t.equal(rest.KeyId, KeyId);
    t.ok(verify(null, Message, publicKey, Signature), `${length} bytes`);
    t.equal((await owner.send(new VerifyCommand({ KeyId, Message, Signature, ...SIGNING }))).SignatureValid, true);
    const other = new VerifyCommand({ KeyId, Message: Buffer.from('other'), Signature, ...SIGNING });
    t.equal(await outcome(owner.send(other)), 'KMSInvalidSignatureException');
  }
  const Message = Buffer.from('m');
  const refusals: readonly (readonly [string, Partial<ConstructorParameters<typeof SignCommand>[0]>])[] = [
    ['ValidationException', { Message: Buffer.alloc(4097) }],
    ['ValidationException', { MessageType: 'DIGEST' }],
    ['ValidationException', { SigningAlgorithm: 'ED25519_PH_SHA_512' }],
    ['UnsupportedOperationException', { SigningAlgorithm: 'ED25519_PH_SHA_512', MessageType: 'DIGEST' }],
    ['InvalidKeyUsageException', { SigningAlgorithm: 'ECDSA_SHA_256' }],
    ['NotFoundException', { KeyId: KeyId.replace(/.{8}$/, '00000000') }],
    ['NotFoundException', { KeyId: KeyId.replace(REGION, 'us-east-1') }],
  ];
  for (const [name, change] of refusals) {
    t.equal(
      await outcome(owner.send(new SignCommand({ KeyId, Message, ...SIGNING, ...change }))),
      name,
      JSON.stringify(change).slice(0, 60),
    );
  }
  await owner.send(new DisableKeyCommand({ KeyId }));
  t.equal(await outcome(owner.send(new SignCommand({ KeyId, Message, ...SIGNING }))), 'DisabledException');
  await owner.send(new EnableKeyCommand({ KeyId }));
  t.equal(await outcome(owner.send(new SignCommand({ KeyId, Message, ...SIGNING }))), 'done');
  t.equal(
    await outcome(owner.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))),
    'InvalidKeyUsageException',
  );
});

t.test('data keys without a recipient', async (t) => {
  const KeyId = await createKey('SYMMETRIC_DEFAULT');
  const other = await createKey('SYMMETRIC_DEFAULT');
  const made = await owner.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: CONTEXT }));
  t.equal(made.Plaintext?.length, 32);
  const CiphertextBlob = made.CiphertextBlob ?? new Uint8Array();
  const opened = await owner.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext: CONTEXT }));
  t.same(opened.Plaintext, made.Plaintext);
  t.equal(opened.KeyId, KeyId);
  const reordered = Object.fromEntries(Object.entries(CONTEXT).reverse());
  t.same(
    (await owner.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: reordered }))).Plaintext,
    made.Plaintext,
  );
  const flipped = Buffer.from(CiphertextBlob);
  flipped[40] = (flipped[40] ?? 0) ^ 1;
  const refusals: readonly (readonly [string, Partial<ConstructorParameters<typeof DecryptCommand>[0]>])[] = [
    ['InvalidCiphertextException', { EncryptionContext: {} }],
    ['InvalidCiphertextException', { EncryptionContext: { ...CONTEXT, more: '1' } }],
    ['InvalidCiphertextException', { EncryptionContext: { ...CONTEXT, 'reeve:wallet': 'w2' } }],
    ['InvalidCiphertextException', { CiphertextBlob: flipped }],
    ['InvalidCiphertextException', { CiphertextBlob: Buffer.alloc(80) }],
    ['IncorrectKeyException', { KeyId: other }],
  ];
  for (const [name, change] of refusals) {
    t.equal(
      await outcome(owner.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext: CONTEXT, ...change }))),
      name,
      name,
    );
  }
  t.equal(
    await outcome(owner.send(new GenerateDataKeyCommand({ KeyId }))),
    'ValidationException',
    'neither size nor spec',
  );
  t.equal(
    await outcome(owner.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', NumberOfBytes: 8 }))),
    'ValidationException',
  );
  t.equal((await owner.send(new GenerateDataKeyCommand({ KeyId, NumberOfBytes: 64 }))).Plaintext?.length, 64);
  t.equal(
    await outcome(owner.send(new SignCommand({ KeyId, Message: Buffer.from('m'), ...SIGNING }))),
    'InvalidKeyUsageException',
  );
});

t.test('keys outlive a restart, in a file only its owner reads; nothing secret is logged', async (t) => {
  const KeyId = await createKey('SYMMETRIC_DEFAULT');
  const made = await owner.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
  const ca = kms.caPem;
  await restartKms();
  t.equal(kms.caPem, ca, 'the same authority');
  t.equal(readFileSync(join(stateDir, KMS_CA_FILE), 'utf8'), ca);
  const opened = await client().send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob ?? new Uint8Array() }));
  t.same(opened.Plaintext, made.Plaintext);
  for (const file of ['kms.json', 'kms-ca.json', 'nsm-root.json']) {
    t.equal(statSync(join(stateDir, file)).mode & 0o777, 0o600, file);
  }
  t.match(lines[0] ?? '', /development KMS \(simulated/);
  const { material } = (JSON.parse(readFileSync(join(stateDir, 'kms.json'), 'utf8')) as { material: string }[]).at(
    -1,
  ) ?? { material: '' };
  const secrets = [material, Buffer.from(made.Plaintext ?? []).toString('base64'), devCredentials.secretAccessKey];
  t.ok(secrets.every((secret) => secret.length > 20 && !lines.join('\n').includes(secret)));
});
