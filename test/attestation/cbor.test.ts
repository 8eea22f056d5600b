/** The bounded CBOR reader: what it takes, what it refuses and by which code, and that its writer is its inverse. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { CborKey, CborValue } from '../../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../../attestation/cbor.ts';
import { findVectors } from '../vectors.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const RUNS = Math.max(200, Math.round(20_000 * SCALE));
const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');
const outcome = (bytes: Uint8Array, coseTag = false): unknown => {
  const read = decodeCbor(bytes, { coseTag });
  return read.ok ? read.value : read.refusal.reason;
};

const REFUSED: readonly (readonly [name: string, bytes: string, reason: string])[] = [
  ['nothing', '', 'cbor-truncated'],
  ['argument cut off', '19 01', 'cbor-truncated'],
  ['byte string cut off', '43 0102', 'cbor-truncated'],
  ['array of 4294967280 elements', '9a fffffff0', 'cbor-truncated'],
  ['map of 2^64-1 entries', 'bb ffffffffffffffff', 'cbor-truncated'],
  ['byte string of 2^63 bytes', '5b 8000000000000000', 'cbor-truncated'],
  ['indefinite map without an end', 'bf 01 02', 'cbor-truncated'],
  ['indefinite map that ends after a key', 'bf 01 ff', 'cbor-unsupported'],
  ['second item', '01 02', 'cbor-trailing'],
  ['23 in two bytes', '18 17', 'cbor-not-minimal'],
  ['255 in three bytes', '19 00ff', 'cbor-not-minimal'],
  ['65535 in five bytes', '1a 0000ffff', 'cbor-not-minimal'],
  ['2^32-1 in nine bytes', '1b 00000000ffffffff', 'cbor-not-minimal'],
  ['length in a longer form', '58 01 00', 'cbor-not-minimal'],
  ['float16', 'f9 3c00', 'cbor-unsupported'],
  ['float64', 'fb 3ff0000000000000', 'cbor-unsupported'],
  ['undefined', 'f7', 'cbor-unsupported'],
  ['simple value', 'f8 ff', 'cbor-unsupported'],
  ['tag', 'c0 00', 'cbor-unsupported'],
  ['tag 18 where none is expected', 'd2 80', 'cbor-unsupported'],
  ['chunked byte string', '5f 41 00 ff', 'cbor-unsupported'],
  ['chunked text', '7f 61 61 ff', 'cbor-unsupported'],
  ['indefinite array', '9f 00 ff', 'cbor-unsupported'],
  ['break alone', 'ff', 'cbor-unsupported'],
  ['reserved length', '1c', 'cbor-unsupported'],
  ['same key twice', 'a2 01 00 01 00', 'cbor-duplicate-key'],
  ['same key twice, indefinite', 'bf 61 61 00 61 61 01 ff', 'cbor-duplicate-key'],
  ['byte string as key', 'a1 41 00 00', 'cbor-key-type'],
  ['null as key', 'a1 f6 00', 'cbor-key-type'],
  ['nine levels', '81 81 81 81 81 81 81 81 81 00', 'cbor-too-deep'],
  ['text that is not UTF-8', '62 c328', 'cbor-not-text'],
  ['surrogate as text', '63 eda080', 'cbor-not-text'],
];

t.test('refused, each with its code', async (t) => {
  for (const [name, bytes, reason] of REFUSED) {
    t.equal(outcome(hex(bytes)), reason, name);
  }
});

t.test('taken', async (t) => {
  t.same(outcome(hex('1b 0020000000000000')), 9007199254740992n, 'above the safe integers: bigint');
  t.same(outcome(hex('1b 001fffffffffffff')), 9007199254740991, 'the largest safe integer: number');
  t.same(outcome(hex('3b ffffffffffffffff')), -18446744073709551616n);
  t.same(outcome(hex('81 81 81 81 81 81 81 81 00')), [[[[[[[[0]]]]]]]], 'eight levels');
  t.same(
    outcome(hex('bf 61 62 f6 61 61 f5 ff')),
    new Map([
      ['b', null],
      ['a', true],
    ] as [string, CborValue][]),
    'indefinite map in any order',
  );
  t.same(outcome(hex('d2 80'), true), [], 'tag 18 when asked for');
  t.equal(outcome(hex('d2 d2 80'), true), 'cbor-unsupported', 'but once');
  t.same(outcome(hex('a1 69 5f5f70726f746f5f5f 01')), new Map([['__proto__', 1]]), 'a key of any name is a key');
});

t.test('a length is checked before anything is allocated', async (t) => {
  const before = process.memoryUsage().arrayBuffers;
  t.equal(outcome(hex('5a 7fffffff')), 'cbor-truncated');
  t.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
});

const key: fc.Arbitrary<CborKey> = fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'grapheme', maxLength: 8 }));
const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(true, false, null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
}));

t.test('what is written is read back the same, and written again gives the same bytes', async () => {
  fc.assert(
    fc.property(value, (item) => {
      const bytes = encodeCbor(item);
      const read = decodeCbor(bytes);
      return read.ok && Buffer.compare(encodeCbor(read.value), bytes) === 0;
    }),
    { seed: 8949, numRuns: RUNS },
  );
});

t.test('no bytes make it throw, and whatever definite item it takes has no other encoding', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const read = decodeCbor(bytes, { coseTag: true });
      return (
        !read.ok || bytes.includes(0xbf) || bytes[0] === 0xd2 || Buffer.compare(encodeCbor(read.value), bytes) === 0
      );
    }),
    { seed: 18, numRuns: RUNS * 5 },
  );
});

const { dir, skip } = findVectors('cbor');
t.test('RFC 8949 appendix A: taken are exactly the items of our subset', { skip }, async (t) => {
  const vectors = JSON.parse(readFileSync(join(dir, 'rfc8949_appendix_a.json'), 'utf8')) as {
    hex: string;
    roundtrip: boolean;
  }[];
  t.equal(vectors.length, 82);
  const taken = vectors.filter((vector) => decodeCbor(hex(vector.hex)).ok).map((vector) => vector.hex);
  t.equal(taken.length, 39);
  const reencoded = vectors.filter(({ hex: text }) => {
    const read = decodeCbor(hex(text));
    return read.ok && Buffer.from(encodeCbor(read.value)).toString('hex') === text;
  });
  t.same(taken.length - reencoded.length, 2, 'the two indefinite maps are the only ones re-encoded otherwise');
});

t.test('the writer refuses a number it cannot write exactly', async (t) => {
  t.throws(() => encodeCbor(1.5), RangeError);
  t.throws(() => encodeCbor(2 ** 53), RangeError);
});
