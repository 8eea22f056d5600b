/** Coming up, or saying why not in one line and a non-zero exit. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkCoreLimit } from '../../enclave/machine-checks.ts';
import { runSelfTest } from '../../enclave/self-test.ts';
import { IMAGE_VERSION } from '../../enclave/version.ts';
import { withoutCoreDumps } from '../../scripts/stack/enclave-flags.ts';
import type { World } from './helpers.ts';
import { createTestWallet, createWorld } from './helpers.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const NAMES = ['trust', 'agent', 'owner', 'nsm', 'kms'] as const;

/** Runs the process to its end and returns exit code and what it said. */
async function run(args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const program = [process.execPath, join(ROOT, 'enclave', 'main.ts'), ...args];
  const child = spawn(...withoutCoreDumps('/usr/bin/env', ['-i', ...program]));
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, 'close');
  return { code: child.exitCode, text };
}

function argumentsOf(world: World, changes: Partial<Record<(typeof NAMES)[number], string>> = {}): string[] {
  const files = { trust: 'trust', agent: 'agent.sock', owner: 'owner.sock', nsm: 'nsm.sock', kms: 'kms.sock' };
  return NAMES.flatMap((name) => [`--${name}`, changes[name] ?? join(world.folder, files[name])]);
}

t.test('what keeps it from coming up', async (t) => {
  const world = await createWorld(t);
  const debug = join(world.folder, 'trust-nitro');
  const trust = JSON.parse(readFileSync(join(world.folder, 'trust'), 'utf8')) as object;
  writeFileSync(debug, JSON.stringify({ ...trust, nsm: 'nitro' }));
  const clock = join(world.folder, 'trust-clock');
  writeFileSync(clock, JSON.stringify({ ...trust, clockSource: 'kvm-clock' }));
  const isKvm =
    readFileSync('/sys/devices/system/clocksource/clocksource0/current_clocksource', 'utf8').trim() === 'kvm-clock';
  const rows: readonly (readonly [name: string, args: readonly string[], text: RegExp])[] = [
    ['no arguments', [], /--trust PATH/],
    ['an unknown argument', [...argumentsOf(world), '--debug'], /startup-refused/],
    ['no trust file', argumentsOf(world, { trust: '/nowhere' }), /trust file cannot be read/],
    ['no NSM', argumentsOf(world, { nsm: '/nowhere' }), /nsm-failed/],
    ['an NSM that is not AWS’s', argumentsOf(world, { trust: debug }), /root-untrusted/],
    ...(isKvm ? [] : ([['another clock source', argumentsOf(world, { trust: clock }), /clockSource/]] as const)),
    ['a path that cannot be listened on', argumentsOf(world, { owner: '/nowhere/owner.sock' }), /startup-refused/],
  ];
  const outcomes = await Promise.all(rows.map(([, args]) => run(args)));
  for (const [index, [name, , text]] of rows.entries()) {
    t.match(outcomes[index], { code: 1, text }, name);
    t.equal(outcomes[index]?.text.trim().split('\n').length, 1, 'one line');
  }
});

t.test('a process whose memory could be written to a file is no enclave', (t) => {
  for (const limit of ['unlimited', 1, 1024, undefined])
    t.throws(() => checkCoreLimit(limit), { code: 'startup-refused' }, String(limit));
  t.doesNotThrow(() => checkCoreLimit(0));
  t.end();
});

t.test('a killed process’s sockets are replaced, a living one’s are not', async (t) => {
  const world = await createWorld(t);
  const first = await world.startProcess();
  t.match(await run(argumentsOf(world)), { code: 1, text: /in use/ });
  await first.kill();
  t.ok(existsSync(first.agentPath), 'left behind');
  const second = await world.startProcess();
  t.not(Buffer.from(second.boot).toString('hex'), Buffer.from(first.boot).toString('hex'), 'another boot');
  t.equal(await second.stop(), 0);
});

t.test('development says so, and no secret is logged', async (t) => {
  const world = await createWorld(t);
  const enclave = await world.startInside();
  await createTestWallet(world, enclave, 'w');
  const log = world.log.join('');
  t.match(log, /"mode":"development"/);
  t.match(log, /simulation/);
  t.notMatch(log, /secret|AKIA|seed/i);
});

t.test('self-test and version', (t) => {
  t.doesNotThrow(runSelfTest, 'the known answers hold');
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  t.equal(IMAGE_VERSION, version);
  t.end();
});
