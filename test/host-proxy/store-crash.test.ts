/**
 * The store on a disk that loses, tears and re-orders what was not synced, and on one that fails at any call: what was acknowledged is there, whatever
 * happens, and a store that failed works again when the disk does.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { isReeveError } from '../../enclave/link/errors.ts';
import type { WireAppend } from '../../enclave/link/messages.ts';
import { openStore } from '../../host-proxy/store/store.ts';
import type { WalletStore } from '../../host-proxy/store/wallet.ts';
import { createWalletDirectory, openWalletStore } from '../../host-proxy/store/wallet.ts';
import { seedRandom } from '../fuzz/random.ts';
import { makeKey } from '../keys.ts';
import type { FakeWallet } from './fake-wallet.ts';
import { makeSeal, makeWallet, signHead, writeDecision } from './fake-wallet.ts';
import type { Call, MemoryDisk } from './memory-disk.ts';
import { createMemoryDisk, failure } from './memory-disk.ts';

t.setTimeout(3_600_000);

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
/** Power cuts at each call of the store. */
const CUTS = Math.max(3, Math.round(200 * SCALE));
/** Of the 64-record store every so many-th byte and bit. */
const STEP = SCALE >= 1 ? 1 : 29;

const BOOT = makeKey('boot').key;
const folder = mkdtempSync(join(tmpdir(), 'rv-crash-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** Every receipt the enclave made, in order, and the next ones as it would hand them over. */
function createSource() {
  const wallet: FakeWallet = makeWallet('alice', new Uint8Array(32));
  const made: Uint8Array[] = [];
  const next = (count: number): WireAppend => {
    for (let index = 0; index < count; index += 1) writeDecision(wallet, BOOT, 'deny');
    const receipts = wallet.unstored.splice(0).map(({ bytes }) => bytes);
    made.push(...receipts);
    return { wallet: 'alice', receipts, signedHead: signHead(wallet, BOOT) };
  };
  /** What is not stored yet, as `receipts.since` gives it. */
  const since = (seq: number): WireAppend => ({
    wallet: 'alice',
    receipts: made.slice(seq),
    signedHead: signHead(wallet, BOOT),
  });
  return { wallet, made, next, since };
}

const SEAL = makeSeal(makeWallet('alice', new Uint8Array(32)));

/** Stores batches of one to five receipts, some of them while another is being written. */
async function storeBatches(
  store: WalletStore,
  source: ReturnType<typeof createSource>,
  onStored: (seq: number) => void,
) {
  for (let round = 0; round < 6; round += 1) {
    const waits = [1 + (round % 5), 1, 2].map((count) => {
      store.accept(source.next(count));
      const seq = source.made.length;
      return store.waitStored(seq).then(() => onStored(seq));
    });
    await Promise.all(waits);
  }
}

interface Cut {
  readonly at: Call;
  readonly disk: MemoryDisk;
  /** What was acknowledged by then. */
  readonly stored: number;
  readonly sealed: boolean;
}

t.test(`the power goes before every call, ${CUTS} times each: nothing acknowledged is lost`, async (t) => {
  const random = seedRandom(20261120);
  const draw = () => random.below(2 ** 30) / 2 ** 30;
  const [disk, source, cuts] = [createMemoryDisk(), createSource(), [] as Cut[]];
  const known = { stored: 0, sealed: false };
  disk.before = (at) => {
    for (let count = 0; count < CUTS; count += 1) cuts.push({ at, disk: disk.cut(draw), ...known });
  };
  const store = await openStore(folder, disk);
  const wallet = await store.create('alice');
  await wallet.writeSeal(SEAL);
  known.sealed = true;
  await storeBatches(wallet, source, (seq) => {
    known.stored = Math.max(known.stored, seq);
  });
  await store.close();
  t.equal(known.stored, source.made.length);
  t.ok(new Set(cuts.map(({ at }) => at)).size > 12, `${cuts.length} cuts`);
  const lost: string[] = [];
  let [older, newer] = [0, 0];
  for (const cut of cuts) {
    const again = await openStore(folder, cut.disk);
    const found = again.find('alice');
    const seq = found?.storedSeq() ?? 0;
    const receipts = found === undefined ? [] : await found.readReceipts(0);
    const whole =
      receipts.length === seq &&
      receipts.every((bytes, index) => Buffer.from(bytes).equals(source.made[index] as Uint8Array));
    if (again.damaged.size > 0 || (cut.sealed && found === undefined) || seq < cut.stored || !whole)
      lost.push(`${cut.at}: ${seq} of ${cut.stored}, whole ${whole}, damaged ${[...again.damaged.values()]}`);
    if (cut.sealed && Buffer.compare((await found?.readSeal()) ?? Buffer.alloc(0), SEAL) !== 0)
      lost.push(`${cut.at}: seal`);
    if (seq > cut.stored) newer += 1;
    else older += 1;
    await again.close();
  }
  t.strictSame(lost, []);
  t.ok(older > 0 && newer > 0, `${older} times what was acknowledged, ${newer} times more`);
});

t.test('after a cut the chain goes on from where the store ends', async (t) => {
  const random = seedRandom(7);
  const draw = () => random.below(2 ** 30) / 2 ** 30;
  const [disk, source] = [createMemoryDisk(), createSource()];
  await createWalletDirectory('/w/alice', disk);
  const first = await openWalletStore('alice', '/w/alice', disk);
  const cuts: MemoryDisk[] = [];
  disk.before = (call) => {
    if (call.startsWith('sync ')) cuts.push(disk.cut(draw));
  };
  await storeBatches(first, source, () => undefined);
  for (const cut of cuts) {
    const store = await openWalletStore('alice', '/w/alice', cut);
    t.ok(store.accept(source.since(store.storedSeq())));
    await store.waitStored(source.made.length);
    t.equal((await store.readReceipts(0)).length, source.made.length);
    await store.close();
    t.equal((await openWalletStore('alice', '/w/alice', cut)).storedSeq(), source.made.length);
  }
});

/** One store script; returns the calls it made. `fail` is asked at each. */
async function runScript(disk: MemoryDisk, source: ReturnType<typeof createSource>): Promise<WalletStore> {
  const store = await openWalletStore('alice', '/w/alice', disk);
  for (let round = 0; round < 3; round += 1) {
    store.accept(source.next(2));
    const seq = source.made.length;
    for (let tries = 0; store.storedSeq() < seq; tries += 1) {
      if (tries > 3) throw new Error('it never stored');
      await store.waitStored(seq).catch((cause) => {
        if (!isReeveError(cause, 'store-failed')) throw cause;
        store.accept(source.since(store.storedSeq()));
      });
    }
  }
  return store;
}

for (const code of ['ENOSPC', 'EIO'] as const) {
  t.test(`${code} at every call in turn: store-failed, and all is stored when the disk works again`, async (t) => {
    const counted = createMemoryDisk();
    await createWalletDirectory('/w/alice', counted);
    let calls = 0;
    const opened = await openWalletStore('alice', '/w/alice', counted);
    counted.before = () => {
      calls += 1;
    };
    await runScript(counted, createSource());
    await opened.close();
    t.ok(calls >= 12, `${calls} calls`);
    let failed = 0;
    for (let failing = 0; failing < calls; failing += 1) {
      const [disk, source] = [createMemoryDisk(), createSource()];
      await createWalletDirectory('/w/alice', disk);
      let call = 0;
      disk.before = (name) => {
        call += 1;
        if (call - 1 !== failing || name.startsWith('read ') || name.startsWith('list ')) return;
        failed += 1;
        throw failure(code);
      };
      const store = await runScript(disk, source).catch(async () => {
        // It failed while it was being opened: whoever opens it tries again.
        return runScript(disk, source);
      });
      t.equal(store.storedSeq(), source.made.length);
      t.equal((await store.readReceipts(0)).length, source.made.length);
      const cut = disk.cut(() => 0);
      t.equal(
        (await openWalletStore('alice', '/w/alice', cut)).storedSeq(),
        source.made.length,
        'and really on the disk',
      );
    }
    t.ok(failed >= 10, `${failed} failed calls`);
  });
}

t.test('a cut of the tail that fails half-way is done again before anything is written', async (t) => {
  for (const failing of ['open', 'truncate', 'sync', 'read', 'list'] as const) {
    const [disk, source] = [createMemoryDisk(), createSource()];
    await createWalletDirectory('/w/alice', disk);
    const store = await openWalletStore('alice', '/w/alice', disk);
    store.accept(source.next(2));
    await store.waitStored(2);
    // The receipts of this batch come, its head does not: they are on the disk and never released.
    disk.before = (call) => {
      if (call === 'write /w/alice/head.slots') throw failure('EIO');
    };
    store.accept(source.next(3));
    await t.rejects(store.waitStored(5), { code: 'store-failed' });
    let hits = 0;
    disk.before = (call) => {
      if (!call.startsWith(failing) || call.includes('head.slots')) return;
      hits += 1;
      if (hits === 1) throw failure('EIO');
    };
    await t.rejects(store.rewind(), { code: 'EIO' });
    t.equal(store.heldSeq(), 2);
    store.accept(source.since(2));
    await store.waitStored(5).catch(() => undefined);
    store.accept(source.since(store.storedSeq()));
    await store.waitStored(5);
    t.equal((await store.readReceipts(0)).length, 5);
    await store.close();
    t.equal((await openWalletStore('alice', '/w/alice', disk)).storedSeq(), 5);
  }
});

/** A synced store of 64 receipts, and how to look at it after its bytes were changed. */
async function make64() {
  const [disk, source] = [createMemoryDisk(), createSource()];
  await createWalletDirectory('/w/alice', disk);
  const store = await openWalletStore('alice', '/w/alice', disk);
  for (let seq = 1; seq <= 64; seq += 1) {
    store.accept(source.next(1));
    await store.waitStored(seq);
  }
  await store.close();
  const path = '/w/alice/receipts/0000000001.seg';
  const whole = await disk.read(path);
  const look = async (bytes: Uint8Array): Promise<string> => {
    const file = await disk.open(path, 'replace');
    await file.write(bytes, 0);
    try {
      const again = await openWalletStore('alice', '/w/alice', disk);
      const receipts = await again.readReceipts(0);
      await again.close();
      const same = receipts.every((receipt, index) => Buffer.from(receipt).equals(source.made[index] as Uint8Array));
      return same ? `${receipts.length}` : 'changed';
    } catch (cause) {
      return isReeveError(cause) ? cause.code : String(cause);
    }
  };
  return { whole, look, lastTwo: whole.length - 16 - (source.made[62]?.length ?? 0) - (source.made[63]?.length ?? 0) };
}

t.test('64 records cut at every byte: all of them, or store-damaged', async (t) => {
  const { whole, look } = await make64();
  const seen = new Set<string>();
  for (let size = 0; size < whole.length; size += STEP) seen.add(await look(whole.subarray(0, size)));
  t.strictSame([...seen], ['store-damaged']);
  t.equal(await look(whole), '64');
  t.equal(await look(Buffer.concat([whole, whole.subarray(0, 100)])), '64', 'what no head covers is cut');
});

t.test('every single bit of the last two of 64 records: all of them, or store-damaged', async (t) => {
  const { whole, look, lastTwo } = await make64();
  const seen = new Set<string>();
  for (let bit = lastTwo * 8; bit < whole.length * 8; bit += STEP) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    seen.add(await look(flipped));
  }
  t.strictSame([...seen], ['store-damaged']);
});
