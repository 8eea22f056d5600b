/** Persist, then release: what the host is handed, when, and what happens when it lies, loses or does not store. */

import t from 'tap';
import { REFUSALS_PER_SECOND } from '../../enclave/limits.ts';
import { connectLink } from '../../enclave/link/client.ts';
import { isReeveError } from '../../enclave/link/errors.ts';
import { CHECKPOINT_EVERY, UNSTORED_RECEIPTS } from '../../enclave/link/limits.ts';
import { CHAIN_START, openHead, readChain } from '../../enclave/link/receipts.ts';
import {
  command,
  createStore,
  createTestWallet,
  createWorld,
  grantLease,
  leaseBody,
  paymentOf,
  policyBlob,
  readStatement,
  readStored,
  restore,
  STRANGER,
  signWith,
} from './helpers.ts';

/** Room for any number of tiny payments. */
const WIDE = policyBlob({
  assets: { SOL: { windows: [{ seconds: 86_400, max: '1000000000000' }] } },
  lease: { maxSeconds: 3_600, slice: { SOL: '1000000000000' } },
});
const WIDE_CEILING = { ceiling: [{ asset: 'SOL', amount: 1_000_000_000_000n }] };

async function startLeased(t: Parameters<typeof createWorld>[0]) {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const copy = await createTestWallet(world, enclave, 'w', WIDE);
  await grantLease(enclave, 'w', WIDE_CEILING);
  return { world, enclave, copy };
}

t.test('every reply that released a signature says what must be stored, and it was handed over', async (t) => {
  const { enclave, copy } = await startLeased(t);
  const calls = Array.from({ length: 200 }, (_, index) => signWith(enclave, 'w', [paymentOf(copy.agent, 1n, index)]));
  for (const call of calls) {
    const { result, after } = await call;
    if (result.outcome !== 'signed') throw new Error(result.outcome);
    t.equal(after?.seq, result.receipt.seq);
  }
  // 200 receipts do not fit the replies of one turn: the rest is fetched where the host sees a gap.
  for (let more = true; more; ) {
    const seq = enclave.store.stored('w');
    ({ more } = (await enclave.owner.request('receipts.since', { wallet: 'w', seq })).result);
  }
  const receipts = readStored(enclave.store, 'w');
  const signed = receipts.filter(({ kind }) => kind === 'decision').length;
  t.equal(signed, 200, 'one receipt a signature, none missing, the chain whole');
  const { receiptKey } = await readStatement(enclave, 'w');
  const head = openHead(enclave.store.heads.get('w') as Uint8Array, receiptKey);
  t.match(head, { wallet: 'w', seq: receipts.length }, 'the head signs the last one handed over');
});

t.test('a host that lies about what it stored', async (t) => {
  const { enclave, copy } = await startLeased(t);
  const lie = { wallet: 'w', stored: 4_000_000_000, transactions: [paymentOf(copy.agent, 1n, 1)], owners: [] };
  await t.rejects(enclave.agent.request('sign', lie), { code: 'request-malformed' }, 'more than it was ever given');
  t.match((await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 1)])).result, { outcome: 'signed' });
  const behind = { ...lie, stored: 0, transactions: [paymentOf(copy.agent, 1n, 2)] };
  t.match(
    (await enclave.agent.request('sign', behind)).result,
    { outcome: 'signed' },
    'less than before changes nothing',
  );
  const head = (await readStatement(enclave, 'w')).head;
  await enclave.agent.request('wallet.read', { wallet: 'w', stored: head.seq });
  const lost = createStore();
  const again = await connectLink('owner', { kind: 'unix', path: enclave.ownerPath }, lost.append);
  t.teardown(() => again.close());
  t.same((await again.request('receipts.since', { wallet: 'w', seq: 0 })).result, { more: false });
  t.equal(lost.stored('w'), 0, 'what it said it stored is gone from here');
});

t.test('what was handed to a connection that broke is handed over again', async (t) => {
  const { enclave, copy } = await startLeased(t);
  const lost = createStore();
  const doomed = await connectLink('agent', { kind: 'unix', path: enclave.agentPath }, lost.append);
  const fields = { wallet: 'w', stored: enclave.store.stored('w'), owners: [] };
  const { after } = await doomed.request('sign', { ...fields, transactions: [paymentOf(copy.agent, 1n, 1)] });
  t.equal(enclave.store.stored('w') + 1, after?.seq, 'the lost connection had it');
  doomed.close();
  await doomed.closed;
  for (let waited = 0; enclave.store.stored('w') < (after?.seq ?? 0) && waited < 50; waited++) {
    await enclave.agent.request('hello', {});
  }
  t.equal(enclave.store.stored('w'), after?.seq, 'the next reply of another connection brings it');
  const repeated = await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 1)]);
  t.match(repeated.result, { outcome: 'signed', repeated: true }, 'and the same bytes are signed at no cost');
  t.equal(repeated.after?.seq, after?.seq, 'still only when that receipt is stored');
});

t.test('a host that does not store gets no more decisions; the owner still gets through', async (t) => {
  const { enclave, copy } = await startLeased(t);
  const fields = { wallet: 'w', stored: 0, owners: [] };
  let refused: unknown = null;
  for (let index = 0; refused === null && index <= UNSTORED_RECEIPTS; index++) {
    const call = enclave.agent.request('sign', { ...fields, transactions: [paymentOf(copy.agent, 1n, index)] });
    refused = await call.then(() => null).catch((error: unknown) => error);
  }
  t.ok(isReeveError(refused, 'busy'), 'busy');
  const { head } = await readStatement(enclave, 'w');
  t.ok(head.seq >= UNSTORED_RECEIPTS, 'at the limit, not before');
  await command(enclave, 'w', 'pause', {});
  t.match(await readStatement(enclave, 'w'), { phase: 'paused' }, 'pause is taken');
  await command(enclave, 'w', 'resume', {});
  for (let more = true; more; ) {
    const seq = enclave.store.stored('w');
    ({ more } = (await enclave.owner.request('receipts.since', { wallet: 'w', seq })).result);
  }
  t.match(
    (await signWith(enclave, 'w', [paymentOf(copy.agent, 1n, 99_999)])).result,
    { outcome: 'signed' },
    'and goes on when the host has stored',
  );
});

t.test('refusals: ten a second each with a receipt, the others counted in one', async (t) => {
  const { enclave, copy } = await startLeased(t);
  const bad = 60;
  const calls = Array.from({ length: bad }, (_, index) =>
    signWith(enclave, 'w', [paymentOf(copy.agent, 1n, index, STRANGER)]),
  );
  for (const call of calls) t.match(await call, { result: { outcome: 'refused' }, after: null });
  await command(enclave, 'w', 'close', {});
  for (let more = true; more; ) {
    const seq = enclave.store.stored('w');
    ({ more } = (await enclave.owner.request('receipts.since', { wallet: 'w', seq })).result);
  }
  const refusals = readStored(enclave.store, 'w').flatMap((receipt) =>
    receipt.kind === 'decision' ? [receipt.body] : [],
  );
  t.equal(
    refusals.reduce((sum, { count }) => sum + count, 0),
    bad,
    'every refusal is in the chain',
  );
  t.ok(refusals.length <= 2 * REFUSALS_PER_SECOND + 2, 'in few receipts');
  const folded = refusals.find(({ count }) => count > 1);
  t.same(
    folded?.violations.map(({ code }) => code),
    ['recipient-not-allowed'],
    'with the codes they had',
  );
});

t.test('a checkpoint after a thousand receipts, and a restart from it alone', async (t) => {
  const { world, enclave, copy } = await startLeased(t);
  for (let round = 0; round < 12; round++) {
    const calls = Array.from({ length: 100 }, (_, index) =>
      signWith(enclave, 'w', [paymentOf(copy.agent, 1n, round * 100 + index)], `id-${round}-${index}`),
    );
    await Promise.all(calls);
    for (let more = true; more; ) {
      const seq = enclave.store.stored('w');
      ({ more } = (await enclave.owner.request('receipts.since', { wallet: 'w', seq })).result);
    }
  }
  const before = await readStatement(enclave, 'w');
  const receipts = enclave.store.receipts.get('w') ?? [];
  const start = readStored(enclave.store, 'w').findIndex(({ kind }) => kind === 'checkpoint');
  t.ok(start >= CHECKPOINT_EVERY, 'the checkpoint stands in the chain');
  await enclave.kill();

  const second = await world.startInside();
  const tail = createStore();
  tail.receipts.set('w', receipts.slice(start));
  tail.heads.set('w', enclave.store.heads.get('w') as Uint8Array);
  await restore(second, copy, tail);
  const after = await readStatement(second, 'w');
  t.same(after.mSpent, before.spentInBoot, 'what the boot spent, from a checkpoint in its middle');
  t.match(after, { m: 1, mClosed: false, head: { seq: receipts.length + 1 } });
  second.store.receipts.delete('w');
  const command = leaseBody(after, { ceiling: [{ asset: 'SOL', amount: 1_000_000_000n }] });
  t.equal(command.lease.number, 2);
  const budget = await second.agent.request('budget.read', { wallet: 'w', stored: 0 });
  t.equal(budget.result.budget.assets[0]?.windows[0]?.spent, String(1_200 * 5_001), 'the ledger is whole');
  await second.kill();

  const third = await world.startInside();
  const late = createStore();
  late.receipts.set('w', receipts.slice(start + 1));
  late.heads.set('w', enclave.store.heads.get('w') as Uint8Array);
  await t.rejects(restore(third, copy, late), { code: 'chain-invalid' }, 'later than its checkpoint: refused');
  t.equal(readChain('w', CHAIN_START, receipts).end.seq, receipts.length);
});
