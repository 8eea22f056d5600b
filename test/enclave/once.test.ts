/** Once and never over: ids, repeated bytes, batches, and many calls at the same limit. */

import t from 'tap';
import {
  command,
  createTestWallet,
  createWorld,
  grantLease,
  paymentOf,
  policyBlob,
  readStatement,
  STRANGER,
  signWith,
} from './helpers.ts';

async function startLeased(t: Parameters<typeof createWorld>[0]) {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const copy = await createTestWallet(world, enclave, 'w');
  await grantLease(enclave, 'w');
  return { world, enclave, copy };
}

t.test('the same id and bytes: the same signature, once charged; other bytes: id-reused', async (t) => {
  const { enclave, copy } = await startLeased(t);
  const payment = paymentOf(copy.agent, 1_000n, 1);
  const [first, again] = [await signWith(enclave, 'w', [payment], 'a'), await signWith(enclave, 'w', [payment], 'a')];
  if (first.result.outcome !== 'signed' || again.result.outcome !== 'signed') throw new Error('not signed');
  t.same(again.result.signatures, first.result.signatures);
  t.match(again.result, { repeated: true, charges: {} });
  const reused = await signWith(enclave, 'w', [paymentOf(copy.agent, 2_000n, 2)], 'a');
  t.same(reused.result, {
    outcome: 'id-reused',
    signatures: first.result.signatures,
    messageHashes: first.result.messageHashes,
  });
  t.match((await signWith(enclave, 'w', [payment], 'b')).result, { repeated: true }, 'another id for the same bytes');
  t.match((await signWith(enclave, 'w', [payment])).result, { repeated: true }, 'no id at all');
  t.match((await readStatement(enclave, 'w')).spentInBoot, [{ asset: 'SOL', amount: 6_000n }], 'charged once');
});

t.test('a refused call does not use its id up', async (t) => {
  const { enclave, copy } = await startLeased(t);
  t.match((await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 1, STRANGER)], 'a')).result, { outcome: 'refused' });
  t.match((await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 1)], 'a')).result, { outcome: 'signed' });
});

t.test('several transactions: all or none, those signed before at no cost', async (t) => {
  const { enclave, copy } = await startLeased(t);
  const [one, two, three] = [1, 2, 3].map((nonce) => paymentOf(copy.agent, 1_000n, nonce)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const bad = paymentOf(copy.agent, 1n, 9, STRANGER);
  t.match((await signWith(enclave, 'w', [one, bad])).result, { outcome: 'refused' });
  t.same((await readStatement(enclave, 'w')).spentInBoot, [], 'none');
  const both = await signWith(enclave, 'w', [one, two]);
  t.match(both.result, { outcome: 'signed', charges: { SOL: '12000', signatures: '2' } }, 'all');
  const mixed = await signWith(enclave, 'w', [one, three, two, three]);
  if (mixed.result.outcome !== 'signed' || both.result.outcome !== 'signed') throw new Error('not signed');
  t.match(mixed.result, { charges: { SOL: '6000', signatures: '1' }, repeated: false }, 'only the new one is charged');
  t.same(mixed.result.signatures[0], both.result.signatures[0]);
  t.same(mixed.result.signatures[2], both.result.signatures[1]);
  t.same(mixed.result.signatures[1], mixed.result.signatures[3], 'the same bytes twice in one call');
});

t.test('a thousand calls at once against a budget that admits exactly ninety', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  // A lease with room for more than the window has: the window alone says when it is enough.
  const roomy = policyBlob({ lease: { maxSeconds: 3_600, slice: { SOL: '9000000', signatures: '1000' } } });
  const copy = await createTestWallet(world, enclave, 'w', roomy);
  const ceiling = [
    { asset: 'SOL', amount: 9_000_000n },
    { asset: 'signatures', amount: 1_000n },
  ];
  await grantLease(enclave, 'w', { ceiling });
  await createTestWallet(world, enclave, 'v');
  const total = 1_000;
  const calls = Array.from({ length: total }, (_, index) =>
    signWith(enclave, 'w', [paymentOf(copy.agent, 6_000n, index)]),
  );
  const outcomes = await Promise.all(calls.map(async (call) => (await call).result.outcome));
  t.equal(
    outcomes.filter((outcome) => outcome === 'signed').length,
    Math.floor(1_000_000 / 11_000),
    'exactly as many as fit',
  );
  t.match((await readStatement(enclave, 'w')).spentInBoot, [{ asset: 'SOL', amount: 990_000n }]);
  t.match(await readStatement(enclave, 'v'), { spentInBoot: [], head: { seq: 2 } }, 'another wallet is not touched');
});

t.test('an approval is asked again under load and used exactly once', async (t) => {
  const { enclave, copy } = await startLeased(t);
  const ask = (nonce: number) => signWith(enclave, 'w', [paymentOf(copy.agent, 600_000n, nonce)]);
  const asked = await Promise.all([1, 2, 3, 4, 5].map(ask));
  const ids = new Set(
    asked.map(({ result }) => (result.outcome === 'needs-approval' ? result.approval.id : result.outcome)),
  );
  t.equal(ids.size, 1, 'one approval for the same effects');
  const { result } = asked[0] as Awaited<ReturnType<typeof ask>>;
  if (result.outcome !== 'needs-approval') throw new Error(result.outcome);
  const { id: approvalId, effectsHash } = result.approval;
  await command(enclave, 'w', 'approve', { approvalId, effectsHash, notAfter: BigInt(Date.now() + 60_000) });
  const after = await Promise.all([11, 12, 13, 14, 15].map(ask));
  t.equal(after.filter((reply) => reply.result.outcome === 'signed').length, 1);
});

t.test('evaluate says what sign would and changes nothing', async (t) => {
  const { enclave, copy } = await startLeased(t);
  const { head } = await readStatement(enclave, 'w');
  const rows: readonly [bigint, string][] = [
    [1_000n, 'allow'],
    [600_000n, 'needs-approval'],
    [900_000n, 'deny'],
  ];
  for (const [lamports, decision] of rows) {
    const fields = { wallet: 'w', stored: 0, transactions: [paymentOf(copy.agent, lamports, 1)], owners: [] };
    const { result } = await enclave.agent.request('evaluate', fields);
    t.equal(result.decision, decision);
    t.match(result.effects, [{ kind: 'fee' }, { kind: 'transfer', asset: 'SOL', amount: String(lamports) }]);
  }
  t.same((await readStatement(enclave, 'w')).head, head, 'no receipt');
});
