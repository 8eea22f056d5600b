/** Wallets that share one document and one signature of KMS: what happens to one of them is its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ReeveError } from '../../enclave/link/errors.ts';
import { readWitness, startMachine } from './owner-support.ts';

const machine = await startMachine();
const { host, owner, folder } = machine;
const MAIN = join(import.meta.dirname, '..', '..', 'scripts', 'owner', 'main.ts');
const NAMES = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8'] as const;
const counts = { documents: 0, kms: [] as string[] };

for (const name of NAMES) await owner('create', name, '--policy', machine.policyFile());
machine.onKms = (operation) => void counts.kms.push(operation);

/** Changes a wallet's witness on the disk, as another command through the renewer's socket would. */
function editWitness(wallet: string, change: (file: Record<string, object>) => object): void {
  const path = join(folder, 'own', 'witness', `${wallet}.witness.json`);
  const file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, object>;
  writeFileSync(path, JSON.stringify({ ...file, ...change(file) }));
}
const pause = (wallet: string, paused: boolean) =>
  editWitness(wallet, ({ witness }) => ({ witness: { ...witness, paused } }));

/** One pass over all wallets: what became of each, `counts` counting for it alone. */
async function pass(): Promise<Record<string, string>> {
  Object.assign(counts, { documents: 0, kms: [] });
  host.twist.attest = (fields) => {
    counts.documents += 1;
    return fields;
  };
  const { json } = await owner('lease', '--once');
  const { outcomes } = json as unknown as { outcomes: { wallet: string; result: string; code?: string }[] };
  return Object.fromEntries(outcomes.map(({ wallet, result, code }) => [wallet, code ?? result]));
}
const numberOf = (wallet: string) => readWitness(machine, wallet)['witness']?.['lastNumber'] as unknown as number;
const LEASED = Object.fromEntries(NAMES.map((name) => [name, 'leased']));

t.test('all are leased with one document and one call to KMS', async (t) => {
  t.same(await pass(), LEASED);
  t.same(counts, { documents: 1, kms: ['Sign'] });
});

t.test('those that must not be leased cost the others nothing', async (t) => {
  host.restart();
  pause('w2', true);
  editWitness('w3', () => ({
    halted: Buffer.from(host.wallets.get('w3')?.statement.boot as Uint8Array).toString('hex'),
  }));
  host.twist = {
    statement(said) {
      if (said.wallet === 'w4') return { ...said, agent: new Uint8Array(32) };
      if (said.wallet === 'w5') return { ...said, mode: 'production' };
      if (said.wallet === 'w6') return { ...said, roles: { renew: [], pause: [], approve: [] }, owner: said.owner };
      return said;
    },
    command(_name, wallet) {
      if (wallet === 'w7') throw new ReeveError('busy');
    },
  };
  t.same(await pass(), {
    ...LEASED,
    w2: 'wallet-paused',
    w3: 'statement-went-back',
    w4: 'statement-mismatch',
    w5: 'document-mode',
    w7: 'busy',
  });
  t.same(counts, { documents: 1, kms: ['Sign', 'Sign'] }, 'w6 by the owner’s key, for want of a renewer');
  t.same(NAMES.map(numberOf), [2, 1, 1, 1, 1, 2, 2, 2], 'only what was decided is in a witness');
  host.twist = {};
  pause('w2', false);
  editWitness('w3', () => ({ halted: null }));
  const { w2, w3, w4, w5, w7, ...others } = await pass();
  t.same([w2, w3, w4, w5, w7], ['leased', 'leased', 'leased', 'leased', 'leased']);
  t.same(new Set(Object.values(others)), new Set(['holds']));
  t.equal(numberOf('w7'), 3, 'the number of the lease that was lost is not used again');
});

t.test('a boot that was superseded gets no lease, its neighbours do', async (t) => {
  const before = host.wallets.get('w3')?.statement;
  host.restart();
  t.same(await pass(), LEASED);
  host.restart();
  host.twist = { statement: (said) => (said.wallet === 'w3' && before ? { ...before, time: said.time } : said) };
  t.same(await pass(), { ...LEASED, w3: 'boot-superseded' });
  host.twist = {};
  t.same((await pass())['w3'], 'leased');
});

t.test('paused while KMS signs: signed with the others, and never sent', async (t) => {
  host.restart();
  const taken = host.taken.length;
  const count = machine.onKms;
  machine.onKms = (operation) => {
    count(operation);
    pause('w5', true);
  };
  t.same(await pass(), { ...LEASED, w5: 'wallet-paused' });
  machine.onKms = count;
  t.equal(host.taken.length - taken, NAMES.length - 1);
  t.match(host.wallets.get('w5')?.statement, { phase: 'sealed', lastLease: 0 });
  pause('w5', false);
  t.same((await pass())['w5'], 'leased');
});

t.test('KMS does not sign: no lease leaves, none of their numbers comes again', async (t) => {
  host.restart();
  const before = NAMES.map(numberOf);
  const taken = host.taken.length;
  const { keys } = machine.kms;
  const { arn } = machine.profile.keys.renew;
  keys.replace({ ...keys.find(arn), enabled: false });
  t.same(new Set(Object.values(await pass())), new Set(['kms-key-disabled']));
  keys.replace({ ...keys.find(arn), enabled: true });
  t.equal(host.taken.length, taken);
  t.same(await pass(), LEASED);
  t.same(
    NAMES.map(numberOf),
    before.map((number) => number + 2),
  );
});

t.test(
  'killed between syncing and sending: every witness of the group is on the disk, every number is new',
  async (t) => {
    host.restart();
    const before = NAMES.map(numberOf);
    const program = `import { run } from ${JSON.stringify(MAIN)};
    const { stdout, stderr, stdin, env } = process;
    process.exitCode = await run(process.argv.slice(1), { stdout, stderr, stdin, env });`;
    const words = ['lease', '--once', '--profile', machine.profilePath, '--json'];
    const node = ['-u', 'NODE_OPTIONS', process.execPath, '--input-type=module', '-e', program, '--'];
    const child = spawn('/usr/bin/env', [...node, ...words], { stdio: 'ignore' });
    let onDisk: number[] = [];
    const next = before.map((number) => number + 1);
    // All of them are sent at once, so the host may read some only after the sender's end: they are known by their numbers.
    host.twist = {
      command(_name, wallet, leaseNumber) {
        if (leaseNumber !== next[NAMES.indexOf(wallet as (typeof NAMES)[number])]) return;
        if (onDisk.length === 0) onDisk = NAMES.map(numberOf);
        child.kill('SIGKILL');
        throw new Error('never answered');
      },
    };
    await once(child, 'exit');
    t.same(onDisk, next, 'all of them, before the first one left');
    t.same(await pass(), LEASED);
    t.same(
      NAMES.map(numberOf),
      next.map((number) => number + 1),
    );
    for (const name of NAMES) t.equal(host.wallets.get(name)?.statement.lastLease, numberOf(name));
  },
);
