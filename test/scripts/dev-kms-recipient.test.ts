/** Attested requests to the development KMS: what a Recipient gets, and which key policies let it. */
import { generateKeyPairSync } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyCommand, GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import t from 'tap';
import { openCiphertextForRecipient, parseEnvelope } from '../../attestation/cms.ts';
import type { Recipient } from './dev-kms-support.ts';
import { attested, CONTEXT, client, clock, createKey, outcome, owner, PCRS, rsa, spki } from './dev-kms-support.ts';

t.test('with a recipient: both encodings in turn, sealed to the attested key, never in the clear', async (t) => {
  const KeyId = await createKey('SYMMETRIC_DEFAULT');
  const Recipient = await attested();
  const made = await owner.send(
    new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: CONTEXT, Recipient }),
  );
  t.equal(made.Plaintext, undefined);
  t.equal(made.KeyId, KeyId);
  const envelopes = [made.CiphertextForRecipient ?? new Uint8Array()];
  for (let round = 0; round < 3; round += 1) {
    const CiphertextBlob = made.CiphertextBlob ?? new Uint8Array();
    const opened = await owner.send(
      new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext: CONTEXT, Recipient }),
    );
    t.equal(opened.Plaintext, undefined);
    envelopes.push(opened.CiphertextForRecipient ?? new Uint8Array());
  }
  const keys = envelopes.map((envelope) => {
    const opened = openCiphertextForRecipient(envelope, rsa.privateKey, spki);
    return opened.ok ? Buffer.from(opened.value).toString('hex') : opened.refusal.reason;
  });
  t.match(keys[0] ?? '', /^[0-9a-f]{64}$/);
  t.equal(new Set(keys).size, 1, 'always the same data key');
  const constructed = envelopes.map((envelope) => Buffer.from(envelope).includes(Buffer.from('a0800430', 'hex')));
  t.equal(constructed.filter(Boolean).length, 2, 'two of four are of the constructed kind');
  t.ok(envelopes.every((envelope) => parseEnvelope(envelope).ok));
});

t.test('a recipient that does not verify gets a ValidationException and no key', async (t) => {
  const KeyId = await createKey('SYMMETRIC_DEFAULT');
  const good = await attested();
  const bent = Buffer.from(good.AttestationDocument);
  bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1;
  const rows: readonly (readonly [string, Recipient])[] = [
    ['signature', { ...good, AttestationDocument: bent }],
    ['not a document', { ...good, AttestationDocument: Buffer.from('nothing') }],
    ['no public key', await attested(null)],
    ['public key that is none', await attested(Buffer.alloc(32, 1))],
    [
      'public key of another kind',
      await attested(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' })),
    ],
    [
      'RSA key too short',
      await attested(
        generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'der' }),
      ),
    ],
  ];
  for (const [name, Recipient] of rows) {
    t.equal(
      await outcome(owner.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', Recipient }))),
      'ValidationException',
      name,
    );
  }
  const algorithm = { ...good, KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_1' } as never;
  t.equal(
    await outcome(owner.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', Recipient: algorithm }))),
    'ValidationException',
  );
  clock.offset = 4 * 3_600_000;
  const late = client({ systemClockOffset: clock.offset });
  t.equal(
    await outcome(late.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', Recipient: good }))),
    'ValidationException',
    'four hours later',
  );
  clock.offset = 0;
});

t.test('key policies are evaluated', async (t) => {
  const all = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' };
  const unless = (operator: string, key: string, value: string) => ({
    Effect: 'Deny',
    Principal: '*',
    Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    Resource: '*',
    Condition: { [operator]: { [key]: value } },
  });
  const image = Buffer.from(PCRS.pcr0).toString('hex').toUpperCase();
  const policy = {
    Version: '2012-10-17',
    Statement: [all, unless('StringNotEqualsIgnoreCase', 'kms:RecipientAttestation:ImageSha384', image)],
  };
  const KeyId = await createKey('SYMMETRIC_DEFAULT', policy);
  const make = (Recipient?: Recipient) =>
    outcome(
      owner.send(
        new GenerateDataKeyCommand({
          KeyId,
          KeySpec: 'AES_256',
          EncryptionContext: CONTEXT,
          ...(Recipient && { Recipient }),
        }),
      ),
    );
  t.equal(await make(), 'AccessDeniedException', 'no recipient');
  t.equal(await make(await attested()), 'done', 'the image that is named');
  t.same(JSON.parse((await owner.send(new GetKeyPolicyCommand({ KeyId }))).Policy ?? ''), policy);
  const put = (Statement: unknown[]) =>
    outcome(
      owner.send(new PutKeyPolicyCommand({ KeyId, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) })),
    );
  t.equal(await put([all, unless('StringNotEquals', 'kms:RecipientAttestation:PCR1', '00')]), 'done');
  t.equal(await make(await attested()), 'AccessDeniedException', 'another PCR1');
  t.equal(await put([all, unless('StringNotEquals', 'kms:EncryptionContext:reeve:wallet', 'w1')]), 'done');
  t.equal(await make(), 'done', 'the encryption context that is named');
  t.equal(await put([all, unless('Null', 'kms:RecipientAttestation:ImageSha384', 'true')]), 'done');
  t.equal(await make(), 'AccessDeniedException', 'Null');
  t.equal(
    await put([unless('Null', 'x', 'true')]),
    'MalformedPolicyDocumentException',
    'a policy that locks its owner out',
  );
  t.equal(
    await put([all, unless('NumericEquals', 'x', '1')]),
    'MalformedPolicyDocumentException',
    'an operator it does not know',
  );
  t.equal(await put([{ ...all, Action: 'kms:PutKeyPolicy' }]), 'done');
  t.equal(await make(), 'AccessDeniedException', 'nothing allows it');
});
