/** Leases under one signature, in front of an enclave: each is bound as one that was signed alone. */

import t from 'tap';
import { makeKey } from '../keys.ts';
import type { BatchEntry, SignedCommand, TestEnclave } from './helpers.ts';
import {
  createTestWallet,
  createWorld,
  leaseBody,
  readStatement,
  readStored,
  signBatch,
  signCommand,
} from './helpers.ts';

type Entry = BatchEntry<'lease.grant'>;

async function entryFor(enclave: TestEnclave, wallet: string, changes: Partial<Entry['changes']> = {}): Promise<Entry> {
  const statement = await readStatement(enclave, wallet);
  return {
    wallet,
    name: 'lease.grant',
    body: leaseBody(statement),
    changes: { seq: statement.commandSeq + 1, ...changes },
  };
}

const hexOf = (list: readonly Uint8Array[] = []) => list.map((bytes) => Buffer.from(bytes).toString('hex'));

async function send(enclave: TestEnclave, command: SignedCommand): Promise<string> {
  return enclave.owner.request('command', command).then(
    ({ result }) => result.phase,
    (error: { code: string }) => error.code,
  );
}

t.test('what binds a command binds each of a batch', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  for (const wallet of ['a', 'b', 'c']) await createTestWallet(world, enclave, wallet);
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((wallet) => entryFor(enclave, wallet)));
  if (a === undefined || b === undefined || c === undefined) throw new Error('three wallets');
  const batch = signBatch(enclave, [a, b, c, a]);
  const at = (index: number) => batch[index] as SignedCommand;

  await t.test('each is taken by its own wallet, once, in any order', async (t) => {
    t.equal(await send(enclave, at(2)), 'active');
    t.equal(await send(enclave, at(0)), 'active');
    t.equal(await send(enclave, at(0)), 'command-replayed', 'again');
    t.equal(await send(enclave, at(3)), 'command-replayed', 'the same leaf at another place');
    t.match(
      await readStatement(enclave, 'b'),
      { phase: 'sealed', lastLease: 0 },
      'the one that was not sent is not taken',
    );
    const other = at(1).body.map((byte, index) => (index === 0 ? byte ^ 1 : byte));
    t.equal(await send(enclave, { ...at(1), body: other }), 'command-body', 'another lease than was signed');
    t.match(await readStatement(enclave, 'b'), { commandSeq: 1 }, 'and no sequence number is used up by it');
    const receipt = readStored(enclave.store, 'a').at(-1)?.body as unknown as Record<string, Uint8Array[]>;
    t.equal(receipt['command'], 'lease.grant');
    t.same(hexOf(receipt['envelope']), hexOf(at(0).envelope), 'the receipt holds it with its place in the batch');
    t.same(hexOf(receipt['signers']), hexOf([makeKey('renewer').key]));
  });

  const rows: readonly (readonly [what: string, entry: Partial<Entry>, key: string, code: string])[] = [
    ['another boot', { changes: { seq: 9, boot: new Uint8Array(32) } }, 'renewer', 'command-boot'],
    ['a used sequence number', { changes: { seq: 1 } }, 'renewer', 'command-replayed'],
    ['expired', { changes: { seq: 9, notAfter: BigInt(Date.now() - 1) } }, 'renewer', 'command-expired'],
    ['too far ahead', { changes: { seq: 9, notAfter: 2n ** 63n } }, 'renewer', 'command-expired'],
    ['no wallet', { wallet: 'nobody', changes: { seq: 9 } }, 'renewer', 'wallet-unknown'],
    ['a stranger’s key', { changes: { seq: 9 } }, 'stranger', 'command-signature'],
    ['the pauser’s key', { changes: { seq: 9 } }, 'pauser', 'command-signature'],
    ['a role of another wallet', { changes: { seq: 9 } }, 'owner of c', 'command-signature'],
  ];
  for (const [what, entry, key, code] of rows) {
    await t.test(`refused: ${what}`, async (t) => {
      const [command] = signBatch(enclave, [{ ...b, ...entry }, c], makeKey(key));
      t.equal(await send(enclave, command as SignedCommand), code);
      t.match(await readStatement(enclave, 'b'), { phase: 'sealed', commandSeq: 1 });
    });
  }

  await t.test('the owner may sign them too; a lease refused uses up its number as ever', async (t) => {
    const old = { ...b, body: { lease: { ...b.body.lease, until: 1n } } };
    const [refused] = signBatch(enclave, [old], makeKey('owner'));
    t.equal(await send(enclave, refused as SignedCommand), 'lease-refused');
    t.equal(await send(enclave, at(1)), 'command-replayed');
    const [taken] = signBatch(enclave, [await entryFor(enclave, 'b')], makeKey('owner'));
    t.equal(await send(enclave, taken as SignedCommand), 'active');
  });

  await t.test('a lease signed alone is taken as before', async (t) => {
    const { body, changes } = await entryFor(enclave, 'c');
    const alone = signCommand(enclave, 'c', 'lease.grant', body, { ...changes, key: makeKey('renewer') });
    t.equal(await send(enclave, alone), 'active');
  });
});
