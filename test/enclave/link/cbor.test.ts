import { readFileSync } from 'node:fs';
import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import t from 'tap';
import { appendMember, decodeCbor, encodeCbor, measureCbor } from '../../../enclave/link/cbor.ts';
import { findVectors } from '../../vectors.ts';

/** RFC 8949 Appendix F: every encoding it lists as not well-formed, and what cbor-x alone would let through. */
const NOT_WELL_FORMED = `
  18 19 1a 1b 1901 1a0102 1b01020304050607 38 58 78 98 9a01ff00 b8 d8 f8 f900 fa0000 fb000000
  41 61 5affffffff00 5bffffffffffffffff010203 7affffffff00 7b7fffffffffffffff010203
  81 818181818181818181 8200 a1 a20102 a100 a2000000 c0 5f4100 7f6100 9f 9f0102 bf bf01020102 819f 9f8000 9f9f9f9f9fffffffff 9f819f819f9fffffff
  1c 1d 1e 3c 3d 3e 5c 5d 5e 7c 7d 7e 9c 9d 9e bc bd be dc dd de fc fd fe
  f800 f801 f818 f81f 5f00ff 5f21ff 5f6100ff 5f80ff 5fa0ff 5fc000ff 5fe0ff 7f4100ff
  5f5f4100ffff 7f7f6100ffff ff 81ff 8200ff a1ff a1ff00 a100ff a20000ff 9f81ff 9f829f819f9fffffffff
  bf00ff bf000000ff 1f 3f df`
  .trim()
  .split(/\s+/);

const LENIENT: [hex: string, why: string][] = [
  ['a2616101616102', 'duplicate key'],
  ['1801', 'integer not minimal'],
  ['190001', 'integer not minimal'],
  ['580100', 'length not minimal'],
  ['fb3ff0000000000000', 'float for an integer'],
  ['f93c00', 'half float'],
  ['c249010000000000000000', 'bignum tag'],
  ['f7', 'undefined'],
  ['c11a514b67b0', 'date tag'],
  ['d81c80', 'shared reference tag'],
  ['d81b8261616162', 'error or expression tag'],
  ['d9dfff820102', 'record tag'],
  ['a10102', 'key is not text'],
  ['f6f6', 'trailing item'],
  ['9fff', 'indefinite array'],
  ['bfff', 'indefinite map'],
  ['61ff', 'text is not UTF-8'],
  [`${'81'.repeat(10)}00`, 'nested ten deep'],
  [`a1695f5f70726f746f5f5f00`, 'a __proto__ key'],
];

t.test('nothing of RFC 8949 Appendix F is accepted', (t) => {
  t.ok(NOT_WELL_FORMED.length >= 90, `${NOT_WELL_FORMED.length} encodings`);
  for (const hex of NOT_WELL_FORMED)
    t.throws(() => decodeCbor(Buffer.from(hex, 'hex')), { code: 'cbor-malformed' }, hex);
  t.end();
});

t.test('what cbor-x alone lets through is refused', (t) => {
  for (const [hex, why] of LENIENT)
    t.throws(() => decodeCbor(Buffer.from(hex, 'hex')), { code: 'cbor-malformed' }, why);
  t.end();
});

const { dir, skip } = findVectors('cbor');
t.test('Appendix A: accepted exactly where it is in the profile', { skip }, (t) => {
  const rows = JSON.parse(readFileSync(`${dir}/rfc8949_appendix_a.json`, 'utf8')) as { hex: string }[];
  t.equal(rows.length, 82);
  const accepted = rows.filter(({ hex }) => {
    try {
      return Buffer.from(encodeCbor(decodeCbor(Buffer.from(hex, 'hex')))).toString('hex') === hex;
    } catch {
      return false;
    }
  });
  t.equal(accepted.length, 35);
  t.end();
});

const leaf = fc.oneof(
  fc.integer({ min: -0x7fffffff, max: 0xffffffff }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 300 }),
);
const tree = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    leaf,
    fc.array(tie('node'), { maxLength: 5 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), tie('node'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).node;

t.test('what is encoded decodes to itself, and no flipped bit is read as something that encodes differently', (t) => {
  fc.assert(
    fc.property(tree, fc.nat(), (value, at) => {
      const bytes = encodeCbor(value as never);
      t.strictSame(normalise(decodeCbor(bytes)), normalise(value));
      const flipped = bytes.slice();
      flipped[at % bytes.length] = (flipped[at % bytes.length] as number) ^ (1 << (at % 8));
      try {
        return Buffer.from(encodeCbor(decodeCbor(flipped))).equals(flipped);
      } catch (error) {
        return (error as { code?: string }).code === 'cbor-malformed';
      }
    }),
    { numRuns: Math.max(100, Math.round(20_000 * Number(process.env['REEVE_SCALE'] ?? 0.01))), seed: 1 },
  );
  t.end();
});

t.test('the writer agrees with cbor-x, and measures what it writes', (t) => {
  const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false, mapsAsObjects: true });
  fc.assert(
    fc.property(tree, (value) => {
      const bytes = encodeCbor(value as never);
      return encoder.encode(value).equals(bytes) && measureCbor(value as never) === bytes.length;
    }),
    { numRuns: Math.max(200, Math.round(20_000 * Number(process.env['REEVE_SCALE'] ?? 0.01))), seed: 2 },
  );
  const long = 'é'.repeat(70_000);
  t.ok(encoder.encode([long, 'a'.repeat(49), 'ü']).equals(encodeCbor([long, 'a'.repeat(49), 'ü'])), 'it grows');
  t.end();
});

t.test('a member appended to an encoding is the encoding with that member', (t) => {
  const items = [{ wallet: 'a', receipts: [new Uint8Array(700)] }, 7];
  for (const map of [{}, { n: 1, asked: new Uint8Array(32), result: { b: null } }]) {
    const appended = appendMember(
      encodeCbor(map),
      'append',
      items.map((item) => encodeCbor(item)),
    );
    t.strictSame(appended, encodeCbor({ ...map, append: items }));
  }
  t.end();
});

t.test('what has no encoding is refused where it is written', (t) => {
  for (const value of [
    1.5,
    Number.NaN,
    2 ** 32,
    -(2 ** 31),
    2n ** 64n,
    -(2n ** 63n) - 1n,
    '\ud800',
    `${'x'.repeat(50)}\udc00`,
    undefined,
    () => 1,
  ])
    t.throws(() => encodeCbor([value as never]), { code: 'cbor-malformed' }, typeof value);
  t.strictSame(encodeCbor({ a: undefined, b: 1 }), encodeCbor({ b: 1 }), 'an undefined member is left out');
  t.end();
});

function normalise(value: unknown): unknown {
  return JSON.stringify(value, (_, item) => {
    if (typeof item === 'bigint') return `${item}n`;
    if (item?.type === 'Buffer') return Buffer.from(item.data).toString('hex');
    return item instanceof Uint8Array ? Buffer.from(item).toString('hex') : item;
  });
}
