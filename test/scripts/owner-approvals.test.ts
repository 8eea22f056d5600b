import { createHash } from 'node:crypto';
import t from 'tap';
import { hashEffectsJson } from '../../policy/approvals.ts';
import type { Hash } from '../../policy/types.ts';
import { readKeptPolicy } from '../../scripts/owner/copy.ts';
import { readWitness, startLeased } from './owner-support.ts';

const machine = await startLeased('w1');
const { host, owner, ask } = machine;
const { policy } = readKeptPolicy(machine.profile, 'w1');
const SHOP = '9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM';

/** An approval as a host lists it, its hash right unless `changes` spoils it. */
function list(name: string, amount: string, changes: object = {}): string {
  const id = createHash('md5').update(name).digest('hex');
  const effects = [
    {
      transaction: 0,
      instruction: 0,
      kind: 'transfer',
      asset: 'SOL',
      amount,
      from: SHOP,
      destination: SHOP,
      recipient: SHOP,
    },
  ];
  const [programs, feeCap] = [['system.transfer'], '10000'];
  const effectsHash = hashEffectsJson({ policyHash: policy.hash, effects, programs, feeCap });
  const violations = [{ code: 'approval-required', detail: 'more than the owner lets pass' }];
  const times = { createdAt: Date.now(), expiresAt: Date.now() + 60_000 };
  const approval = { id, state: 'pending', effectsHash, effects, programs, feeCap, violations, ...times, ...changes };
  host.wallets.get('w1')?.approvals.push(approval);
  return id;
}

t.test('approvals are listed in plain words, escaped', async (t) => {
  list('first', '700000000', { violations: [{ code: 'x', detail: 'turn \u202e around' }] });
  const { out, code } = await ask('', 'approvals');
  t.equal(code, 0);
  t.match(out, new RegExp(`send 0\\.7 SOL \\(700000000\\) to ${SHOP}`));
  t.match(out, /fees of at most 0\.00001 SOL \(10000\), through system\.transfer/);
  t.match(out, /turn \\u\{202e\} around/);
});

t.test('approve prints, notes in the witness, and signs what was printed', async (t) => {
  const id = list('second', '800000000');
  t.match(await ask('no\n', 'approve', id), { code: 1, err: /not-confirmed/ });
  t.same(readWitness(machine, 'w1')['witness']?.['approvals'], []);
  const approved = await ask('yes\n', 'approve', id);
  t.equal(approved.code, 0, approved.err);
  t.match(approved.out, /send 0\.8 SOL/);
  t.match(readWitness(machine, 'w1')['witness'], { approvals: [{ seen: 'no' }] });
  t.equal(host.taken.at(-1), 'approve');
});

t.test('the same effects again only once the first was seen used', async (t) => {
  const id = list('third', '800000000');
  t.match(await owner('approve', id), { code: 1, json: { error: { code: 'approval-outstanding', number: 1706 } } });
  const policyHash = new Uint8Array(Buffer.from(policy.hash, 'hex'));
  const approvalId = createHash('md5').update('second').digest('hex');
  const nothing = { messageHashes: [], signatures: [], charges: [], entries: [], effects: [], violations: [] };
  const decision = { policyHash, approvalId, ...nothing, count: 1 };
  host.addReceipt('w1', 'decision', { ...decision, decision: 'needs-approval' });
  t.equal((await owner('approve', id)).code, 1, 'asking is not using');
  host.addReceipt('w1', 'decision', { ...decision, decision: 'allow' });
  const approved = await owner('approve', id);
  t.equal(approved.code, 0, approved.err);
  const again = list('a third time', '800000000');
  const refused = await owner('approve', again);
  t.match(
    refused,
    { code: 1, json: { error: { code: 'approval-outstanding' } } },
    'the first one’s use says nothing of it',
  );
});

t.test('a host that shows one payment and hashes another', async (t) => {
  const lie = hashEffectsJson({ policyHash: policy.hash, effects: [], programs: [], feeCap: '0' });
  const id = list('lie', '1', { effectsHash: lie as Hash });
  const taken = host.taken.length;
  t.match(await owner('approve', id), { code: 1, json: { error: { code: 'approval-differs', number: 5025 } } });
  t.match(await owner('deny', id), { code: 1, json: { error: { code: 'approval-differs' } } });
  t.equal(host.taken.length, taken);
});

t.test('deny', async (t) => {
  t.match(await owner('deny', list('fourth', '5')), { code: 0, json: { sent: true } });
  t.equal(host.taken.at(-1), 'deny');
});

t.test('unknown and malformed ids, malformed lists', async (t) => {
  t.match(await owner('approve', 'ab'.repeat(16)), { code: 1, json: { error: { code: 'approval-unknown' } } });
  t.match(await owner('approve', 'nonsense'), { code: 2 });
  host.wallets.get('w1')?.approvals.push({ id: 'x' });
  t.match(await owner('approvals'), { code: 1, json: { error: { code: 'admin-answer' } } });
});
