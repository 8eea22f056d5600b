/** KMS through the host's relay: who is believed, and what an answer must be. */

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { createKmsClient } from '../../enclave/kms/client.ts';
import { mapKmsFault } from '../../enclave/kms/faults.ts';
import { findKmsHost } from '../../enclave/kms/host.ts';
import type { Recipient } from '../../enclave/kms/recipient.ts';
import { createPasses, createRecipient } from '../../enclave/kms/recipient.ts';
import { RESTORE_PASS_MS } from '../../enclave/limits.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import { sealForRecipient } from '../../scripts/dev/kms/envelope.ts';
import { devCredentials } from '../../scripts/dev/kms/server.ts';
import { createTestWallet, createWorld, restore } from './helpers.ts';

t.test('the host name is made from the key’s ARN', (t) => {
  const arn = (partition: string, region: string) => `arn:${partition}:kms:${region}:000000000000:key/a-b`;
  const rows: readonly [string, string | null][] = [
    [arn('aws', 'eu-central-1'), 'kms.eu-central-1.amazonaws.com'],
    [arn('aws-us-gov', 'us-gov-west-1'), 'kms.us-gov-west-1.amazonaws.com'],
    [arn('aws-cn', 'cn-north-1'), 'kms.cn-north-1.amazonaws.com.cn'],
    [arn('aws-iso', 'us-iso-east-1'), null],
    [arn('aws', 'evil.com/-1'), null],
    [arn('aws', 'eu-central-1').replace('key/', 'alias/'), null],
    ['arn:aws:kms:eu-central-1:0:key/x', null],
    ['', null],
  ];
  for (const [text, host] of rows) {
    if (host === null) t.throws(() => findKmsHost(text), { code: 'kms-untrusted' }, text);
    else t.equal(findKmsHost(text).host, host);
  }
  t.end();
});

t.test('whatever the SDK throws has one of our codes, and nothing of its text', (t) => {
  const made = (name: string, fields: object = {}) =>
    Object.assign(new Error('account 000000000000'), { name }, fields);
  const answered = { $metadata: { httpStatusCode: 400 } };
  const rows: readonly [unknown, string][] = [
    [made('AccessDeniedException', answered), 'kms-denied'],
    [made('ExpiredTokenException', answered), 'kms-denied'],
    [made('InvalidCiphertextException', answered), 'seal-invalid'],
    [made('IncorrectKeyException', answered), 'seal-invalid'],
    [made('DisabledException', answered), 'kms-key-disabled'],
    [made('KMSInvalidStateException', answered), 'kms-key-disabled'],
    [made('ThrottlingException', answered), 'kms-throttled'],
    [made('NotFoundException', answered), 'kms-failed'],
    [made('Error', { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }), 'kms-untrusted'],
    [made('Error', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), 'kms-untrusted'],
    [made('Error', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'kms-untrusted'],
    [made('Error', { code: 'ECONNRESET' }), 'kms-unreachable'],
    [made('TimeoutError'), 'kms-unreachable'],
    ['a string', 'kms-unreachable'],
    [new ReeveError('kms-envelope', {}), 'kms-envelope'],
  ];
  for (const [error, code] of rows) {
    const mapped = mapKmsFault(error);
    t.equal(mapped.code, code);
    t.notMatch(mapped.message, /000000000000/);
  }
  t.end();
});

t.test('an envelope is for one recipient', async (t) => {
  let spki = new Uint8Array();
  const recipient = await createRecipient(async (publicKey) => {
    spki = Uint8Array.from(publicKey);
    return new Uint8Array(4);
  });
  for (const variant of ['constructed', 'primitive'] as const) {
    t.same(
      Buffer.from(recipient.open(sealForRecipient(Buffer.alloc(32, 5), spki, variant))),
      Buffer.alloc(32, 5),
      variant,
    );
  }
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' });
  const foreign = sealForRecipient(Buffer.alloc(32, 5), other, 'primitive');
  t.throws(() => recipient.open(foreign), { code: 'kms-envelope' });
});

t.test('a restore pass lasts five minutes, until its end, or until it fails', async (t) => {
  let now = 0;
  let made = 0;
  let fails = false;
  const create = async (): Promise<Recipient> => {
    made += 1;
    if (fails) throw new ReeveError('nsm-failed', {});
    return { document: Uint8Array.of(made), open: (bytes) => bytes };
  };
  const passes = createPasses(create, () => now);
  t.equal(await passes.join(), await passes.join(), 'one key for a pass');
  now = RESTORE_PASS_MS;
  await passes.join();
  t.equal(made, 2, 'never longer');
  passes.end();
  await passes.join();
  t.equal(made, 3, 'never across passes');
  passes.end();
  fails = true;
  await t.rejects(passes.join(), { code: 'nsm-failed' });
  fails = false;
  t.ok(await passes.join(), 'a failed one is not kept');
});

t.test('a peer with another certificate is not KMS', async (t) => {
  const world = await createWorld(t, { trust: { kmsRoots: [] } });
  const enclave = await world.startInside();
  await t.rejects(createTestWallet(world, enclave, 'w'), { code: 'kms-untrusted' }, 'no root is trusted');
});

t.test('no relay, no credentials', async (t) => {
  const world = await createWorld(t);
  const recipient: Recipient = { document: new Uint8Array(4), open: (bytes) => bytes };
  const use = { keyArn: world.kmsKeyArn, wallet: 'w', owner: new Uint8Array(32) };
  const client = createKmsClient(join(world.folder, 'nobody.sock'), []);
  await t.rejects(client.decrypt(use, new Uint8Array(8), recipient), { code: 'kms-credentials' });
  client.setCredentials({ accessKeyId: 'a', secretAccessKey: 'b' });
  await t.rejects(client.decrypt(use, new Uint8Array(8), recipient), { code: 'kms-unreachable' });
  const path = join(world.folder, 'closing.sock');
  const closing = createServer((socket) => socket.destroy()).listen(path);
  await once(closing, 'listening');
  const cut = createKmsClient(path, []);
  cut.setCredentials({ accessKeyId: 'a', secretAccessKey: 'b' });
  await t.rejects(cut.decrypt(use, new Uint8Array(8), recipient), { code: 'kms-unreachable' });
  closing.close();
  rmSync(path, { force: true });
});

t.test('new credentials replace the old ones', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  await createTestWallet(world, enclave, 'a');
  await enclave.owner.request('credentials.set', { accessKeyId: 'AKIAWRONG', secretAccessKey: 'wrong' });
  await t.rejects(createTestWallet(world, enclave, 'b'), { code: 'kms-denied' });
  await enclave.owner.request('credentials.set', devCredentials);
  t.ok(await createTestWallet(world, enclave, 'b'));
});

t.test('one restore pass brings several wallets back', async (t) => {
  const world = await createWorld(t);
  const first = await world.startInside();
  const copies = [await createTestWallet(world, first, 'a'), await createTestWallet(world, first, 'b')];
  await first.kill();
  const second = await world.startInside();
  for (const copy of copies) await restore(second, copy, first.store);
  await second.owner.request('restore.end', {});
  t.equal((await second.owner.request('hello', {})).result.wallets, 2);
});
