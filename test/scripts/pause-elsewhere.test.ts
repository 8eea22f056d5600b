/** A pause given from another machine than the renewer's, and a host that restarts and hides its receipt: nothing is leased until the owner resumes. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import t from 'tap';
import { run as runOwner } from '../../scripts/owner/main.ts';
import type { Custody } from './custody-support.ts';
import { startCustody } from './custody-support.ts';
import { run } from './owner-support.ts';

t.setTimeout(120_000);

const MAIN = join(import.meta.dirname, '..', '..', 'scripts', 'owner', 'main.ts');

/** `lease --auto` as a process of its own; resolves when it serves its socket. */
async function startRenewer(t: Test, { profilePath }: Custody): Promise<void> {
  const program = `import { run } from ${JSON.stringify(MAIN)};
    const { stdout, stderr, stdin, env } = process;
    process.exitCode = await run(process.argv.slice(1), { stdout, stderr, stdin, env });`;
  const words = ['-u', 'NODE_OPTIONS', process.execPath, '--input-type=module', '-e', program, '--'];
  const argv = ['lease', '--auto', '--every', '0.1', '--profile', profilePath, '--json'];
  const child = spawn('/usr/bin/env', [...words, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  await once(createInterface({ input: child.stdout }), 'line');
}

t.test('paused elsewhere, hidden by the host: silent until resumed', async (t) => {
  const custody = await startCustody(t);
  t.match(await custody.owner('create', 'w', '--policy', custody.policyFile()), { code: 0 });
  t.match(await custody.owner('lease', '--once'), { code: 0 });
  const before = join(custody.folder, 'store-before');
  const own = dirname(custody.profilePath);
  await startRenewer(t, custody);

  const elsewhere = join(custody.folder, 'elsewhere');
  cpSync(own, elsewhere, { recursive: true, filter: (path) => !path.includes('witness') });
  const other = (...argv: string[]) =>
    run(runOwner, [
      ...argv,
      '--profile',
      join(elsewhere, 'p.json'),
      '--renewer',
      `unix:${join(own, 'witness', 'renewer.sock')}`,
      '--yes',
      '--json',
    ]);
  const store = custody.store();
  const withoutLock = (path: string) => !path.endsWith('.sock');
  cpSync(store, before, { recursive: true, filter: withoutLock });
  t.match(await other('pause', 'w'), { code: 0, json: { confirmed: true, witness: true } });

  await custody.moveHost((_, to) => cpSync(before, to, { recursive: true, filter: withoutLock }));
  const { wallets } = (await other('status')).json as unknown as { wallets: object[] };
  t.match(
    wallets,
    [{ phase: 'sealed', witness: /^paused/ }],
    'the enclave has never heard of the pause, the witness has',
  );
  t.match((await other('lease', '--once')).json, { outcomes: [{ result: 'idle', code: 'wallet-paused' }] });
  t.match((await other('status')).json, { wallets: [{ phase: 'sealed' }] }, 'still without a lease');

  t.match(await other('resume', 'w'), { code: 0, json: { resumed: true } });
  t.match((await other('status')).json, { wallets: [{ phase: 'active' }] });
});
