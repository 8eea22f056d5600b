/** `reeve start` as a user meets it: what it prints works when pasted, Ctrl-C ends everything it started, and the next start takes up where it ended. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import t from 'tap';
import { makeFolder, ROOT, SCALE } from './support.ts';

t.setTimeout(120_000);

/** A second start must be ready in this time on a quiet machine, milliseconds. */
const READY_MS = 10_000;
const LOOK_MS = 20;

interface Started {
  readonly child: ChildProcess;
  /** All it printed until it was ready. */
  readonly text: string;
  readonly readyMs: number;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; text: string; errors: string }>;
}

/** The command as typed, without what the test runner adds to the environment of its children. */
function launch(test: Test, folder: string, ...launcher: string[]) {
  const command = launcher.length === 0 ? [process.execPath, 'scripts/main.ts'] : launcher;
  const words = ['-u', 'NODE_OPTIONS', ...command, 'start', '--state', folder];
  const child = spawn('/usr/bin/env', words, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  test.teardown(() => child.kill('SIGKILL'));
  const seen = { text: '', errors: '' };
  child.stdout.on('data', (chunk) => (seen.text += chunk));
  child.stderr.on('data', (chunk) => (seen.errors += chunk));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...seen }));
  return { child, seen, ended };
}

async function start(test: Test, folder: string): Promise<Started> {
  const began = performance.now();
  const { child, seen, ended } = launch(test, folder);
  const ready = async () => {
    while (!seen.text.includes('Ctrl-C stops everything.')) await once(child.stdout, 'data');
    return null;
  };
  const early = await Promise.race([ready(), ended]);
  if (early !== null) throw new Error(`ended early: ${early.errors}`);
  return { child, text: seen.text, readyMs: performance.now() - began, ended };
}

/** Processes with a word of this folder on their command line, but for the test's own. */
function listProcesses(folder: string): number[] {
  const isOurs = (pid: number) => {
    try {
      return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc').map(Number).filter(Number.isInteger).filter(isOurs);
}

/** The lines a user would paste, by their name. */
function readLines(text: string): Record<string, string> {
  const lines = text.matchAll(/^ {2}(pay|budget|refused) +(curl (?:.*\\\n)*.*)$/gm);
  return Object.fromEntries([...lines].map(([, name, line]) => [name, line]));
}

const readAddress = (text: string) => /^ {2}wallet +(\w+) /m.exec(text)?.[1];

/** Runs a printed line as it stands. */
async function paste(line: string | undefined): Promise<Record<string, unknown>> {
  const shell = spawn('/bin/sh', ['-c', `${line ?? 'false'}`], { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  shell.stdout.on('data', (chunk) => (text += chunk));
  await once(shell, 'close');
  return JSON.parse(text);
}

/** What every window says is spent, and what is unseen. */
async function readSpent(started: Started): Promise<unknown> {
  const { assets } = (await paste(readLines(started.text)['budget'])) as {
    assets: { asset: string; windows: { spent: string; unseen: string }[] }[];
  };
  return assets.map(({ asset, windows }) => [asset, ...windows.map(({ spent, unseen }) => [spent, unseen])]);
}

async function interrupt(t: Test, started: Started, folder: string): Promise<void> {
  started.child.kill('SIGINT');
  t.match(await started.ended, { code: 0, signal: null, errors: '' });
  t.strictSame(listProcesses(folder), [], 'nothing it started is left');
}

t.test('start, Ctrl-C, start again, kill, start again', async (t) => {
  const folder = makeFolder(t);
  const first = await start(t, folder);
  t.match(first.text, /DEVELOPMENT MODE/);
  const lines = readLines(first.text);
  t.strictSame(Object.keys(lines), ['pay', 'budget', 'refused']);
  t.match(await paste(lines['pay']), { status: 'landed', asset: 'SOL', amount: '1000000' });
  t.match(await paste(lines['pay']), { status: 'landed', repeated: false }, 'pasted again it pays again');
  t.match(await paste(lines['refused']), { status: 403, code: 'policy-refused' });
  const spent = await readSpent(first);
  t.match(JSON.stringify(spent), /"SOL",\["2010000","0"\]/);

  await t.test('a second start of the same folder is told that one runs', async (t) => {
    const { code, text, errors } = await launch(t, folder).ended;
    t.strictSame([code, text], [1, '']);
    t.match(errors, /^reeve start: stack-running: .*\n$/);
    t.match(await paste(lines['pay']), { status: 'landed' }, 'the first goes on');
  });
  const before = await readSpent(first);
  await interrupt(t, first, folder);

  const second = await start(t, folder);
  await t.test('the second start is as the first ended', async (t) => {
    t.ok(SCALE < 1 || second.readyMs < READY_MS, `ready after ${Math.round(second.readyMs)} ms`);
    t.equal(readAddress(second.text), readAddress(first.text));
    t.strictSame(readLines(second.text), lines, 'the noted lines still hold');
    t.strictSame(await readSpent(second), before);
    t.match(await paste(lines['pay']), { status: 'landed' });
  });

  const killed = once(second.child, 'exit');
  second.child.kill('SIGKILL');
  await killed;
  t.ok(listProcesses(folder).length > 3, 'a killed start leaves its processes');
  const third = await start(t, folder);
  t.equal(readAddress(third.text), readAddress(first.text));
  t.match(await paste(lines['pay']), { status: 'landed' });
  await interrupt(t, third, folder);
});

t.test('Ctrl-C while it starts, twice as from a terminal through the launcher', async (t) => {
  const folder = makeFolder(t);
  const { child, ended } = launch(t, folder, process.execPath, 'scripts/launch.js');
  while (!existsSync(join(folder, 'logs', 'kms.log'))) await delay(LOOK_MS);
  child.kill('SIGINT');
  child.kill('SIGINT');
  t.match(await ended, { code: 0, signal: null, errors: '' });
  t.strictSame(listProcesses(folder), []);
});

t.test('a part that dies ends the stack with an error that names it', async (t) => {
  const folder = makeFolder(t);
  const { child, ended } = await start(t, folder);
  const isEnclave = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('enclave.mjs');
  const enclave = listProcesses(folder)
    .filter((pid) => pid !== child.pid)
    .find(isEnclave);
  process.kill(enclave ?? 0, 'SIGKILL');
  const { code, errors } = await ended;
  t.equal(code, 1);
  t.match(errors, /^reeve start: stack-failed: .*process: enclave, log: .*enclave\.log\)\n$/);
  t.strictSame(listProcesses(folder), []);
});
