import { appendFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import t from 'tap';
import { hashReceipt } from '../../enclave/link/receipts.ts';
import { verify } from '../../scripts/audit/verify.ts';
import type { FakeWallet } from './fake-wallet.ts';
import { signHead } from './fake-wallet.ts';
import { run, startLeased } from './owner-support.ts';

const machine = await startLeased('w1');
const { host, folder } = machine;
const wallet = host.wallets.get('w1') as FakeWallet;
for (let round = 0; round < 6; round += 1) host.addReceipt('w1', 'close', { spentInBoot: [] });
const receipts = [...wallet.receipts];
const segments = join(folder, 'receipts');
const newest = receipts.at(-1) as Uint8Array;
const HEAD = `${receipts.length}:${Buffer.from(hashReceipt(newest)).toString('hex')}`;

function audit(...argv: string[]) {
  return run(verify.run, ['w1', '--json', '--profile', machine.profilePath, ...argv]);
}

/** The receipts as a host stores them, in two segments. */
function store(list: readonly Uint8Array[]): void {
  rmSync(segments, { recursive: true, force: true });
  mkdirSync(segments);
  list.forEach((receipt, index) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(receipt.length, 0);
    head.writeUInt32BE(crc32(receipt), 4);
    appendFileSync(join(segments, index < 4 ? '0000000001.seg' : '0000000005.seg'), Buffer.concat([head, receipt]));
  });
}

t.test('a folder, without and with a head', async (t) => {
  store(receipts);
  const alone = await audit('--receipts', segments);
  t.match(alone, { code: 0, json: { valid: true, receipts: 8, tailProven: false, kinds: { command: 2, close: 6 } } });
  const person = await run(verify.run, ['w1', '--receipts', segments]);
  t.match(person.out, /8 receipts in order .*, tail not proven/);
  t.match(await audit('--receipts', segments, '--head', HEAD), { code: 0, json: { tailProven: true } });
});

t.test('from the host, with the head of an attestation or of the witness', async (t) => {
  const admin = ['--admin', `unix:${host.path}`];
  t.match(await audit(...admin, '--attest'), { code: 0, json: { tailProven: true, provenUpTo: 8 } });
  t.match(await audit(...admin, '--witness'), { code: 0, json: { tailProven: false, provenUpTo: 1 } });
  t.equal((await machine.owner('lease', '--once')).code, 0, 'the renewer notes the head it saw attested');
  t.match(await audit(...admin, '--witness'), { code: 0, json: { tailProven: true, provenUpTo: 8 } });
  t.match(await audit(...admin), { code: 0, json: { tailProven: false } });
});

t.test('a signed head says who wrote it', async (t) => {
  store(receipts);
  const file = join(folder, 'head.cbor');
  writeFileSync(file, signHead('w1', wallet));
  t.match(await audit('--receipts', segments, '--signed-head', file), { code: 0, json: { author: 'signed' } });
  writeFileSync(file, signHead('w2', wallet));
  t.match(await audit('--receipts', segments, '--signed-head', file), {
    code: 1,
    json: { error: { code: 'chain-invalid' } },
  });
});

t.test('every way to spoil a chain is found', async (t) => {
  const swapped = [...receipts];
  [swapped[2], swapped[3]] = [receipts[3] as Uint8Array, receipts[2] as Uint8Array];
  const changed = [...receipts];
  changed[3] = Uint8Array.from(receipts[3] as Uint8Array, (byte, index) => (index === 60 ? byte ^ 1 : byte));
  const rows: readonly (readonly [string, readonly Uint8Array[], string | null])[] = [
    ['one missing in the middle', receipts.filter((_, index) => index !== 3), null],
    ['one missing at the start', receipts.slice(1), null],
    ['two swapped', swapped, null],
    ['one changed', changed, null],
    ['one twice', [...receipts, newest], null],
    ['cut short of a known head', receipts.slice(0, 6), HEAD],
    ['another chain than the known head', receipts, `8:${'ab'.repeat(32)}`],
  ];
  for (const [what, list, head] of rows) {
    store(list);
    const argv = head === null ? [] : ['--head', head];
    const { code, json } = await audit('--receipts', segments, ...argv);
    t.match({ code, json }, { code: 1, json: { error: { code: /chain-invalid|cbor-malformed/ } } }, what);
  }
});

t.test('room for receipts that did not come is no receipt, in any segment', async (t) => {
  store(receipts);
  for (const name of ['0000000001.seg', '0000000005.seg']) appendFileSync(join(segments, name), Buffer.alloc(4_096));
  t.match(await audit('--receipts', segments), { code: 0, json: { receipts: 8 } });
  appendFileSync(join(segments, '0000000001.seg'), Buffer.of(1));
  t.match(await audit('--receipts', segments), { code: 1, json: { error: { code: 'chain-invalid' } } });
});

t.test('a torn tail is left out, a torn middle is not', async (t) => {
  store(receipts);
  const size = receipts.slice(4).reduce((sum, { length }) => sum + length + 8, 0);
  truncateSync(join(segments, '0000000005.seg'), size - 3);
  t.match(await audit('--receipts', segments), { code: 0, json: { receipts: 7 } });
  store(receipts);
  const first = receipts.slice(0, 4).reduce((sum, { length }) => sum + length + 8, 0);
  truncateSync(join(segments, '0000000001.seg'), first - 3);
  t.match(await audit('--receipts', segments), { code: 1, json: { error: { code: 'chain-invalid' } } });
});
