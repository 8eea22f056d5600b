/** What a host may hand over at a restart, and what is refused: one row per way to tamper with it. */

import t from 'tap';
import { decodeCbor, encodeCbor } from '../../enclave/link/cbor.ts';
import type { HostStore, WalletCopy, World } from './helpers.ts';
import {
  command,
  createStore,
  createTestWallet,
  createWorld,
  grantLease,
  paymentOf,
  policyBlob,
  readStatement,
  restore,
  signCommand,
  signWith,
  stage,
} from './helpers.ts';

interface Remains {
  readonly world: World;
  readonly copy: WalletCopy;
  readonly other: WalletCopy;
  readonly store: HostStore;
}

/** A wallet that signed something, its policy replaced once, and its enclave gone. */
async function leaveRemains(t: Parameters<typeof createWorld>[0]): Promise<Remains> {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const created = await createTestWallet(world, enclave, 'w');
  const other = await createTestWallet(world, enclave, 'other');
  const policy = policyBlob({ memo: { maxBytes: 10 } });
  await stage(enclave, policy);
  const policyCommand = signCommand(enclave, 'w', 'policy.set', { policyHash: policy.hash, version: 2 }, { seq: 2 });
  await enclave.owner.request('command', policyCommand);
  await grantLease(enclave, 'w');
  await signWith(enclave, 'w', [paymentOf(created.agent, 1_000n, 1)]);
  await enclave.kill();
  return { world, copy: { ...created, policy, policyCommand }, other, store: enclave.store };
}

function spoilStore(
  store: HostStore,
  change: (receipts: Uint8Array[], head: Uint8Array) => [Uint8Array[], Uint8Array?],
): HostStore {
  const spoiled = createStore();
  const [receipts, head] = change([...(store.receipts.get('w') ?? [])], store.heads.get('w') as Uint8Array);
  spoiled.receipts.set('w', receipts);
  if (head !== undefined) spoiled.heads.set('w', head);
  return spoiled;
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

t.test('tampering is refused, and the untouched whole is still taken after it', async (t) => {
  const { world, copy, other, store } = await leaveRemains(t);
  const enclave = await world.startInside();
  const seal = decodeCbor(copy.seal) as Record<string, Uint8Array>;
  const resealed = (changes: object) => ({ ...copy, seal: encodeCbor({ ...seal, ...changes }) });
  const setPolicy = (policyHash: Uint8Array) =>
    signCommand(enclave, 'w', 'policy.set', { policyHash, version: 2 }, { seq: 1 });
  const rows: readonly (readonly [name: string, copy: WalletCopy, store: HostStore | undefined, code: string])[] = [
    [
      'a flipped bit in the sealed seeds',
      resealed({ sealed: flip(seal['sealed'] as Uint8Array, 5) }),
      store,
      'seal-invalid',
    ],
    ['a flipped bit in the tag', resealed({ sealed: flip(seal['sealed'] as Uint8Array, 79) }), store, 'seal-invalid'],
    [
      'a flipped bit in the wrapped key',
      resealed({ wrappedKey: flip(seal['wrappedKey'] as Uint8Array, 60) }),
      store,
      'seal-invalid',
    ],
    ['another agent key', resealed({ agent: flip(seal['agent'] as Uint8Array, 3) }), store, 'seal-invalid'],
    [
      'another receipt key',
      resealed({ receiptKey: flip(seal['receiptKey'] as Uint8Array, 3) }),
      undefined,
      'seal-invalid',
    ],
    ['another owner', resealed({ owner: flip(seal['owner'] as Uint8Array, 3) }), store, 'command-signature'],
    ['the seal of another wallet', { ...copy, seal: other.seal }, store, 'seal-invalid'],
    [
      'another wallet’s seal under this name',
      { ...copy, seal: encodeCbor({ ...(decodeCbor(other.seal) as object), wallet: 'w' }) },
      undefined,
      'seal-invalid',
    ],
    ['no seal at all', { ...copy, seal: Uint8Array.of(0xa0) }, store, 'seal-invalid'],
    ['another wallet’s policy command', { ...copy, policyCommand: other.policyCommand }, store, 'command-wallet'],
    [
      'a policy that was never staged',
      { ...copy, policyCommand: setPolicy(new Uint8Array(32)) },
      store,
      'blob-refused',
    ],
    [
      'a command that sets no policy',
      { ...copy, policyCommand: signCommand(enclave, 'w', 'pause', {}, { seq: 1 }) },
      store,
      'command-malformed',
    ],
    [
      'a receipt missing in the middle',
      copy,
      spoilStore(store, (all, head) => [all.toSpliced(2, 1), head]),
      'chain-invalid',
    ],
    ['the last receipt missing', copy, spoilStore(store, (all, head) => [all.slice(0, -1), head]), 'chain-invalid'],
    [
      'two receipts swapped',
      copy,
      spoilStore(store, (all, head) => [[all[1], all[0], ...all.slice(2)] as Uint8Array[], head]),
      'chain-invalid',
    ],
    [
      'a flipped bit in a receipt',
      copy,
      spoilStore(store, (all, head) => [all.map((one, at) => (at === 3 ? flip(one, 90) : one)), head]),
      'chain-invalid',
    ],
    ['receipts without a head', copy, spoilStore(store, (all) => [all]), 'chain-invalid'],
    [
      'a head with a flipped bit',
      copy,
      spoilStore(store, (all, head) => [all, flip(head, head.length - 1)]),
      'chain-invalid',
    ],
    [
      'another wallet’s head',
      copy,
      spoilStore(store, (all) => [all, store.heads.get('other') as Uint8Array]),
      'chain-invalid',
    ],
    [
      'another wallet’s receipts',
      copy,
      spoilStore(store, () => [store.receipts.get('other') as Uint8Array[], store.heads.get('other') as Uint8Array]),
      'chain-invalid',
    ],
    ['a chain that does not begin', copy, spoilStore(store, (all, head) => [all.slice(1), head]), 'chain-invalid'],
  ];
  for (const [name, hostile, given, code] of rows) {
    await t.rejects(restore(enclave, hostile, given), { code }, `${name}: ${code}`);
  }
  t.match((await restore(enclave, copy, store)).result, { phase: 'sealed' });
  await t.rejects(restore(enclave, copy, store), { code: 'wallet-exists' }, 'restored once');
  t.match(await readStatement(enclave, 'w'), { policyVersion: 2, m: 1 });
});

t.test('an old policy of the owner is refused where the chain names a newer one', async (t) => {
  const { world, copy, store } = await leaveRemains(t);
  const enclave = await world.startInside();
  const old = policyBlob();
  const body = { policyHash: old.hash, version: 1 };
  const rolledBack = { ...copy, policy: old, policyCommand: signCommand(enclave, 'w', 'policy.set', body, { seq: 1 }) };
  await t.rejects(restore(enclave, rolledBack, store), { code: 'chain-invalid' });
});

t.test('without receipts: m is zero, the chain begins anew, and it is silent until leased', async (t) => {
  const { world, copy } = await leaveRemains(t);
  const enclave = await world.startInside();
  await restore(enclave, copy);
  const statement = await readStatement(enclave, 'w');
  t.match(statement, { m: 0, mBoot: null, mSpent: [], mClosed: false, head: { seq: 1 }, phase: 'sealed' });
  await t.rejects(signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 2)]), { code: 'phase-refused' });
  await grantLease(enclave, 'w', {
    number: 7,
    charges: [{ asset: 'SOL', amount: 1_000_000n, until: BigInt(Date.now()) }],
  });
  const { result } = await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 3)]);
  t.match(
    result,
    { outcome: 'refused', violations: [{ code: 'window-exceeded', remaining: '0' }] },
    'the window counts as full',
  );
});

t.test('a boot that ended in order says so; one truncated before its close does not', async (t) => {
  const world = await createWorld(t);
  const first = await world.startInside();
  const copy = await createTestWallet(world, first, 'w');
  await grantLease(first, 'w');
  await signWith(first, 'w', [paymentOf(copy.agent, 1n, 1)]);
  const heads = first.store.heads.get('w') as Uint8Array;
  const length = first.store.stored('w');
  await command(first, 'w', 'close', {});
  await first.kill();

  const second = await world.startInside();
  await restore(second, copy, first.store);
  const closed = await readStatement(second, 'w');
  t.match(closed, { m: 1, mClosed: true, mSpent: [{ asset: 'SOL', amount: 5_001n }, { asset: 'signatures' }] });
  t.same(closed.mBoot, first.boot);
  await second.kill();

  const third = await world.startInside();
  const rolledBack = createStore();
  rolledBack.receipts.set('w', (first.store.receipts.get('w') as Uint8Array[]).slice(0, length));
  rolledBack.heads.set('w', heads);
  await restore(third, copy, rolledBack);
  t.match(
    await readStatement(third, 'w'),
    { m: 1, mClosed: false },
    'an older state of the disk is an honest older statement',
  );
});
