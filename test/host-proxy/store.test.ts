/** The store under crashes: cut at every byte, bits flipped, disks that refuse. A stored receipt is never silently lost. */

import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { isReeveError } from '../../enclave/link/errors.ts';
import type { WireAppend } from '../../enclave/link/messages.ts';
import { openStore } from '../../host-proxy/store/store.ts';
import type { WalletStore } from '../../host-proxy/store/wallet.ts';
import { createWalletDirectory, openWalletStore } from '../../host-proxy/store/wallet.ts';
import { makeKey } from '../keys.ts';
import type { FakeWallet } from './fake-wallet.ts';
import { makeSeal, makeWallet, signHead, writeDecision } from './fake-wallet.ts';

const BOOT = makeKey('boot').key;
const folder = mkdtempSync(join(tmpdir(), 'rv-store-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** The next receipts of a chain as the enclave would hand them over. */
function next(wallet: FakeWallet, count: number): WireAppend {
  for (let index = 0; index < count; index += 1) writeDecision(wallet, BOOT, 'deny');
  const receipts = wallet.unstored.splice(0).map(({ bytes }) => bytes);
  return { wallet: wallet.name, receipts, signedHead: signHead(wallet, BOOT) };
}

const append = async (store: WalletStore, batch: WireAppend, seq: number) => {
  t.ok(store.accept(batch));
  await store.waitStored(seq);
};

/** A folder with `count` receipts, each its own batch, closed in order. */
async function makeChain(name: string, count: number): Promise<{ directory: string; wallet: FakeWallet }> {
  const directory = join(folder, name);
  await createWalletDirectory(directory);
  const wallet = makeWallet('alice', new Uint8Array(32));
  const store = await openWalletStore('alice', directory);
  for (let seq = 1; seq <= count; seq += 1) await append(store, next(wallet, 1), seq);
  await store.close();
  return { directory, wallet };
}

const segment = (directory: string) => join(directory, 'receipts', '0000000001.seg');

async function reopen(directory: string): Promise<number | string> {
  let store: WalletStore | undefined;
  try {
    store = await openWalletStore('alice', directory);
    const seq = store.storedSeq();
    const receipts = await store.readReceipts(0);
    return receipts.length === seq ? seq : `${receipts.length} receipts, seq ${seq}`;
  } catch (cause) {
    return isReeveError(cause) ? cause.code : String(cause);
  } finally {
    await store?.close();
  }
}

t.test('what was stored is there again, and the chain goes on', async (t) => {
  const { directory, wallet } = await makeChain('plain', 5);
  const store = await openWalletStore('alice', directory);
  t.equal(store.storedSeq(), 5);
  await append(store, next(wallet, 3), 8);
  t.equal((await store.readReceipts(6)).length, 2);
  t.equal((await store.readReceipts(2, 3)).length, 3);
  t.equal(store.newestHead()?.head.seq, 8);
  await store.close();
  t.equal(await reopen(directory), 8);
});

t.test('group commit: many batches at once are all stored, in order', async (t) => {
  const directory = join(folder, 'group');
  await createWalletDirectory(directory);
  const store = await openWalletStore('alice', directory);
  const wallet = makeWallet('alice', new Uint8Array(32));
  const waits = Array.from({ length: 200 }, (_, index) => {
    store.accept(next(wallet, 1));
    return store.waitStored(index + 1);
  });
  await Promise.all(waits);
  t.equal((await store.readReceipts(0)).length, 200);
  await store.close();
  t.equal(await reopen(directory), 200);
});

t.test('a gap is named, a repeated receipt passed over, a fork refused', async (t) => {
  const directory = join(folder, 'gap');
  await createWalletDirectory(directory);
  const store = await openWalletStore('alice', directory);
  const wallet = makeWallet('alice', new Uint8Array(32));
  const fork = makeWallet('alice', new Uint8Array(32).fill(1));
  const [first, second, third] = [next(wallet, 1), next(wallet, 1), next(wallet, 1)];
  await append(store, first, 1);
  t.equal(store.accept(third), false);
  t.equal(store.heldSeq(), 1);
  await append(store, second, 2);
  t.ok(store.accept(second));
  await append(store, third, 3);
  t.throws(() => store.accept({ ...next(fork, 4) }), { code: 'chain-invalid' });
  t.equal(store.storedSeq(), 3);
  await store.close();
});

t.test('a head over receipts that are still missing stores nothing of itself', async (t) => {
  const directory = join(folder, 'ahead');
  await createWalletDirectory(directory);
  const store = await openWalletStore('alice', directory);
  const whole = next(makeWallet('alice', new Uint8Array(32)), 3);
  t.equal(store.accept({ ...whole, receipts: whole.receipts.slice(0, 2) }), false);
  t.equal(store.heldSeq(), 2);
  t.ok(store.accept(whole));
  await store.waitStored(3);
  t.equal(store.storedSeq(), 3);
  await store.close();
});

t.test('cut at every byte: the whole chain, or store-damaged', async (t) => {
  const { directory } = await makeChain('cut', 6);
  const whole = readFileSync(segment(directory));
  const seen = new Set<number | string>();
  for (let size = 0; size < whole.length; size += 1) {
    writeFileSync(segment(directory), whole.subarray(0, size));
    seen.add(await reopen(directory));
  }
  t.strictSame([...seen], ['store-damaged']);
  writeFileSync(segment(directory), whole);
  t.equal(await reopen(directory), 6);
});

t.test('a batch that was being written when the power went is cut, wherever it tore', async (t) => {
  const { directory, wallet } = await makeChain('torn', 4);
  const copy = join(folder, 'torn-copy');
  cpSync(directory, copy, { recursive: true });
  const store = await openWalletStore('alice', copy);
  await append(store, next(wallet, 2), 6);
  await store.close();
  const before = readFileSync(segment(directory)).length;
  const after = readFileSync(segment(copy));
  for (let size = before; size <= after.length; size += 7) {
    writeFileSync(segment(directory), after.subarray(0, size));
    t.equal(await reopen(directory), 4);
    t.equal(readFileSync(segment(directory)).length, before);
  }
});

t.test('every bit of the last two records: the whole chain or store-damaged', async (t) => {
  const { directory } = await makeChain('flip', 3);
  const whole = readFileSync(segment(directory));
  const start = Math.floor(whole.length / 3);
  const seen = new Map<number | string, number>();
  for (let bit = start * 8; bit < whole.length * 8; bit += 3) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(segment(directory), flipped);
    const result = await reopen(directory);
    seen.set(result, (seen.get(result) ?? 0) + 1);
  }
  t.strictSame([...seen.keys()], ['store-damaged']);
  t.ok((seen.get('store-damaged') ?? 0) > 1000);
});

t.test('every byte of the head file: never fewer receipts than were stored without a word', async (t) => {
  const { directory } = await makeChain('head', 3);
  const path = join(directory, 'head.slots');
  const whole = readFileSync(path);
  const seen = new Set<number | string>();
  for (let at = 0; at < whole.length; at += 5) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 0x40;
    writeFileSync(path, changed);
    seen.add(await reopen(directory));
  }
  t.strictSame([...seen].sort(), [3, 'store-damaged']);
  rmSync(path);
  t.equal(await reopen(directory), 'store-damaged');
});

t.test('segments follow each other, and what no head covers is cut across them', async (t) => {
  const { directory, wallet } = await makeChain('segments', 2);
  const extra = join(directory, 'receipts', '0000000003.seg');
  copyFileSync(segment(directory), extra);
  t.equal(await reopen(directory), 2);
  t.strictSame(readdirSync(join(directory, 'receipts')), ['0000000001.seg']);
  const store = await openWalletStore('alice', directory);
  await append(store, next(wallet, 1), 3);
  await store.rewind();
  t.equal(store.heldSeq(), 3);
  await store.close();
});

t.test('a record that is damaged in an older segment is said, never passed over', async (t) => {
  const directory = join(folder, 'older');
  await createWalletDirectory(directory);
  const store = await openWalletStore('alice', directory);
  const wallet = makeWallet('alice', new Uint8Array(32));
  const batches = 20;
  for (let batch = 1; batch <= batches; batch += 1) await append(store, next(wallet, 500), batch * 500);
  const files = readdirSync(join(directory, 'receipts')).sort();
  t.equal(files[0], '0000000001.seg');
  t.ok(files.length > 1, 'a new segment begins where one is full');
  const total = batches * 500;
  t.equal((await store.readReceipts(0, total)).length, total);
  const second = Number(files[1]?.slice(0, 10));
  t.equal((await store.readReceipts(second - 3, 4)).length, 4, 'across the border');
  const bytes = readFileSync(segment(directory));
  bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
  writeFileSync(segment(directory), bytes);
  await t.rejects(store.readReceipts(0, total), { code: 'store-damaged' });
  t.equal((await store.readReceipts(second - 1)).length, 500, 'the others are still read');
  rmSync(segment(directory));
  await t.rejects(store.readReceipts(0), { code: 'receipts-pruned' });
  t.equal((await store.readReceipts(second - 1)).length, 500);
  await store.close();
  t.equal(await reopen(directory), 'receipts-pruned', 'a start needs the newest segment only');
});

t.test('what a killed process left of a file it was writing is swept', async (t) => {
  const { directory } = await makeChain('drafts', 1);
  const draft = join(directory, 'policies', 'x.json.4711-3.tmp');
  writeFileSync(draft, 'half');
  t.equal(await reopen(directory), 1);
  t.strictSame(readdirSync(join(directory, 'policies')), []);
});

t.test('a disk that refuses gives store-failed, and the receipts are taken again when it has room', async (t) => {
  const directory = join(folder, 'full');
  await createWalletDirectory(directory);
  const store = await openWalletStore('alice', directory);
  const wallet = makeWallet('alice', new Uint8Array(32));
  const receipts = join(directory, 'receipts');
  rmSync(receipts, { recursive: true });
  const batch = next(wallet, 2);
  t.ok(store.accept(batch));
  await t.rejects(store.waitStored(2), { code: 'store-failed' });
  t.equal(store.heldSeq(), 0);
  mkdirSync(receipts);
  await append(store, batch, 2);
  await store.close();
  t.equal(await reopen(directory), 2);
});

t.test('one process at a time; a wallet that is damaged leaves the others alone', async (t) => {
  const root = join(folder, 'store');
  const store = await openStore(root);
  for (const name of ['alice', 'bob'])
    await (await store.create(name)).writeSeal(makeSeal(makeWallet(name, new Uint8Array(32))));
  const made = await store.create('carol');
  await append(made, next(makeWallet('carol', new Uint8Array(32)), 2), 2);
  await t.rejects(store.create('carol'), { code: 'wallet-exists' }, 'receipts without a seal: one of them has it');
  await store.create('dave');
  await t.rejects(openStore(root), { code: 'store-locked' });
  await t.rejects(store.create('alice'), { code: 'wallet-exists' });
  await store.close();
  truncateSync(join(root, 'wallets', 'bob', 'head.slots'), 10);
  rmSync(join(root, 'wallets', 'bob', 'receipts'), { recursive: true });
  const again = await openStore(root);
  t.strictSame(
    again.list().map(({ name }) => name),
    ['alice', 'carol'],
    'what has neither seal nor receipts is not there',
  );
  t.strictSame([...again.damaged.keys()], ['bob']);
  await t.rejects(again.create('bob'), { code: 'wallet-exists' });
  await again.discard('carol');
  t.ok(again.find('carol'), 'a wallet with receipts is never discarded');
  await again.close();
});
