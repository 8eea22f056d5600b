/** How the development KMS is reached: signatures, TLS, the byte relay, malformed requests. */
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import type { KMSClientConfig } from '@aws-sdk/client-kms';
import { CreateKeyCommand, EncryptCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import t from 'tap';
import { openCiphertextForRecipient } from '../../attestation/cms.ts';
import { devCredentials } from '../../scripts/dev/kms/server.ts';
import {
  attested,
  client,
  createKey,
  kms,
  outcome,
  owner,
  REGION,
  relayAgent,
  rsa,
  spki,
  stateDir,
} from './dev-kms-support.ts';

t.test('a signature is needed', async (t) => {
  const send = (overrides: Partial<KMSClientConfig>) => outcome(client(overrides).send(new CreateKeyCommand({})));
  t.equal(await send({ credentials: { ...devCredentials, accessKeyId: 'AKIAOTHER' } }), 'UnrecognizedClientException');
  t.equal(await send({ credentials: { ...devCredentials, secretAccessKey: 'wrong' } }), 'InvalidSignatureException');
  t.equal(await send({ region: 'us-east-1' }), 'InvalidSignatureException');
  t.equal(await send({ systemClockOffset: 6 * 60_000 }), 'InvalidSignatureException', 'clock six minutes ahead');
  t.equal(
    await outcome(owner.send(new EncryptCommand({ KeyId: 'x', Plaintext: Buffer.from('p') }))),
    'UnknownOperationException',
  );
});

t.test('another authority is not trusted', async (t) => {
  const untrusting = client({}, new https.Agent());
  await t.rejects(untrusting.send(new CreateKeyCommand({})), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
});

t.test('through a byte relay, with the real host name', async (t) => {
  const path = join(stateDir, 'relay.sock');
  let seen = Buffer.alloc(0);
  const sockets = new Set<net.Socket>();
  const relay = net.createServer((down) => {
    const up = net.connect(kms.port, '127.0.0.1');
    for (const socket of [down, up]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk: Buffer) => {
        seen = Buffer.concat([seen, chunk]);
      });
    }
    down.pipe(up).pipe(down);
  });
  await new Promise<void>((resolve) => relay.listen(path, resolve));
  t.teardown(() => {
    for (const socket of sockets) {
      socket.destroy();
    }
    relay.close();
  });
  const enclave = client({ endpoint: `https://kms.${REGION}.amazonaws.com` }, relayAgent(path));
  const KeyId = await createKey('SYMMETRIC_DEFAULT');
  const made = await enclave.send(
    new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', Recipient: await attested() }),
  );
  const opened = openCiphertextForRecipient(made.CiphertextForRecipient ?? new Uint8Array(), rsa.privateKey, spki);
  t.ok(opened.ok && opened.value.length === 32);
  t.ok(seen.includes(`kms.${REGION}.amazonaws.com`), 'SNI is all the relay reads');
  t.notOk(seen.includes('TrentService'));
  const elsewhere = client({ endpoint: 'https://kms.us-west-2.amazonaws.com' }, relayAgent(path));
  await t.rejects(elsewhere.send(new CreateKeyCommand({})), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
});

t.test('malformed requests are answered, and the KMS lives on', async (t) => {
  const raw = (body: string, headers: Record<string, string>): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = https.request(
        kms.endpoint,
        { method: 'POST', ca: kms.caPem, headers, agent: false },
        (response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve((JSON.parse(text) as { __type: string }).__type));
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  t.equal(await raw('{}', { 'x-amz-target': 'TrentService.CreateKey' }), 'MissingAuthenticationTokenException');
  t.equal(await raw('{}', { authorization: 'Basic eA==' }), 'InvalidSignatureException');
  t.equal(await raw('x'.repeat(600_000), {}), 'ValidationException');
  t.match(await createKey('SYMMETRIC_DEFAULT'), /^arn:/);
});
