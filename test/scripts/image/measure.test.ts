/** `reeve image measure` as a user runs it, and signatures that must not count. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import t from 'tap';
import { runCommand } from '../../../scripts/commands.ts';
import type { Section } from '../../../scripts/image/eif.ts';
import { writeEif } from '../../../scripts/image/eif.ts';
import { measureImage } from '../../../scripts/image/measurement.ts';
import { signImage } from './sign.ts';

const folder = mkdtempSync(join(tmpdir(), 'reeve-measure-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const section = (kind: Section['kind'], text: string): Section => ({ kind, flags: 0, body: Buffer.from(text) });
const parts = [section('kernel', 'k'), section('cmdline', 'quiet\u001b[2J'), section('ramdisk', 'r')];
const image = (sections: readonly Section[]) =>
  writeEif({ architecture: 'x86_64', memory: 1n << 30n, cpus: 2n, sections });

async function measure(bytes: Uint8Array, ...more: string[]): Promise<{ code: number; out: string; err: string }> {
  const file = join(folder, 'image.eif');
  writeFileSync(file, bytes);
  const texts = { out: '', err: '' };
  const sink = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, done) {
        texts[name] += String(chunk);
        done();
      },
    });
  const io = { stdout: sink('out'), stderr: sink('err'), stdin: Readable.from([]), env: {} };
  return { code: await runCommand(['image', 'measure', file, ...more], io), ...texts };
}

t.test('JSON for machines', async (t) => {
  const { code, out } = await measure(image(parts), '--json');
  const shown = JSON.parse(out) as Record<string, unknown>;
  t.equal(code, 0);
  t.strictSame(Object.keys(shown), [
    ...['pcr0', 'pcr1', 'pcr2', 'pcr8', 'crc32', 'architecture', 'commandLine', 'sections', 'signature', 'metadata'],
  ]);
  t.match(shown['pcr0'], /^[0-9a-f]{96}$/);
  t.match(shown['crc32'], /^[0-9a-f]{8}$/);
  t.strictSame(shown['metadata'], null);
  t.equal((shown['sections'] as unknown[]).length, 3);
});

t.test('text for people, control characters escaped', async (t) => {
  const { code, out } = await measure(image(parts));
  t.equal(code, 0);
  t.match(out, /^pcr0 {2}[0-9a-f]{96}\n/);
  t.notOk(out.includes('\u001b'));
  t.match(out, 'not signed');
});

t.test('a malformed file: exit 1 and the reason', async (t) => {
  const bytes = image(parts);
  bytes[bytes.length - 1] = 0;
  const { code, out, err } = await measure(bytes, '--json');
  t.equal(code, 1);
  t.match(err, 'eif-crc');
  t.equal((JSON.parse(out) as { error: { code: string; number: number } }).error.number, 2212);
  t.equal((await measure(Buffer.from('#!/bin/sh\n'))).code, 1);
});

t.test('no file, or two: exit 1, exit 2', async (t) => {
  const io = { stdout: new Writable(), stderr: new Writable({ write: (_chunk, _encoding, done) => done() }) };
  const more = { ...io, stdin: Readable.from([]), env: {} };
  t.equal(await runCommand(['image', 'measure', join(folder, 'none.eif')], more), 1);
  t.equal(await runCommand(['image', 'measure'], more), 2);
});

t.test('signatures that must not count', async (t) => {
  const { section: good } = signImage(parts, 'secp384r1');
  const flipped = Uint8Array.from(good.body, (byte, index) => (index === good.body.length - 1 ? byte ^ 1 : byte));
  const rows: [string, Section][] = [
    ['eif-signature-invalid', signImage(parts, 'secp384r1', { register: 1 }).section],
    ['eif-signature-invalid', signImage(parts, 'secp384r1', { algorithm: -7 }).section],
    ['eif-signature-invalid', { ...good, body: flipped }],
    ['eif-signature', signImage(parts, 'secp384r1', { brokenKey: true }).section],
    ['eif-signature', { ...good, body: good.body.subarray(1) }],
    ['eif-signature', { ...good, body: Buffer.concat([good.body, Buffer.alloc(1)]) }],
  ];
  for (const [reason, signature] of rows) {
    const measured = measureImage(image([...parts, signature]));
    t.equal(measured.ok ? 'accepted' : measured.refusal.reason, reason);
  }
});
