/** KMS slow, throttled, lying, refusing, gone: one stable code each, nothing is lost, and what is leased goes on signing. */

import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { decodeCbor } from '../../enclave/link/cbor.ts';
import type { Seal } from '../../enclave/link/schema/seal.ts';
import { encodeSeal } from '../../enclave/seal.ts';
import { encryptBlob } from '../../scripts/dev/kms/blob.ts';
import { sealForRecipient } from '../../scripts/dev/kms/envelope.ts';
import type { Interference, Interferer } from '../../scripts/dev/kms/interference.ts';
import { STANDARD_POLICY } from '../../scripts/dev/kms/policy.ts';
import { createTestWallet, createWorld, grantLease, paymentOf, readStatement, restore, signWith } from './helpers.ts';

const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' });
const ENVELOPE = Buffer.from(sealForRecipient(Buffer.alloc(32, 5), other, 'primitive')).toString('base64');

const ROWS: readonly (readonly [Interference, string])[] = [
  ['dead', 'kms-unreachable'],
  ['throttled', 'kms-throttled'],
  ['other-key', 'kms-other-key'],
  ['plaintext-beside', 'kms-plaintext'],
  ['plaintext', 'kms-plaintext'],
  ['garbage', 'kms-envelope'],
  ['other-envelope', 'kms-envelope'],
  ['silent', 'kms-unreachable'],
];

t.test('a stable code each, for a new wallet and for one restored; active wallets go on', async (t) => {
  const interferer: Interferer = { kind: null, envelope: ENVELOPE };
  const world = await createWorld(t, { interferer });
  const first = await world.startInside();
  const stored = await createTestWallet(world, first, 'stored');
  await first.kill();
  const enclave = await world.startInside();
  const active = await createTestWallet(world, enclave, 'active');
  await grantLease(enclave, 'active');
  const attempts = ROWS.filter(([kind]) => kind !== 'silent').entries();
  let number = 0;
  const signs = async (name: string) => {
    number += 1;
    const { result } = await signWith(enclave, 'active', [paymentOf(active.agent, 1n, number)]);
    t.match(result, { outcome: 'signed' }, `${name}: signing goes on`);
  };
  for (const [index, [kind, code]] of attempts) {
    interferer.kind = kind;
    await t.rejects(createTestWallet(world, enclave, `new-${index}`), { code }, `create, ${kind}: ${code}`);
    await t.rejects(restore(enclave, stored, first.store), { code }, `restore, ${kind}: ${code}`);
    await signs(kind);
  }
  interferer.kind = 'silent';
  const slow = Promise.allSettled([createTestWallet(world, enclave, 'slow'), restore(enclave, stored, first.store)]);
  await signs('silent');
  const codes = (await slow).map((one) => one.status === 'rejected' && (one.reason as { code: string }).code);
  t.same(codes, ['kms-unreachable', 'kms-unreachable'], 'silence ends in its time');
  interferer.kind = null;
  t.match((await restore(enclave, stored, first.store)).result, { phase: 'sealed' }, 'nothing was lost');
  t.match(await readStatement(enclave, 'active'), { phase: 'active', lastLease: 1 });
});

t.test('denied by policy, disabled, another context, another wallet’s blob', async (t) => {
  const world = await createWorld(t);
  const first = await world.startInside();
  const [one, two] = [await createTestWallet(world, first, 'one'), await createTestWallet(world, first, 'two')];
  await first.kill();
  const enclave = await world.startInside();
  const key = world.kms.keys.find(world.kmsKeyArn);
  const denying = JSON.stringify({
    Statement: [
      ...(JSON.parse(STANDARD_POLICY) as { Statement: object[] }).Statement,
      { Effect: 'Deny', Principal: '*', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*' },
    ],
  });
  const seal = (copy: typeof one) => decodeCbor(copy.seal) as Seal;
  const swapped = { ...one, seal: encodeSeal({ ...seal(one), wrappedKey: seal(two).wrappedKey }) };
  // The right key, and a data key that was wrapped for another purpose.
  const context = new Map([
    ['reeve:wallet', 'one'],
    ['reeve:owner', Buffer.from(seal(one).owner).toString('hex')],
    ['reeve:purpose', 'backup'],
  ]);
  const wrappedKey = new Uint8Array(encryptBlob(key, Buffer.alloc(32, 5), context));
  const misplaced = { ...one, seal: encodeSeal({ ...seal(one), wrappedKey }) };
  const rows = [
    ['denied by policy', { ...key, policy: denying }, one, 'kms-denied'],
    ['disabled', { ...key, enabled: false }, one, 'kms-key-disabled'],
    ['another context', key, misplaced, 'seal-invalid'],
    ['another wallet’s blob', key, swapped, 'seal-invalid'],
  ] as const;
  for (const [name, changed, copy, code] of rows) {
    world.kms.keys.replace(changed);
    await t.rejects(restore(enclave, copy, first.store), { code }, `${name}: ${code}`);
  }
  world.kms.keys.replace(key);
  const elsewhere = { ...one, seal: encodeSeal({ ...seal(one), kmsKeyArn: world.createKey() }) };
  await t.rejects(
    restore(enclave, elsewhere, first.store),
    { code: 'command-wallet' },
    'another key than the owner named',
  );
  t.match((await restore(enclave, one, first.store)).result, { phase: 'sealed' });
});
