/** The ramdisk's archive: these bytes, whatever the order it was asked in. */

import t from 'tap';
import type { CpioEntry } from '../../../scripts/image/cpio.ts';
import { writeCpio } from '../../../scripts/image/cpio.ts';

const file = (path: string, text = 'x', mode = 0o444): CpioEntry => ({ path, mode, bytes: Buffer.from(text) });
const folder = (path: string): CpioEntry => ({ path, mode: 0o555, bytes: null });

const head = (inode: string, mode: string, links: string, size: string, name: string) =>
  `070701${inode}${mode}${'0'.repeat(16)}${links}${'0'.repeat(8)}${size}${'0'.repeat(32)}${name}${'0'.repeat(8)}`;

t.test('written by hand', async (t) => {
  const bytes = Buffer.from(writeCpio([file('etc/a', 'hello'), folder('etc')]));
  const folderHead = head('00000001', '0000416D', '00000002', '00000000', '00000004');
  const fileHead = head('00000002', '00008124', '00000001', '00000005', '00000006');
  const end = head('00000000', '00000000', '00000001', '00000000', '0000000B');
  const wanted = `${folderHead}etc\0\0\0${fileHead}etc/a\0hello\0\0\0${end}TRAILER!!!\0\0\0\0`;
  t.equal(bytes.toString('latin1'), wanted);
  t.equal(bytes.length % 4, 0);
});

t.test('the order of the list does not matter; names sort by code units', async (t) => {
  const entries = [folder('b'), file('b/z'), file('b/a'), file('b-c'), folder('a'), file('B')];
  const bytes = Buffer.from(writeCpio(entries));
  t.ok(bytes.equals(writeCpio(entries.toReversed())));
  const names = [...bytes.toString('latin1').matchAll(/0{8}([A-Za-z/-]+)\0/g)].map((match) => match[1]);
  t.strictSame(names, ['B', 'a', 'b', 'b-c', 'b/a', 'b/z']);
});

t.test('what has no clear meaning is refused', async (t) => {
  const rows: CpioEntry[][] = [
    [file('a'), file('a')],
    [folder('a'), folder('a')],
    [file('a/b')],
    [file('a'), file('a/b')],
    [file('/a')],
    [file('')],
    [folder('a/')],
    [file('..')],
    [folder('..'), file('../a')],
    [file('a b')],
    [file('a\nb')],
    [file('ä')],
  ];
  for (const entries of rows) t.throws(() => writeCpio(entries), RangeError, JSON.stringify(entries[0]?.path));
});
