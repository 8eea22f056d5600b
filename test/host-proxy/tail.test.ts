/** What is handed over at a restart: from the last whole checkpoint on, and as far back as signed messages are remembered. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { decodeReceipt } from '../../enclave/link/receipts.ts';
import { keepPolicy } from '../../host-proxy/store/policies.ts';
import { findSeal, readCurrentPolicy, readTail } from '../../host-proxy/store/tail.ts';
import { createWalletDirectory, openWalletStore } from '../../host-proxy/store/wallet.ts';
import { makeKey } from '../keys.ts';
import {
  createCommand,
  makePolicy,
  makeSeal,
  makeWallet,
  POLICY,
  setPolicyCommand,
  sha256,
  signHead,
  writeBoot,
  writeReceipt,
} from './fake-wallet.ts';

const BOOT = makeKey('boot').key;
const HOUR = 3_600_000n;
const folder = mkdtempSync(join(tmpdir(), 'rv-tail-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** `b` boot, `c` wallet.create with the seal, `p` policy.set of the same document, `d` decision, `1/2` a checkpoint's part: `hours kind` each. */
async function makeTail(name: string, plan: readonly (readonly [number, string])[]) {
  const directory = join(folder, name);
  await createWalletDirectory(directory);
  const store = await openWalletStore('alice', directory);
  const wallet = makeWallet('alice', sha256(POLICY));
  const create = createCommand('alice', BOOT);
  let version = 1;
  for (const [hours, kind] of plan) {
    const time = BigInt(hours) * HOUR;
    if (kind === 'p') version += 1;
    const command = { seq: 1, signers: [], envelope: create.envelope, policyHash: wallet.policyHash };
    const decision = {
      decision: 'deny',
      policyHash: wallet.policyHash,
      messageHashes: [],
      signatures: [],
      charges: [],
    };
    const seal = { seal: makeSeal(wallet) };
    if (kind === 'b') writeBoot(wallet, BOOT, 0, time);
    else if (kind === 'c')
      writeReceipt(wallet, BOOT, 'command', { ...command, ...seal, command: 'wallet.create', policyVersion: 1 }, time);
    else if (kind === 'p')
      writeReceipt(wallet, BOOT, 'command', { ...command, command: 'policy.set', policyVersion: version }, time);
    else if (kind === 'd')
      writeReceipt(wallet, BOOT, 'decision', { ...decision, entries: [], effects: [], violations: [], count: 1 }, time);
    else {
      const [part, parts] = kind.split('/').map(Number);
      writeReceipt(wallet, BOOT, 'checkpoint', { part, parts, state: new Uint8Array(9) }, time);
    }
  }
  store.accept({
    wallet: 'alice',
    receipts: wallet.unstored.map(({ bytes }) => bytes),
    signedHead: signHead(wallet, BOOT),
  });
  await store.waitStored(wallet.seq);
  t.teardown(() => store.close());
  return store;
}

const firstSeq = async (name: string, plan: readonly (readonly [number, string])[]) => {
  const { receipts } = await readTail(await makeTail(name, plan));
  return receipts[0] === undefined ? 0 : decodeReceipt(receipts[0]).seq;
};

/** plan -> seq of the first receipt handed over */
const ROWS: readonly [string, readonly (readonly [number, string])[], number][] = [
  ['nothing stored', [], 0],
  [
    'no checkpoint: all',
    [
      [0, 'b'],
      [1, 'c'],
      [100, 'd'],
    ],
    1,
  ],
  [
    'old ones before a checkpoint stay',
    [
      [0, 'b'],
      [1, 'c'],
      [50, '1/2'],
      [50, '2/2'],
      [51, 'd'],
      [100, 'd'],
    ],
    3,
  ],
  [
    'young ones before a checkpoint go with it',
    [
      [0, 'b'],
      [1, 'c'],
      [80, 'd'],
      [90, '1/1'],
      [100, 'd'],
    ],
    3,
  ],
  [
    'a checkpoint without its last part does not count',
    [
      [0, 'b'],
      [1, 'c'],
      [50, '1/1'],
      [99, '1/2'],
      [100, 'd'],
    ],
    3,
  ],
  [
    'the last of two',
    [
      [0, 'b'],
      [1, 'c'],
      [30, '1/1'],
      [40, '1/2'],
      [40, '2/2'],
      [100, 'd'],
    ],
    4,
  ],
  [
    'no decision since: back to the command that names the policy',
    [
      [0, 'b'],
      [1, 'c'],
      [50, '1/1'],
      [100, 'b'],
    ],
    2,
  ],
];

for (const [name, plan, expected] of ROWS) {
  t.test(name, async (t) => {
    t.equal(await firstSeq(String(ROWS.findIndex((row) => row[0] === name)), plan), expected);
  });
}

t.test(
  'the policy in force: by the receipts, its version by the last command; without receipts the newest',
  async (t) => {
    const store = await makeTail('policy', [
      [0, 'b'],
      [1, 'c'],
      [2, 'p'],
      [3, 'd'],
    ]);
    const create = createCommand('alice', BOOT);
    await keepPolicy(store, POLICY, create.envelope, create.body);
    for (const version of [2, 3]) {
      const again = setPolicyCommand('alice', BOOT, version, POLICY);
      await keepPolicy(store, POLICY, again.envelope, again.body);
    }
    const other = setPolicyCommand('alice', BOOT, 9, makePolicy('9'));
    const takeBack = await keepPolicy(store, other.policy, other.envelope, other.body);
    const { policyHash } = await readTail(store);
    t.equal(policyHash, Buffer.from(sha256(POLICY)).toString('hex'));
    t.equal((await readCurrentPolicy(store, policyHash)).version, 2);
    t.equal((await readCurrentPolicy(store, null)).version, 9, 'no receipts: the newest command');
    await takeBack();
    await t.rejects(readCurrentPolicy(store, Buffer.from(sha256(other.policy)).toString('hex')), {
      code: 'store-damaged',
    });
  },
);

t.test('a seal out of the receipts: with what is handed over, or looked for in the whole chain', async (t) => {
  const all: readonly (readonly [number, string])[] = [
    [0, 'b'],
    [1, 'c'],
    [50, '1/1'],
    [100, 'd'],
  ];
  const [young, old] = [await makeTail('young', all.slice(0, 2)), await makeTail('old', all)];
  const seal = Buffer.from((await readTail(young)).seal ?? []);
  t.ok(seal.length > 0, 'in the tail');
  t.equal((await readTail(old)).seal, null, 'before it');
  t.ok(seal.equals((await findSeal(old)) ?? new Uint8Array()), 'found all the same');
  t.equal(await findSeal(await makeTail('none', all.slice(0, 1))), null);
});
