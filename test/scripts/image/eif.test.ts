/** The image format, by hand-made bytes and values computed here from the definition. */

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import t from 'tap';
import type { Eif, Section } from '../../../scripts/image/eif.ts';
import { EIF_HEADER_BYTES, readEif, writeEif } from '../../../scripts/image/eif.ts';
import { measureImage, readPcr8 } from '../../../scripts/image/measurement.ts';
import { signImage } from './sign.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const sha384 = (...parts: Uint8Array[]) => createHash('sha384').update(Buffer.concat(parts)).digest();
const fresh = (data: Uint8Array) => hex(sha384(new Uint8Array(48), data));
const section = (kind: Section['kind'], text: string): Section => ({ kind, flags: 0, body: Buffer.from(text) });

const KERNEL = section('kernel', 'kernel');
const CMDLINE = section('cmdline', 'console=ttyS0');
const METADATA = section('metadata', '{"ImageName":"x"}');
const [FIRST, SECOND] = [section('ramdisk', 'first'), section('ramdisk', 'second')];

function image(sections: readonly Section[], more: Partial<Eif> = {}): Uint8Array {
  return writeEif({ architecture: 'x86_64', memory: 1n << 30n, cpus: 2n, sections, ...more });
}

const whole = image([KERNEL, CMDLINE, METADATA, FIRST, SECOND]);

t.test('the bytes are these', async (t) => {
  const small = Buffer.from(image([KERNEL, CMDLINE, FIRST], { memory: 0x1122n, cpus: 3n, architecture: 'aarch64' }));
  const head = '2e656966 0004 0001 0000000000001122 0000000000000003 0000 0003 0000000000000224 0000000000000236';
  t.equal(small.toString('hex', 0, 44), head.replaceAll(' ', ''));
  t.equal(small.toString('hex', 284, 300), '00000000000000060000' + '00000000000d', 'sizes of bodies');
  t.equal(
    small.toString('latin1', EIF_HEADER_BYTES),
    '\0\x01\0\0\0\0\0\0\0\0\0\x06kernel\0\x02\0\0\0\0\0\0\0\0\0\x0dconsole=ttyS0\0\x03\0\0\0\0\0\0\0\0\0\x05first',
  );
  t.equal(small.readUInt32BE(544), crc32(Buffer.concat([small.subarray(0, 544), small.subarray(548)])));
});

t.test('what is written reads back', async (t) => {
  const read = readEif(whole);
  t.ok(read.ok);
  if (!read.ok) return;
  t.strictSame(hex(writeEif(read.value)), hex(whole));
  t.strictSame(
    read.value.sections.map(({ kind, body }) => [kind, Buffer.from(body).toString()]),
    [KERNEL, CMDLINE, METADATA, FIRST, SECOND].map(({ kind, body }) => [kind, Buffer.from(body).toString()]),
  );
  t.throws(() => image(Array.from({ length: 33 }, () => FIRST)), RangeError);
});

t.test('PCRs are those of the definition', async (t) => {
  const measured = measureImage(whole);
  t.ok(measured.ok);
  if (!measured.ok) return;
  const { pcrs, commandLine, metadata, crc32: sum } = measured.value;
  const text = (words: string) => sha384(Buffer.from(words));
  t.equal(hex(pcrs.pcr0), fresh(text('kernelconsole=ttyS0firstsecond')));
  t.equal(hex(pcrs.pcr1), fresh(text('kernelconsole=ttyS0first')));
  t.equal(hex(pcrs.pcr2), fresh(text('second')));
  t.equal(hex(readPcr8(measured.value)), '0'.repeat(96), 'not signed');
  t.equal(commandLine, 'console=ttyS0');
  t.strictSame(metadata, { ImageName: 'x' });
  t.equal(sum, Buffer.from(whole).readUInt32BE(544));
});

t.test('PCR2 of an image with one ramdisk is the constant of all such images', async (t) => {
  const measured = measureImage(image([KERNEL, CMDLINE, FIRST]));
  const constant = '21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a';
  t.equal(measured.ok && hex(measured.value.pcrs.pcr2), constant);
  t.equal(measured.ok && hex(measured.value.pcrs.pcr0), measured.ok && hex(measured.value.pcrs.pcr1));
});

/** Changes some bytes of the whole image and makes its checksum right again. */
function changed(change: (bytes: Buffer) => Buffer): Uint8Array {
  const bytes = change(Buffer.from(whole));
  if (bytes.length >= EIF_HEADER_BYTES)
    bytes.writeUInt32BE(crc32(bytes.subarray(EIF_HEADER_BYTES), crc32(bytes.subarray(0, 544))), 544);
  return bytes;
}
const put = (at: number, ...values: number[]) =>
  changed((bytes) =>
    Buffer.concat([bytes.subarray(0, at), Uint8Array.from(values), bytes.subarray(at + values.length)]),
  );
const body = EIF_HEADER_BYTES + 12;

t.test('malformed images are refused, each for its own reason', async (t) => {
  const rows: [reason: string, bytes: Uint8Array][] = [
    ['eif-size', new Uint8Array(0)],
    ['eif-size', whole.subarray(0, 547)],
    ['eif-magic', put(0, 0x2f)],
    ['eif-version', put(5, 3)],
    ['eif-flags', put(7, 2)],
    ['eif-reserved', put(25, 1)],
    ['eif-reserved', put(543, 1)],
    ['eif-section-count', put(26, 0, 0)],
    ['eif-section-count', put(26, 0, 33)],
    ['eif-table', put(28 + 8 * 5 + 7, 1)],
    ['eif-table', put(284 + 8 * 31, 1)],
    ['eif-offset', put(28 + 7, 0)],
    ['eif-offset', put(28, 0x80)],
    ['eif-truncated', changed((bytes) => bytes.subarray(0, bytes.length - 1))],
    ['eif-truncated', put(284, 0xff)],
    ['eif-truncated', changed((bytes) => bytes.subarray(0, EIF_HEADER_BYTES + 5))],
    ['eif-section-kind', put(EIF_HEADER_BYTES + 1, 0)],
    ['eif-section-kind', put(EIF_HEADER_BYTES + 1, 6)],
    ['eif-section-size', put(EIF_HEADER_BYTES + 11, 5)],
    ['eif-trailing', changed((bytes) => Buffer.concat([bytes, Buffer.alloc(1)]))],
    ['eif-crc', Buffer.from(whole).fill(0x41, body, body + 1)],
    ['eif-order', image([CMDLINE, KERNEL, FIRST])],
    ['eif-order', image([KERNEL, FIRST, CMDLINE])],
    ['eif-order', image([KERNEL, CMDLINE])],
    ['eif-order', image([KERNEL, KERNEL, CMDLINE, FIRST])],
    ['eif-order', image([KERNEL, CMDLINE, FIRST, CMDLINE])],
    ['eif-order', image([KERNEL, CMDLINE, METADATA, METADATA, FIRST])],
    ['eif-metadata', image([KERNEL, CMDLINE, section('metadata', '{'), FIRST])],
    ['eif-metadata', image([KERNEL, CMDLINE, section('metadata', ''), FIRST])],
    ['eif-signature', image([KERNEL, CMDLINE, FIRST, section('signature', 'x')])],
  ];
  for (const [reason, bytes] of rows) {
    const measured = measureImage(bytes);
    t.equal(measured.ok ? 'accepted' : measured.refusal.reason, reason);
  }
});

t.test('a signed image: PCR8 stands for its certificate, and the signature is for its PCR0', async (t) => {
  for (const curve of ['prime256v1', 'secp384r1', 'secp521r1'] as const) {
    const unsigned = [KERNEL, CMDLINE, FIRST];
    const signed = signImage(unsigned, curve);
    const measured = measureImage(image([...unsigned, signed.section]));
    t.ok(measured.ok, `${curve} ${measured.ok ? '' : measured.refusal.reason}`);
    if (!measured.ok) return;
    t.equal(hex(readPcr8(measured.value)), fresh(sha384(signed.certificate)));
    const other = measureImage(image([KERNEL, CMDLINE, SECOND, signed.section]));
    t.equal(other.ok ? 'accepted' : other.refusal.reason, 'eif-signature-invalid');
  }
});
