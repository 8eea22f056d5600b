/** Seals, keys and randomness. */

import { randomBytes } from 'node:crypto';
import t from 'tap';
import { createEntropy } from '../../enclave/entropy.ts';
import { verifyStrict } from '../../enclave/link/ed25519.ts';
import { closeSeal, decodeSeal, deriveKeys, encodeSeal, openSeal } from '../../enclave/seal.ts';
import { createSigningKey } from '../../enclave/signing-key.ts';
import { makeKey } from '../keys.ts';

function makeSeal() {
  const seeds = new Uint8Array(Buffer.concat([makeKey('agent').seed, makeKey('receipt').seed]));
  const dataKey = new Uint8Array(randomBytes(32));
  const keys = deriveKeys(seeds);
  const facts = {
    wallet: 'w',
    owner: makeKey('owner').key,
    agent: keys.agent.publicKey,
    receiptKey: keys.receipt.publicKey,
    kmsKeyArn: 'arn:aws:kms:eu-central-1:000000000000:key/x',
  };
  const kept = Uint8Array.from(dataKey);
  return {
    seal: closeSeal(facts, seeds, dataKey, new Uint8Array(8)),
    seeds,
    dataKey,
    key: () => Uint8Array.from(kept),
  };
}

t.test('a seal opens to the keys it names; seeds and data keys are wiped', (t) => {
  const { seal, seeds, dataKey, key } = makeSeal();
  t.ok(seeds.every((byte) => byte === 0) && dataKey.every((byte) => byte === 0), 'wiped when sealed');
  const opening = key();
  const keys = openSeal(decodeSeal(encodeSeal(seal), 'w'), opening);
  t.ok(
    opening.every((byte) => byte === 0),
    'wiped when opened',
  );
  t.same(keys.agent.publicKey, makeKey('agent').key);
  t.same(keys.receipt.publicKey, makeKey('receipt').key);
  t.notMatch(Buffer.from(encodeSeal(seal)).toString('hex'), Buffer.from(makeKey('agent').seed).toString('hex'));
  t.end();
});

t.test('every authenticated field is authenticated', (t) => {
  const { seal, key } = makeSeal();
  const other = makeKey('other').key;
  const rows = [
    { wallet: 'v' },
    { owner: other },
    { agent: other },
    { receiptKey: other },
    { kmsKeyArn: `${seal.kmsKeyArn}y` },
    { nonce: new Uint8Array(12) },
    { sealed: seal.sealed.map((byte, at) => (at === 0 ? byte ^ 1 : byte)) },
  ];
  for (const changes of rows) {
    t.throws(
      () => openSeal({ ...seal, ...changes }, key()),
      { code: 'seal-invalid' },
      Object.keys(changes)[0] as string,
    );
  }
  t.throws(() => openSeal(seal, new Uint8Array(32)), { code: 'seal-invalid' }, 'another data key');
  t.throws(() => openSeal(seal, new Uint8Array(16)), { code: 'kms-envelope' }, 'a data key of another length');
  t.throws(() => decodeSeal(encodeSeal(seal), 'v'), { code: 'seal-invalid' }, 'read for another wallet');
  t.end();
});

t.test('a signing key signs as its public key verifies', (t) => {
  const key = createSigningKey(makeKey('agent').seed);
  const message = Buffer.from('message');
  t.same(key.sign(message), makeKey('agent').sign(message));
  t.ok(verifyStrict(key.sign(message), message, key.publicKey));
  t.notMatch(JSON.stringify(key), /seed/);
  t.end();
});

t.test('entropy needs the hypervisor, and is mixed with the kernel’s', async (t) => {
  const fixed = () => new Uint8Array(256).fill(9);
  const draw = createEntropy({ getRandom: async () => ({ ok: true, value: fixed() }) });
  const [first, second] = [await draw(64, 'a'), await draw(64, 'a')];
  t.equal(first.length, 64);
  t.notSame(first, second, 'the kernel’s half differs');
  const short = createEntropy({ getRandom: async () => ({ ok: true, value: new Uint8Array(8) }) });
  await t.rejects(short(32, 'a'), { code: 'nsm-failed' });
  const failing = createEntropy({
    getRandom: async () => ({ ok: false, refusal: { reason: 'nsm-error', detail: '' } }),
  });
  await t.rejects(failing(32, 'a'), { code: 'nsm-failed' });
});
