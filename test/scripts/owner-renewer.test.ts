import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import type { AssetAmounts } from '../../enclave/link/schema/results.ts';
import type { Machine } from './owner-support.ts';
import { readWitness, startLeased } from './owner-support.ts';

const machine = await startLeased('w1');
const { host, owner, ask } = machine;
const MAIN = join(import.meta.dirname, '..', '..', 'scripts', 'owner', 'main.ts');

/** `reeve owner …` as its own process, with the environment it would have. */
function start({ profilePath }: Machine, ...argv: string[]) {
  const program = `import { run } from ${JSON.stringify(MAIN)};
    const { stdout, stderr, stdin, env } = process;
    process.exitCode = await run(process.argv.slice(1), { stdout, stderr, stdin, env });`;
  const words = ['-u', 'NODE_OPTIONS', process.execPath, '--input-type=module', '-e', program, '--'];
  const child = spawn('/usr/bin/env', [...words, ...argv, '--profile', profilePath, '--json']);
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  return {
    child,
    next: async () => JSON.parse((await lines.next()).value ?? 'null'),
    errors: () => Buffer.concat(errors).toString(),
    exited: once(child, 'exit'),
  };
}

/** What the wallet's boot says it has spent. */
function spend(amount: bigint): void {
  const wallet = host.wallets.get('w1');
  if (wallet === undefined) throw new Error('no wallet');
  const spentInBoot: AssetAmounts = [{ asset: 'SOL', amount }];
  wallet.statement = { ...wallet.statement, spentInBoot };
}

const witness = () => readWitness(machine, 'w1')['witness'] as unknown as Record<string, never>;

t.test('half the slice gone: the next lease, cumulative in the boot', async (t) => {
  spend(249_999_999n);
  t.match((await owner('lease', '--once')).json, { outcomes: [{ result: 'holds', number: 1 }] });
  spend(250_000_000n);
  t.match((await owner('lease', '--once')).json, { outcomes: [{ result: 'leased', number: 2 }] });
  t.match(host.wallets.get('w1')?.statement.ceiling, [{ asset: 'SOL', amount: 750_000_000n }, { asset: 'signatures' }]);
});

t.test('half the time gone: the next lease', async (t) => {
  host.twist = { statement: (said) => ({ ...said, time: said.until - 300_000n }) };
  t.match((await owner('lease', '--once')).json, { outcomes: [{ result: 'leased', number: 3 }] });
  host.twist = {};
});

t.test('a lease is on the disk before its command leaves', async (t) => {
  spend(600_000_000n);
  let onDisk = 0;
  host.twist = {
    command() {
      onDisk = witness()['lastNumber'] as unknown as number;
      throw new Error('lost on the way');
    },
  };
  t.match(await owner('lease', '--once'), { code: 1, json: { outcomes: [{ result: 'failed', code: 'internal' }] } });
  host.twist = {};
  t.equal(onDisk, 4);
  t.match((await owner('lease', '--once')).json, { outcomes: [{ result: 'leased', number: 5 }] });
});

t.test('killed between syncing and sending: number and lock come back right', async (t) => {
  spend(1_000_000_000n);
  const process = start(machine, 'lease', '--once');
  host.twist = {
    command() {
      process.child.kill('SIGKILL');
      throw new Error('never answered');
    },
  };
  await process.exited;
  host.twist = {};
  t.equal(witness()['lastNumber'], 6);
  t.match((await owner('lease', '--once')).json, { outcomes: [{ result: 'leased', number: 7 }] });
});

t.test('the renewer serves the witness, holds the lock, and ends in order', async (t) => {
  const renewer = start(machine, 'lease', '--auto', '--every', '0.05');
  t.match(await renewer.next(), { ready: true, mode: 'development' });
  const socket = join(machine.folder, 'own', 'witness', 'renewer.sock');
  t.equal(statSync(socket).mode & 0o777, 0o600);
  const second = start(machine, 'lease', '--auto');
  t.same(await second.exited, [1, null]);
  t.match(second.errors(), /witness-locked.*pid [0-9]+/);

  t.match(await owner('pause', 'w1'), { code: 0, json: { confirmed: true, witness: true } });
  t.match(witness(), { paused: true });
  t.match(await owner('resume', 'w1', '--renewer', `unix:${socket}`), { code: 0 });
  const file = machine.policyFile({ memo: { maxBytes: 32 } });
  t.match(await owner('policy', 'set', 'w1', file), { code: 0, json: { version: 2, leased: true } });
  t.match((await owner('status')).json, { wallets: [{ policyVersion: 2, witness: /^leases, lease 8/ }] });

  t.match(await owner('create', 'w2', '--policy', machine.policyFile()), { code: 0 });
  for (let line = await renewer.next(); line.wallet !== 'w2'; line = await renewer.next()) t.equal(line.wallet, 'w1');
  t.match(host.wallets.get('w2')?.statement, { lastLease: 1, phase: 'active' }, 'leased at the next look');
  renewer.child.kill('SIGTERM');
  t.same(await renewer.exited, [0, null]);
  t.notOk(existsSync(socket), 'the socket is gone');
});

t.test('a boot that goes back is never leased again, and the renewer says so at its end', async (t) => {
  spend(900_000_000n);
  const renewer = start(machine, 'lease', '--auto', '--every', '0.05', '--wallet', 'w1');
  await renewer.next();
  const [line] = await once(renewer.child.stderr, 'data');
  t.match(JSON.parse(String(line).split('\n')[0] ?? ''), { result: 'alarm', code: 'statement-went-back' });
  renewer.child.kill('SIGTERM');
  t.same(await renewer.exited, [1, null]);
  spend(2_000_000_000n);
  t.match(await owner('lease', '--once', '--wallet', 'w1'), {
    code: 1,
    json: { outcomes: [{ result: 'alarm', code: 'statement-went-back' }] },
  });
  host.restart();
  t.match((await owner('lease', '--once', '--wallet', 'w1')).json, { outcomes: [{ result: 'leased', number: 9 }] });
});

t.test('a superseded boot gets no lease', async (t) => {
  const before = host.wallets.get('w1')?.statement;
  host.restart();
  t.match((await owner('lease', '--once', '--wallet', 'w1')).json, { outcomes: [{ result: 'leased', number: 10 }] });
  host.twist = { statement: (said) => ({ ...(before ?? said), time: said.time, head: said.head }) };
  t.match(await owner('lease', '--once', '--wallet', 'w1'), {
    code: 1,
    json: { outcomes: [{ result: 'alarm', code: 'boot-superseded' }] },
  });
  host.twist = {};
});

t.test('hidden receipts are charged; a lost witness needs the word of the owner', async (t) => {
  host.restart({ hide: true });
  const wallet = host.wallets.get('w1');
  t.match((await owner('lease', '--once', '--wallet', 'w1')).json, { outcomes: [{ result: 'leased', number: 11 }] });
  const { boots } = witness() as unknown as { boots: { charges: { asset: string; amount: string }[] }[] };
  t.ok((boots.at(-1)?.charges.length ?? 0) > 0);

  const path = join(machine.folder, 'own', 'witness', 'w1.witness.json');
  const kept = readFileSync(path);
  writeFileSync(path, kept.subarray(0, 200));
  t.match(await owner('lease', '--once', '--wallet', 'w1'), {
    json: { outcomes: [{ result: 'failed', code: 'witness-invalid' }] },
  });
  rmSync(path);
  t.match((await owner('lease', '--once', '--wallet', 'w1')).json, { outcomes: [{ code: 'witness-unknown' }] });
  t.equal((await owner('lease', '--enroll', 'w1')).code, 0);
  host.restart({ hide: true });
  if (wallet !== undefined) wallet.statement = { ...wallet.statement, m: 0, mBoot: null, mSpent: [] };
  t.match((await owner('lease', '--once', '--wallet', 'w1')).json, {
    outcomes: [{ result: 'alarm', code: 'history-lost' }],
  });
  const asked = await ask('no\n', 'lease', '--once', '--wallet', 'w1', '--recover-lost');
  t.match(asked, { code: 1, err: /w1 lost\? \[yes\/no\]/ }, 'a flag alone is not the word');
  t.match((await owner('lease', '--once', '--wallet', 'w1', '--recover-lost')).json, {
    outcomes: [{ result: 'leased' }],
  });
});

t.test('one wallet that fails costs the others nothing', async (t) => {
  host.twist = {
    statement: (said) => (said.wallet === 'w2' ? { ...said, mode: 'production' } : said),
  };
  host.restart();
  t.match((await owner('lease', '--once')).json, {
    outcomes: [
      { wallet: 'w1', result: 'leased' },
      { wallet: 'w2', result: 'alarm', code: 'document-mode' },
    ],
  });
  host.twist = {};
});

t.test('a boot that goes back while its policy is set is never leased again either', async (t) => {
  const renew = () => owner('lease', '--once', '--wallet', 'w1');
  spend(200n);
  t.match((await renew()).json, { outcomes: [{ result: 'holds' }] });
  spend(100n);
  const file = machine.policyFile({ memo: { maxBytes: 33 } });
  t.match(await owner('policy', 'set', 'w1', file), { code: 0, json: { leased: false } });
  spend(300n);
  t.match((await renew()).json, { outcomes: [{ result: 'alarm', code: 'statement-went-back' }] });
});
