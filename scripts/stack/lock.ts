/** One stack a folder: a second start is told so, and what a killed stack left running is ended first. */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Layout } from './layout.ts';

const GONE_MS = 5000;
const POLL_MS = 50;

/** Takes the folder for this process; the returned function gives it back. Refuses while another stack runs on it. */
export async function holdStack({ root }: Layout): Promise<() => void> {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const file = join(root, 'stack.pid');
  const holder = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (holder !== process.pid && commandLine(holder).includes('start')) {
    throw new ReeveError('stack-running', { folder: root, process: holder });
  }
  await endOrphans(root);
  writeFileSync(file, `${process.pid}\n`, { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

/** Processes of an earlier stack whose parent was killed: their command lines name this folder. */
async function endOrphans(root: string): Promise<void> {
  const orphans = listProcesses().filter((pid) => pid !== process.pid && commandLine(pid).includes(`${root}/`));
  for (const pid of orphans) process.kill(pid, 'SIGTERM');
  const deadline = performance.now() + GONE_MS;
  while (orphans.some((pid) => commandLine(pid) !== '') && performance.now() < deadline) await delay(POLL_MS);
}

function listProcesses(): number[] {
  return existsSync('/proc') ? readdirSync('/proc').map(Number).filter(Number.isInteger) : [];
}

/** Empty for a process that is gone or cannot be read (macOS has no /proc: orphans are then left to the user). */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
