/** Many wallets in one enclave share nothing but the process. */

import t from 'tap';
import { createTestWallet, createWorld, grantLease, paymentOf, signWith } from './helpers.ts';

t.test('fifty wallets, each with its own key, budget and chain', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  const names = Array.from({ length: 50 }, (_, index) => `agent-${index}`);
  const copies = await Promise.all(names.map((name) => createTestWallet(world, enclave, name)));
  t.equal(new Set(copies.map(({ agent }) => agent)).size, 50, 'fifty keys');
  for (const name of names) await grantLease(enclave, name);
  const replies = await Promise.all(
    copies.map(({ agent, wallet }) => signWith(enclave, wallet, [paymentOf(agent, 700n, 1)])),
  );
  t.ok(replies.every(({ result }) => result.outcome === 'signed'));
  const crossed = await signWith(enclave, 'agent-0', [paymentOf(copies[1]?.agent as never, 1n, 2)]);
  t.match(crossed.result, { outcome: 'refused' }, 'a wallet does not sign for another');
  const watched = (await enclave.owner.request('wallets.watch', { after: 'agent-9' })).result;
  t.strictSame(watched, { wallets: [], more: false });
  const first = (await enclave.owner.request('wallets.watch', {})).result;
  t.equal(first.wallets.length, 50);
  t.match(first.wallets[0], {
    wallet: 'agent-0',
    phase: 'active',
    leaseEndsAt: BigInt,
    assets: [
      { asset: 'SOL', ceiling: String(1_000_000 - 700 - 5_000), unseen: '0' },
      { asset: 'signatures', ceiling: '999', unseen: '0' },
    ],
    approvals: 0,
  });
  const listed = (await enclave.owner.request('wallets.list', { after: 'agent-48' })).result;
  t.match(
    listed.wallets.map(({ wallet }) => wallet),
    ['agent-49', 'agent-5', 'agent-6', 'agent-7', 'agent-8', 'agent-9'],
  );
});
