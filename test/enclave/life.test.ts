/** A wallet's life in a real enclave process, over both planes: created, leased, paused, killed, restored. */

import { verify } from 'node:crypto';
import t from 'tap';
import { publicKeyObject } from '../../enclave/link/ed25519.ts';
import { pubkeyFromBytes } from '../../policy/keys.ts';
import { decodeTransaction } from '../../policy/transaction.ts';
import { makeKey } from '../keys.ts';
import {
  command,
  createTestWallet,
  createWorld,
  grantLease,
  paymentOf,
  readStatement,
  readStored,
  restore,
  STRANGER,
  signWith,
} from './helpers.ts';

t.test('create, lease, sign, refuse, approve, pause, resume, kill, restore', async (t) => {
  const world = await createWorld(t);
  const first = await world.startProcess();
  const copy = await createTestWallet(world, first, 'shop-agent');
  t.same(world.relayed, ['CONNECT kms.eu-central-1.amazonaws.com:443'], 'KMS is reached by its real name');
  const fresh = await readStatement(first, 'shop-agent');
  t.match(fresh, { phase: 'sealed', m: 0, commandSeq: 1, policyVersion: 1, mode: 'development' });
  t.equal(pubkeyFromBytes(fresh.agent), copy.agent);

  const payment = paymentOf(copy.agent, 1_000n, 1);
  await t.rejects(signWith(first, 'shop-agent', [payment]), { code: 'phase-refused' }, 'silent before the first lease');
  await grantLease(first, 'shop-agent');

  const signed = await signWith(first, 'shop-agent', [payment], 'order-1');
  if (signed.result.outcome !== 'signed') throw new Error(signed.result.outcome);
  t.match(signed.result, { charges: { SOL: '6000', signatures: '1' }, repeated: false });
  t.equal(signed.after?.seq, signed.result.receipt.seq, 'to be stored before it is released');
  t.ok(first.store.stored('shop-agent') >= signed.result.receipt.seq, 'the receipt came with or before the reply');
  const decoded = decodeTransaction(payment);
  if (!decoded.ok) throw new Error('the test payment does not decode');
  const signature = signed.result.signatures[0] as Uint8Array;
  t.ok(verify(null, decoded.value.messageBytes, publicKeyObject(fresh.agent), signature), 'a real signature');

  const unlisted = await signWith(first, 'shop-agent', [paymentOf(copy.agent, 1_000n, 2, STRANGER)]);
  t.match(unlisted.result, { outcome: 'refused', violations: [{ code: 'recipient-not-allowed' }] });
  t.equal(unlisted.after, null, 'a refusal waits for no disk');

  const asked = await signWith(first, 'shop-agent', [paymentOf(copy.agent, 600_000n, 3)]);
  if (asked.result.outcome !== 'needs-approval') throw new Error(asked.result.outcome);
  const { id, effectsHash } = asked.result.approval;
  const again = await signWith(first, 'shop-agent', [paymentOf(copy.agent, 600_000n, 4)]);
  t.match(again.result, { approval: { id } }, 'asked again with another blockhash: the same approval');
  const notAfter = BigInt(Date.now() + 60_000);
  await command(first, 'shop-agent', 'approve', { approvalId: id, effectsHash, notAfter }, makeKey('approver'));
  const approved = await signWith(first, 'shop-agent', [paymentOf(copy.agent, 600_000n, 5)]);
  t.match(approved.result, { outcome: 'signed', charges: {} }, 'approved: signed and not charged');
  const twice = await signWith(first, 'shop-agent', [paymentOf(copy.agent, 600_000n, 6)]);
  t.match(twice.result, { outcome: 'needs-approval' }, 'an approval is used once');

  await command(first, 'shop-agent', 'pause', {}, makeKey('pauser'));
  await t.rejects(signWith(first, 'shop-agent', [paymentOf(copy.agent, 1n, 7)]), { code: 'phase-refused' });
  await command(first, 'shop-agent', 'resume', {});
  t.match((await signWith(first, 'shop-agent', [paymentOf(copy.agent, 1n, 8)])).result, { outcome: 'signed' });
  const spent = (await readStatement(first, 'shop-agent')).spentInBoot;
  await first.kill();

  const kinds = readStored(first.store, 'shop-agent').map(({ kind }) => kind);
  t.same(kinds.slice(0, 3), ['boot', 'command', 'command'], 'the chain begins with boot, create, lease');
  const second = await world.startProcess();
  const { result } = await restore(second, copy, first.store);
  t.equal(pubkeyFromBytes(result.agent), copy.agent, 'the same address');
  t.equal(result.phase, 'sealed');
  await t.rejects(signWith(second, 'shop-agent', [paymentOf(copy.agent, 1n, 9)]), { code: 'phase-refused' });
  const statement = await readStatement(second, 'shop-agent');
  t.match(statement, { m: 1, mClosed: false, lastLease: 0, spentInBoot: [] });
  t.same(statement.mSpent, spent, 'what the chain shows charged in the last boot');
  t.same(statement.mBoot, first.boot);
  await grantLease(second, 'shop-agent');
  const retried = await signWith(second, 'shop-agent', [payment], 'order-1');
  t.match(retried.result, { outcome: 'signed', repeated: true, charges: {} }, 'the id survives the restart');
  const after = await signWith(second, 'shop-agent', [paymentOf(copy.agent, 1n, 10)]);
  if (after.result.outcome !== 'signed') throw new Error(after.result.outcome);
  const window = after.result.budget.assets.find(({ asset }) => asset === 'SOL')?.windows[0];
  t.equal(window?.spent, String(6_000 + 5_001 + 5_001), 'the budget goes on where it was');
  t.equal(await second.stop(), 0, 'SIGTERM ends it in order');
});
