/** The local chain as its own process: one line when ready, killed and started again, stopped in order, wrong use. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createSolanaRpc, generateKeyPairSigner } from '@solana/kit';
import t from 'tap';
import { fund, makeFolder, SOL } from './dev-chain-support.ts';

const MAIN = new URL('../../scripts/dev/chain/main.ts', import.meta.url).pathname;

/** As in production: without what the test runner adds to the environment of its children. */
function start(...args: string[]): ChildProcess {
  return spawn('/usr/bin/env', ['-u', 'NODE_OPTIONS', process.execPath, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function readReady(child: ChildProcess): Promise<{ url: string; genesisHash: string; simulated: boolean }> {
  if (child.stdout === null) throw new Error('no output');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return JSON.parse(line);
}

async function readEnd(child: ChildProcess): Promise<{ code: unknown; stderr: string }> {
  let stderr = '';
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr };
}

t.test('killed and started again it has lost nothing it answered for', async (t) => {
  const folder = makeFolder(t);
  const first = start('--state', folder);
  t.teardown(() => first.kill('SIGKILL'));
  const ready = await readReady(first);
  t.equal(ready.simulated, true);
  const signer = await generateKeyPairSigner();
  const rpc = createSolanaRpc(ready.url);
  const signature = await fund(rpc, signer, 3n * SOL);
  const rival = await readEnd(start('--state', folder));
  t.equal(rival.code, 1);
  t.match(rival.stderr, /cannot be opened/);
  t.notMatch(rival.stderr, /\n\s+at /, 'no stack trace');
  const killed = once(first, 'close');
  first.kill('SIGKILL');
  await killed;

  const second = start('--state', folder, '--port', '0');
  t.teardown(() => second.kill('SIGKILL'));
  const again = await readReady(second);
  t.equal(again.genesisHash, ready.genesisHash);
  const resumed = createSolanaRpc(again.url);
  t.equal((await resumed.getBalance(signer.address).send()).value, 3n * SOL);
  t.equal((await resumed.getSignatureStatuses([signature]).send()).value[0]?.err, null);
  const ended = readEnd(second);
  second.kill('SIGTERM');
  t.same(await ended, { code: 0, stderr: '' });
});

t.test('wrong use is told in one line', async (t) => {
  for (const args of [
    [],
    ['--port', '1'],
    ['--state', 'x', '--port', '70000'],
    ['--state', 'x', '--port', '-1'],
    ['--nothing'],
  ]) {
    const { code, stderr } = await readEnd(start(...args));
    t.equal(code, 2, args.join(' '));
    t.match(stderr, /^usage: .*\n$/);
  }
});
