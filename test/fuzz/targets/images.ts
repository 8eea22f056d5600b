/** Enclave images. Every change would fail the checksum, so it is made right again: what is behind it is what is fuzzed. */
import { crc32 } from 'node:zlib';
import { EIF_HEADER_BYTES, readEif, writeEif } from '../../../scripts/image/eif.ts';
import { measureImage } from '../../../scripts/image/measurement.ts';
import { signImage } from '../../scripts/image/sign.ts';
import type { Answer, Target } from '../harness.ts';

const section = (kind: 'kernel' | 'cmdline' | 'ramdisk' | 'metadata', text: string) => ({
  kind,
  flags: 0,
  body: new TextEncoder().encode(text),
});
const parts = [section('kernel', 'kernel'), section('cmdline', 'quiet'), section('ramdisk', 'ramdisk')];
const head = { architecture: 'x86_64', memory: 1n << 30n, cpus: 2n } as const;
const seeds = [
  writeEif({ ...head, sections: parts }),
  writeEif({ ...head, architecture: 'aarch64', sections: [...parts, section('metadata', '{"a":[1]}')] }),
  writeEif({ ...head, sections: [...parts, signImage(parts, 'prime256v1').section] }),
];

function run(input: Uint8Array): Answer {
  const image = Uint8Array.from(input);
  if (image.length >= EIF_HEADER_BYTES) {
    const sum = crc32(image.subarray(EIF_HEADER_BYTES), crc32(image.subarray(0, EIF_HEADER_BYTES - 4)));
    new DataView(image.buffer).setUint32(EIF_HEADER_BYTES - 4, sum);
  }
  const read = readEif(image);
  if (read.ok && !Buffer.from(writeEif(read.value)).equals(image)) throw new Error('written again it is another image');
  const measured = measureImage(image);
  return { code: measured.ok ? 'ok' : measured.refusal.reason };
}

export const images: Target = {
  name: 'images',
  inputs: 100_000,
  longest: 4_000,
  seeds,
  tokens: [
    ...['2e656966', '0004', '0000000000000224', '000000000000000c', '00010000', '00040000', '00050000'].map((hex) =>
      Uint8Array.fromHex(hex),
    ),
    new TextEncoder().encode('{}'),
  ],
  run,
};
