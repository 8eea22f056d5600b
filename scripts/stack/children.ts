/** The processes of a development stack: started one by one, each logging to its own file, and ended in the reverse order. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ReeveError } from '../../enclave/link/errors.ts';
import { withoutCoreDumps } from './enclave-flags.ts';

/** How long a process may take until it is ready, and until it has ended in order; milliseconds. */
const READY_MS = 30_000;
const STOP_MS = 10_000;
const POLL_MS = 20;

export interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  readonly logFile: string;
  /** Ends it in order (SIGTERM), by force after ten seconds. */
  stop(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logs: string;
}

/**
 * Starts a process in a process group of its own: Ctrl-C reaches the stack, which ends its processes in order. It leaves no core dump, its environment is empty, and
 * `env -i` (which becomes the program, under the same id) makes sure of it where a test runner adds to that of every child.
 */
export function startChild({ name, command, args, logs }: ChildSpec): Child {
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const logFile = join(logs, `${name}.log`);
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(...withoutCoreDumps('/usr/bin/env', ['-i', command, ...args]), {
    env: {},
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = once(child, 'exit');
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  };
  return { name, process: child, logFile, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

/** Waits until `isReady` says so; a process that ends before that is an error which shows the end of its log. */
export async function waitForChild(child: Child, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!(await isReady())) {
    const gone = child.process.exitCode !== null || child.process.signalCode !== null;
    if (gone || performance.now() > deadline) {
      throw new ReeveError('stack-failed', {
        process: child.name,
        log: child.logFile,
        last: readTail(child.logFile),
      });
    }
    await delay(POLL_MS);
  }
}

/** Whether something accepts connections on a Unix socket. */
export async function isListening(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function readTail(file: string): string {
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-3).join(' | ').slice(-600);
}
