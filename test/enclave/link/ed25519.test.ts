/** Signatures against the public suites, and our two implementations against each other. What one of them accepts alone is not accepted. */

import crypto, {
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign as signBuiltIn,
  verify as verifyBuiltIn,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { sign as signNoble, verify as verifyNoble } from '@noble/ed25519';
import fc from 'fast-check';
import t from 'tap';
import { pkcs8FromSeed, publicKeyFromSpki, publicKeyObject, verifyStrict } from '../../../enclave/link/ed25519.ts';
import { makeKey } from '../../keys.ts';
import { findVectors } from '../../vectors.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const { dir, skip } = findVectors('ed25519');
const read = (name: string) => JSON.parse(readFileSync(join(dir, name), 'utf8'));
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

t.test('Wycheproof: every verdict of the file', { skip }, (t) => {
  interface Group {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly { tcId: number; msg: string; sig: string; result: 'valid' | 'invalid' }[];
  }
  const groups: readonly Group[] = read('wycheproof_ed25519_test.json').testGroups;
  const cases = groups.flatMap(({ publicKey, tests }) => tests.map((test) => ({ ...test, key: hex(publicKey.pk) })));
  const wrong = cases.filter(
    ({ msg, sig, key, result }) => verifyStrict(hex(sig), hex(msg), key) !== (result === 'valid'),
  );
  t.same(
    wrong.map(({ tcId }) => tcId),
    [],
  );
  t.equal(cases.length, 151);
  t.equal(cases.filter(({ result }) => result === 'valid').length, 88);
  t.end();
});

t.test('CCTV: exactly the strict rule, in all 914', { skip }, (t) => {
  interface Vector {
    readonly number: number;
    readonly key: string;
    readonly sig: string;
    readonly msg: string;
    readonly flags: readonly string[] | null;
  }
  /** Small order, a second encoding, or an equation that holds only after multiplying by the cofactor: none is accepted. */
  const refusing = ['low_order_A', 'low_order_R', 'non_canonical_A', 'non_canonical_R', 'low_order_residue'];
  const vectors: readonly Vector[] = read('cctv_ed25519vectors.json');
  const isStrict = ({ flags }: Vector) => !(flags ?? []).some((flag) => refusing.includes(flag));
  const isAccepted = ({ sig, msg, key }: Vector) => verifyStrict(hex(sig), Buffer.from(msg), hex(key));
  const wrong = vectors.filter((vector) => isAccepted(vector) !== isStrict(vector));
  t.same(
    wrong.map(({ number }) => number),
    [],
  );
  t.equal(vectors.length, 914);
  t.equal(vectors.filter(isAccepted).length, 43);
  t.end();
});

t.test('speccheck: case 3 and no other', { skip }, (t) => {
  const cases: readonly { message: string; pub_key: string; signature: string }[] = read('speccheck_cases.json');
  const accepted = cases.map(({ message, pub_key: key, signature }) =>
    verifyStrict(hex(signature), hex(message), hex(key)),
  );
  t.equal(cases.length, 12);
  t.same(
    accepted.flatMap((yes, index) => (yes ? [index] : [])),
    [3],
  );
  t.end();
});

t.test('what has not the exact lengths is false, not an exception', (t) => {
  const [signature, key] = [new Uint8Array(64), new Uint8Array(32)];
  const rows: readonly (readonly [string, Uint8Array, Uint8Array])[] = [
    ['no signature', new Uint8Array(0), key],
    ['63 bytes', signature.slice(1), key],
    ['65 bytes', new Uint8Array(65), key],
    ['a key of 31 bytes', signature, key.slice(1)],
    ['a key of 33 bytes', signature, new Uint8Array(33)],
    ['a key that is no point', signature, new Uint8Array(32).fill(2)],
  ];
  for (const [name, given, under] of rows) t.equal(verifyStrict(given, new Uint8Array(3), under), false, name);
  t.end();
});

t.test('both implementations sign alike and verify each other, and neither takes a changed signature', (t) => {
  const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max });
  const property = fc.property(bytes(32, 32), bytes(0, 300), fc.nat(), (seed, message, flip) => {
    const key = createPrivateKey({ key: pkcs8FromSeed(seed), format: 'der', type: 'pkcs8' });
    const signature = new Uint8Array(signBuiltIn(null, message, key));
    const publicKey = publicKeyFromSpki(createPublicKey(key).export({ format: 'der', type: 'spki' })) as Uint8Array;
    const changed = Uint8Array.from(signature);
    changed[flip % 64] = (changed[flip % 64] as number) ^ (1 << (flip % 8));
    return (
      Buffer.from(signNoble(message, seed)).equals(signature) &&
      verifyNoble(signature, message, publicKey, { zip215: false }) &&
      verifyBuiltIn(null, message, publicKeyObject(publicKey), signature) &&
      verifyStrict(signature, message, publicKey) &&
      !verifyNoble(changed, message, publicKey, { zip215: false }) &&
      !verifyBuiltIn(null, message, publicKeyObject(publicKey), changed) &&
      !verifyStrict(signature, Buffer.concat([message, randomBytes(1)]), publicKey)
    );
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: Math.max(100, Math.round(10_000 * SCALE)), seed: 25519 }));
  t.end();
});

t.test('neither implementation is believed alone', (t) => {
  const { verify } = crypto;
  const answer = (given: boolean | null) => {
    Object.assign(crypto, { verify: given === null ? verify : () => given });
    syncBuiltinESMExports();
  };
  t.teardown(() => answer(null));
  const { key, sign } = makeKey('both');
  const [message, wrong] = [new Uint8Array([1, 2, 3]), new Uint8Array([1, 2, 4])];
  t.ok(verifyStrict(sign(message), message, key));
  answer(true);
  t.notOk(verifyStrict(sign(message), wrong, key), 'noble says no');
  answer(false);
  t.notOk(verifyStrict(sign(message), message, key), 'the built-in says no');
  t.end();
});
