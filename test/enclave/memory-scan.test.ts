/** The enclave process's memory after many signatures: the seed is there as often as a key object needs it, and in no other form. */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import t from 'tap';
import { decodeCbor } from '../../enclave/link/cbor.ts';
import type { Seal } from '../../enclave/link/schema/seal.ts';
import { openSeal } from '../../enclave/seal.ts';
import { decryptBlob } from '../../scripts/dev/kms/blob.ts';
import type { World } from './helpers.ts';
import { createTestWallet, createWorld, grantLease, paymentOf, policyBlob, signWith } from './helpers.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const SIGNATURES = Math.max(100, Math.round(1_000 * SCALE));
/** Room for as many payments. */
const WIDE = policyBlob({
  assets: { SOL: { windows: [{ seconds: 86_400, max: '1000000000' }] } },
  lease: { maxSeconds: 3_600, slice: { SOL: '1000000000' } },
});
/** Bytes read at a time. */
const CHUNK = 16 * 1024 * 1024;

/** How often `needle` stands in the memory of a process, or null where it may not be read. */
function countInMemory(pid: number, needles: readonly Buffer[]): number[] | null {
  let mem: number;
  try {
    mem = openSync(`/proc/${pid}/mem`, 'r');
  } catch {
    return null;
  }
  const counts = needles.map(() => 0);
  const longest = Math.max(...needles.map(({ length }) => length));
  const buffer = Buffer.alloc(CHUNK + longest);
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? [];
    const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
    for (let at = start; at < end; at += CHUNK) {
      const length = readAt(mem, buffer, at, Math.min(CHUNK + longest, end - at));
      for (const [index, needle] of needles.entries()) {
        const limit = Math.min(CHUNK, length);
        for (let found = buffer.indexOf(needle); found >= 0 && found < limit && found + needle.length <= length; ) {
          counts[index] = (counts[index] as number) + 1;
          found = buffer.indexOf(needle, found + 1);
        }
      }
    }
  }
  closeSync(mem);
  return counts;
}

function readAt(file: number, buffer: Buffer, at: number, length: number): number {
  try {
    return readSync(file, buffer, 0, length, at);
  } catch {
    // A mapping that cannot be read, or is gone by now.
    return 0;
  }
}

/** The seeds, by opening the seal as the development KMS could. */
function readSeeds({ kms, kmsKeyArn }: World, bytes: Uint8Array): Buffer[] {
  const seal = decodeCbor(bytes) as Seal;
  const context = new Map([
    ['reeve:wallet', seal.wallet],
    ['reeve:owner', Buffer.from(seal.owner).toString('hex')],
    ['reeve:purpose', 'agent-key'],
  ]);
  const keys = openSeal(seal, new Uint8Array(decryptBlob(kms.keys.find(kmsKeyArn), seal.wrappedKey, context)));
  return [keys.agent, keys.receipt].map((key) => {
    const seed = Buffer.alloc(32);
    key.writeSeed(seed);
    return seed;
  });
}

t.test('seeds in memory: raw at most twice, as text never, and a planted copy is found', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startProcess();
  const pid = enclave.pid as number;
  const { agent, seal } = await createTestWallet(world, enclave, 'w', WIDE);
  await grantLease(enclave, 'w', { ceiling: [{ asset: 'SOL', amount: 1_000_000_000n }] });
  for (let number = 0; number < SIGNATURES; number++) {
    const { result } = await signWith(enclave, 'w', [paymentOf(agent, 1n, number)]);
    if (result.outcome !== 'signed') throw new Error(result.outcome);
  }
  const seeds = readSeeds(world, seal);
  const planted = Buffer.from('planted copy, thirty-two bytes..');
  const staged = { hash: new Uint8Array(32).fill(9), total: 64, offset: 0, bytes: new Uint8Array(planted) };
  await enclave.owner.request('blob.put', staged);
  const forms = seeds.flatMap((seed) => [
    seed,
    ...(['hex', 'base64'] as const).map((form) => Buffer.from(seed.toString(form))),
  ]);
  const counts = countInMemory(pid, [...forms, planted]);
  if (counts === null) return void t.pass('the scan', { skip: '/proc/PID/mem may not be read here' });
  const found = counts.at(-1) as number;
  t.ok(found >= 1, `the planted copy is found (${found})`);
  for (const [index, name] of ['agent', 'receipt'].entries()) {
    const [raw, hex, base64] = counts.slice(index * 3, index * 3 + 3) as [number, number, number];
    t.ok(raw <= 2, `${name} seed raw: ${raw}`);
    t.same([hex, base64], [0, 0], `${name} seed as text`);
  }
  t.equal(readFileSync(`/proc/${pid}/environ`, 'utf8'), '', 'no environment at all');
  const title = readFileSync(`/proc/${pid}/cmdline`);
  t.notOk(
    forms.some((form) => title.includes(form)),
    'nothing in the title',
  );
});
