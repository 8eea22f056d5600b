import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { decodeReceipt } from '../../enclave/link/receipts.ts';
import { readWitness, startMachine } from './owner-support.ts';

const machine = await startMachine();
const { host, owner, ask } = machine;

t.test('init writes a profile once', async (t) => {
  t.equal(machine.profile.mode, 'development');
  t.match(machine.profile.keys, { owner: { arn: /^arn:aws:kms/ }, renew: {}, pause: {}, seal: { arn: /^arn/ } });
  t.match(await owner('init', '--region', 'x'), { code: 1, json: { error: { code: 'file-invalid', number: 5003 } } });
});

t.test('create shows what it signs, and signs nothing without a yes', async (t) => {
  const refused = await ask('no\n', 'create', 'w1', '--policy', machine.policyFile());
  t.match(refused, { code: 1, err: /not-confirmed/ });
  t.match(refused.out, /To be signed: wallet\.create for wallet w1/);
  t.match(refused.out, /sealed by arn:aws:kms/);
  t.same(host.taken, []);
});

t.test('create verifies, pins, keeps the copy and enrolls', async (t) => {
  const made = await ask('yes\n', 'create', 'w1', '--policy', machine.policyFile());
  t.equal(made.code, 0, made.err);
  t.match(made.out, /simulated enclave/);
  const folder = join(machine.folder, 'own', 'wallets', 'w1');
  for (const name of ['seal.cbor', 'policy.json', 'policy.command', 'pins.json'])
    t.ok(existsSync(join(folder, name)), name);
  t.match(readWitness(machine, 'w1')['witness'], { lastNumber: 0, reach: 0, paused: false });
  t.match(await owner('create', 'w1', '--policy', machine.policyFile()), {
    code: 1,
    json: { error: { code: 'wallet-exists' } },
  });
});

t.test('lease --once leases, then holds', async (t) => {
  const first = await owner('lease', '--once');
  t.match(first.json, { outcomes: [{ wallet: 'w1', result: 'leased', number: 1 }] }, first.err);
  t.match((await owner('lease', '--once')).json, { outcomes: [{ result: 'holds', number: 1 }] });
  const status = await owner('status');
  t.match(status.json, { wallets: [{ wallet: 'w1', phase: 'active', left: { SOL: '500000000' }, error: null }] });
});

t.test('the renewer signs with the renew key, the pause with the pause key', async (t) => {
  t.match(await owner('pause', 'w1'), { code: 0, json: { confirmed: true, witness: true } });
  t.same(host.taken, ['wallet.create', 'lease.grant', 'pause']);
  const { owner: ownerKey, renew, pause } = machine.profile.keys;
  const signers = (host.wallets.get('w1')?.receipts ?? []).map((bytes) => {
    const { kind, body } = decodeReceipt(bytes);
    return kind === 'command' ? Buffer.from(body.signers[0] as Uint8Array).toString('hex') : '';
  });
  t.same(signers, [ownerKey.publicKey, renew.publicKey, pause?.publicKey]);
  t.equal(readWitness(machine, 'w1')['witness']?.['paused'], true);
  t.match((await owner('lease', '--once')).json, { outcomes: [{ result: 'idle' }] });
});

t.test('resume leases again', async (t) => {
  t.match(await owner('resume', 'w1'), { code: 0, json: { resumed: true } });
  t.equal(host.wallets.get('w1')?.statement.phase, 'active');
  t.equal(readWitness(machine, 'w1')['witness']?.['paused'], false);
});

t.test('policy set shows what loosens and brings its lease', async (t) => {
  const assets = { SOL: { windows: [{ seconds: 86400, max: '3000000000' }], approvalAbove: '400000000' } };
  const file = machine.policyFile({ assets, lease: { maxSeconds: 600, slice: { SOL: '600000000' } } });
  const asked = await ask('yes\n', 'policy', 'set', 'w1', file);
  t.equal(asked.code, 0, asked.err);
  t.match(asked.out, /LOOSENS {3}\/assets\/SOL\/windows\/86400 s\/max: 1000000000 becomes 3000000000/);
  t.match(asked.out, /tightens {2}\/assets\/SOL\/approvalAbove: 500000000 becomes 400000000/);
  const { statement } = host.wallets.get('w1') ?? {};
  t.match(statement, { policyVersion: 2, lastLease: 2, ceiling: [{ asset: 'SOL', amount: 600000000n }] });
  t.match((await owner('lease', '--once')).json, { outcomes: [{ result: 'holds', number: 2 }] });
  t.match((await owner('policy', 'show', 'w1')).json, { version: 2, document: { format: 'reeve/policy/v1' } });
});

t.test('a command taken in between is signed again with the next number', async (t) => {
  let bumped = false;
  host.twist = {
    command(name) {
      const wallet = host.wallets.get('w1');
      if (name !== 'pause' || bumped || wallet === undefined) return;
      bumped = true;
      wallet.statement = { ...wallet.statement, commandSeq: wallet.statement.commandSeq + 5 };
    },
  };
  t.match(await owner('pause', 'w1'), { code: 0, json: { confirmed: true } });
  host.twist = {};
  await owner('resume', 'w1');
});

t.test('a withheld pause is not called a pause', async (t) => {
  host.twist = { withhold: true };
  const asked = await ask('y\n', 'pause', 'w1');
  t.equal(asked.code, 1);
  t.match(asked.out, /Not confirmed: at most 0\.\d+ SOL \(\d+\).* until 20\d\d-/);
  host.twist = {};
  t.equal(readWitness(machine, 'w1')['witness']?.['paused'], true);
  t.equal((await owner('resume', 'w1')).code, 0);
});

t.test('close is confirmed by attestation', async (t) => {
  t.match(await owner('close', 'w1'), { code: 0, json: { closed: true } });
  host.restart({ closed: true });
  t.match((await owner('lease', '--once')).json, { outcomes: [{ result: 'leased', number: 3 }] });
  t.same(host.wallets.get('w1')?.statement.lastLease, 3);
});

t.test('restore brings the same address to a host that lost everything', async (t) => {
  await owner('create', 'w2', '--policy', machine.policyFile());
  await owner('lease', '--once', '--wallet', 'w2');
  const agent = host.wallets.get('w2')?.statement.agent;
  host.restart();
  host.wallets.delete('w2');
  const restored = await owner('restore', 'w2');
  t.equal(restored.code, 0, restored.err);
  t.same(host.wallets.get('w2')?.statement.agent, agent);
  const leased = await owner('lease', '--once', '--wallet', 'w2');
  t.match(leased.json, { outcomes: [{ wallet: 'w2', result: 'leased', number: 2 }] }, leased.err);
});
