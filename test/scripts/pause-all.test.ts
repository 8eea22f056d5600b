/** The renew key disabled in KMS: no host is asked, and the wallet falls silent when its lease ends. */

import { join } from 'node:path';
import t from 'tap';
import { connectLink } from '../../enclave/link/client.ts';
import type { Pubkey } from '../../policy/types.ts';
import { readPins } from '../../scripts/owner/copy.ts';
import { paymentOf } from '../enclave/helpers.ts';
import { startCustody } from './custody-support.ts';

t.test('pause --all: leases end, none follows, and it says so', async (t) => {
  const custody = await startCustody(t);
  await custody.owner('create', 'w', '--policy', custody.policyFile());
  const leased = await custody.owner('lease', '--once', '--seconds', '2');
  const { until } = (leased.json['outcomes'] as unknown as { until: number }[])[0] as { until: number };
  t.match(await custody.ask('no\n', 'pause', '--all'), { code: 1, out: /Leases that run are NOT ended/ });
  const paused = await custody.owner('pause', '--all');
  t.match(paused, { code: 0, json: { wallets: ['w'], uncovered: [], witness: { until } } }, paused.err);
  const agent = await connectLink('agent', { kind: 'unix', path: join(custody.folder, 'a.sock0') }, () => undefined);
  t.teardown(() => agent.close());
  const key = Buffer.from(readPins(custody.profile(), 'w').agent).toString('hex') as Pubkey;
  const pay = (number: number) =>
    agent.request('sign', { wallet: 'w', stored: 0, transactions: [paymentOf(key, 1n, number)], owners: [] });
  t.notMatch((await pay(1)).result, { violations: [{ code: 'lease-ended' }] }, 'the lease that runs goes on');
  t.match((await custody.owner('lease', '--once')).json, {
    outcomes: [{ result: 'failed', code: 'kms-key-disabled' }],
  });
  await new Promise((resolve) => setTimeout(resolve, until - Date.now() + 50));
  t.match(JSON.stringify((await pay(2)).result), /lease-ended/, 'silent');
  t.match((await custody.owner('lease', '--once')).json, {
    outcomes: [{ result: 'failed', code: 'kms-key-disabled' }],
  });
});

t.test('pause --all names the wallets another key could lease', async (t) => {
  const custody = await startCustody(t);
  await custody.owner('create', 'w', '--policy', custody.policyFile({ keys: {} }));
  t.match((await custody.owner('pause', '--all')).json, { uncovered: ['w'] });
  t.match(await custody.owner('pause', '--all', 'w'), { code: 2 });
  t.match(await custody.owner('pause'), { code: 2 });
});
