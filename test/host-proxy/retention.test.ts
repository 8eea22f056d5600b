/** Old receipts are moved out, whole segments at a time: never what a restore reads, never while a host proxy runs. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { keepPolicy } from '../../host-proxy/store/policies.ts';
import type { Store } from '../../host-proxy/store/store.ts';
import { openStore } from '../../host-proxy/store/store.ts';
import { readCurrentPolicy, readTail } from '../../host-proxy/store/tail.ts';
import { checkChain, readSegments } from '../../scripts/audit/chain.ts';
import { prune } from '../../scripts/audit/prune.ts';
import { makeKey } from '../keys.ts';
import { run } from '../scripts/owner-support.ts';
import type { FakeWallet } from './fake-wallet.ts';
import {
  createCommand,
  makeSeal,
  makeWallet,
  POLICY,
  sha256,
  signHead,
  writeBoot,
  writeReceipt,
} from './fake-wallet.ts';

const BOOT = makeKey('boot').key;
/** Checkpoints of 8 KB: a segment of 2 MiB holds some 260. */
const RECEIPTS = 900;
const STATE_BYTES = 8000;

const folder = mkdtempSync(join(tmpdir(), 'rv-prune-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** A wallet whose receipts were written one every hour, the last one now. */
async function fill(root: string): Promise<FakeWallet> {
  const store: Store = await openStore(root);
  const stored = await store.create('alice');
  const wallet = makeWallet('alice', sha256(POLICY));
  const create = createCommand('alice', BOOT);
  await keepPolicy(stored, POLICY, create.envelope, create.body);
  const start = Date.now() - RECEIPTS * 3_600_000;
  writeBoot(wallet, BOOT, 0, BigInt(start));
  const command = { seq: 1, signers: [], envelope: create.envelope, policyHash: wallet.policyHash, policyVersion: 1 };
  writeReceipt(
    wallet,
    BOOT,
    'command',
    { ...command, command: 'wallet.create', seal: makeSeal(wallet) },
    BigInt(start),
  );
  while (wallet.seq < RECEIPTS) {
    const time = BigInt(start + wallet.seq * 3_600_000);
    const rest = { messageHashes: [], signatures: [], charges: [], entries: [], effects: [], violations: [], count: 1 };
    if (wallet.seq % 50 === 0)
      writeReceipt(wallet, BOOT, 'decision', { decision: 'deny', policyHash: wallet.policyHash, ...rest }, time);
    else writeReceipt(wallet, BOOT, 'checkpoint', { part: 1, parts: 1, state: new Uint8Array(STATE_BYTES) }, time);
    if (wallet.seq % 100 > 0 && wallet.seq < RECEIPTS) continue;
    const receipts = wallet.unstored.splice(0).map(({ bytes }) => bytes);
    stored.accept({ wallet: 'alice', receipts, signedHead: signHead(wallet, BOOT) });
    await stored.waitStored(wallet.seq);
  }
  await stored.writeSeal(makeSeal(wallet));
  await store.close();
  return wallet;
}

const facts = async (root: string) => {
  const store = await openStore(root);
  const wallet = store.find('alice');
  if (wallet === undefined) throw new Error('no wallet');
  const tail = await readTail(wallet);
  const policy = await readCurrentPolicy(wallet, tail.policyHash);
  const refused = await wallet.readReceipts(0).catch((cause) => cause.code);
  const newest = await wallet.readReceipts(wallet.storedSeq() - 3);
  await store.close();
  return {
    tail: tail.receipts.map((bytes) => Buffer.from(bytes).toString('hex')),
    version: policy.version,
    refused,
    newest,
  };
};

t.test('what is old leaves, what a restore reads stays, and together they are the whole chain', async (t) => {
  const root = join(folder, 'store');
  const to = join(folder, 'archive');
  await fill(root);
  const receipts = join(root, 'wallets', 'alice', 'receipts');
  const before = await facts(root);
  const files = readdirSync(receipts).sort();
  t.ok(files.length >= 3, `${files.length} segments`);
  const audit = (days: string) =>
    run(prune.run, ['alice', '--json', '--store', root, '--to', to, '--older-than', days]);
  const locked = await openStore(root);
  t.match(await audit('10'), { code: 1, err: /store-locked/ });
  await locked.close();
  t.match(await audit('1000'), { code: 0, json: { segments: 0 } }, 'nothing is that old');
  t.match(await audit('20'), { code: 0, json: { segments: 1, wallet: 'alice' } });
  t.strictSame(readdirSync(to), files.slice(0, 1));
  const all = await audit('0');
  t.match(all, { code: 0 });
  const left = readdirSync(receipts).sort();
  t.ok(left.length >= 1 && left.length < files.length, `${left.length} left`);
  const after = await facts(root);
  t.strictSame(after.tail, before.tail, 'a restart reads what it read before');
  t.equal(after.version, before.version);
  t.strictSame(after.newest, before.newest);
  t.equal(after.refused, 'receipts-pruned', 'what is gone is said');
  const whole = [...readSegments(to), ...readSegments(receipts)];
  t.equal(checkChain('alice', whole, null).receipts.length, RECEIPTS, 'nothing is lost');
  t.match(await audit('0'), { json: { segments: 0 } }, 'again: nothing');
});

t.test('wrong use, an unknown wallet, a seal that is only in the receipts', async (t) => {
  const root = join(folder, 'store');
  const to = join(folder, 'nowhere');
  const rows: readonly [string[], number, RegExp][] = [
    [['alice'], 2, /--store/],
    [['alice', '--store', root, '--to', to], 2, /--older-than/],
    [['alice', '--store', root, '--to', to, '--older-than', '-1'], 2, /--older-than/],
    [['bob', '--store', root, '--to', to, '--older-than', '1'], 1, /wallet-unknown/],
  ];
  for (const [argv, code, text] of rows) t.match(await run(prune.run, argv), { code, err: text }, argv.join(' '));
});

t.test('a seal that stands only in the receipts keeps them all', async (t) => {
  const root = join(folder, 'sealed');
  await fill(root);
  const store = await openStore(root);
  await store.find('alice')?.writeSeal(new Uint8Array(100));
  await store.close();
  const before = readdirSync(join(root, 'wallets', 'alice', 'receipts'));
  const refused = await run(prune.run, ['alice', '--store', root, '--to', join(folder, 'no'), '--older-than', '0']);
  t.match(refused, { code: 1, err: /store-damaged/ });
  t.strictSame(readdirSync(join(root, 'wallets', 'alice', 'receipts')), before);
});
