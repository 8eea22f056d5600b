/** The reading and writing of bytes that every decoder rests on. */
import t from 'tap';
import {
  concatBytes,
  equalBytes,
  measureCompactU16,
  openCursor,
  openWriter,
  readByte,
  readBytes,
  readCompactU16,
  readU32,
  readU64,
  writeCompactU16,
  writeHex,
  writeU16,
  writeU32,
  writeU64,
} from '../../policy/bytes.ts';

t.test('compact-u16: every number has one form', async (t) => {
  const forms: readonly [value: number, ...bytes: number[]][] = [
    [0, 0],
    [1, 1],
    [0x7f, 0x7f],
    [0x80, 0x80, 1],
    [0x3fff, 0xff, 0x7f],
    [0x4000, 0x80, 0x80, 1],
    [0xffff, 0xff, 0xff, 3],
  ];
  for (const [value, ...bytes] of forms) {
    t.equal(measureCompactU16(value), bytes.length, `${value}`);
    const out = openWriter(bytes.length);
    writeCompactU16(out, value);
    t.same([...out.bytes], bytes);
    const cursor = openCursor(Uint8Array.from([...bytes, 9]));
    t.equal(readCompactU16(cursor), value);
    t.match(cursor, { at: bytes.length, fault: null });
  }
  t.throws(() => measureCompactU16(0x10000), RangeError);
});

t.test('compact-u16: everything else is a fault', async (t) => {
  const rows: readonly [fault: string, ...bytes: number[]][] = [
    ['undecodable'],
    ['undecodable', 0x80],
    ['undecodable', 0x80, 0x80],
    ['not-canonical', 0x80, 0],
    ['not-canonical', 0x83, 0x80, 0],
    ['not-canonical', 0xff, 0xff, 4],
    ['not-canonical', 0xff, 0xff, 0x83],
  ];
  for (const [fault, ...bytes] of rows) {
    const cursor = openCursor(Uint8Array.from(bytes));
    t.equal(readCompactU16(cursor), 0, bytes.join(' '));
    t.equal(cursor.fault, fault, bytes.join(' '));
  }
});

t.test('after a fault every read gives zeroes, and the first fault stays', async (t) => {
  const cursor = openCursor(Uint8Array.of(0x80, 0, 7));
  readCompactU16(cursor);
  t.equal(readByte(cursor), 0);
  t.same(readBytes(cursor, 1), new Uint8Array(0));
  t.equal(cursor.fault, 'not-canonical');
});

t.test('equal bytes', async (t) => {
  const rows: readonly [left: number[], right: number[], equal: boolean][] = [
    [[], [], true],
    [[1, 2], [1, 2], true],
    [[1, 2], [1, 3], false],
    [[2, 2], [1, 2], false],
    [[1, 2], [1], false],
    [[1], [1, 2], false],
    [[], [0], false],
  ];
  for (const [left, right, equal] of rows)
    t.equal(equalBytes(Uint8Array.from(left), Uint8Array.from(right)), equal, `${left} and ${right}`);
});

t.test('numbers have their low byte first', async (t) => {
  const out = openWriter(16);
  writeU16(out, 0x0102);
  writeU32(out, 0xfefdfcfb);
  writeU64(out, 0x0102030405060708n);
  writeHex(out, 'a1b2');
  t.equal(out.bytes.toHex(), '0201fbfcfdfe0807060504030201a1b2');
  t.equal(readU32(out.bytes, 2), 0xfefdfcfb);
  t.equal(readU64(out.bytes, 6), 0x0102030405060708n);
  t.same(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)), Uint8Array.of(1, 2, 3));
});
