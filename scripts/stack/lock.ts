/** One stack a folder: a second start is told so, and what a killed stack left running is ended first. */

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { listenUnix } from '../../host-proxy/http/listen.ts';
import type { Layout } from './layout.ts';

/** How long an orphan may take to end in order before it is killed, and how often it is looked at; milliseconds. */
const GONE_MS = 5000;
const POLL_MS = 50;

/** Takes the folder for this process, or throws `stack-running`; the returned function gives it back. A listening socket is the lock: it ends with the process. */
export async function holdStack({ root }: Layout): Promise<() => void> {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const server = createServer((socket) => socket.destroy());
  try {
    await listenUnix(server, join(root, 'stack.sock'), { mode: 0o600 });
  } catch (cause) {
    throw isReeveError(cause, 'socket-in-use') ? new ReeveError('stack-running', { folder: root }, cause) : cause;
  }
  await endOrphans(root);
  return () => server.close();
}

/** Processes of an earlier stack whose parent was killed. */
async function endOrphans(root: string): Promise<void> {
  const isOrphan = (pid: number) => pid !== process.pid && worksIn(root, pid);
  const orphans = listProcesses().filter(isOrphan);
  for (const pid of orphans) endProcess(pid, 'SIGTERM');
  const deadline = performance.now() + GONE_MS;
  while (orphans.some(isOrphan) && performance.now() < deadline) await delay(POLL_MS);
  for (const pid of orphans.filter(isOrphan)) endProcess(pid, 'SIGKILL');
}

/** A Node that was given a path inside the folder. An editor or a pager that looks at one is left alone. */
function worksIn(root: string, pid: number): boolean {
  const [program = '', ...words] = readCommandLine(pid);
  const isInside = (word: string) => word.startsWith(`${root}/`) && word.length > root.length + 1;
  return /(^|\/)node$/.test(program) && words.some(isInside);
}

function endProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function listProcesses(): number[] {
  return existsSync('/proc') ? readdirSync('/proc').map(Number).filter(Number.isInteger) : [];
}

/** Empty for a process that is gone or cannot be read (macOS has no /proc: orphans are then left to the user). */
function readCommandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
