/** Where a socket is: on this machine, or on a host reached by ssh, which forwards it to a socket of our own. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SOCKET_PATH_BYTES } from '../../enclave/link/address.ts';
import type { ErrorCode } from '../../enclave/link/errors.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import { usageError } from './failures.ts';

/** How long ssh may take to forward, milliseconds. */
const SSH_TIMEOUT_MS = 30_000;
/** Between two tries to connect: a socket file is there before it takes connections, and nothing tells when it does. */
const RETRY_MS = 20;
/** A user and a host that ssh cannot take for an option. */
const SSH_TARGET = /^ssh:([A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9._-]*)(?::(\/.+))?$/;

export type RemoteAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'ssh'; readonly target: string; readonly path: string };

export interface OpenSocket {
  readonly path: string;
  close(): void;
}

/** Reads `unix:PATH` or `ssh:USER@HOST[:PATH]`; `defaultPath` is the socket's usual place on a host. Anything else is wrong use. */
export function parseRemote(text: string, defaultPath: string): RemoteAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (path === '' || Buffer.byteLength(path) > SOCKET_PATH_BYTES)
      throw usageError(`a socket path has 1 to ${SOCKET_PATH_BYTES} bytes: ${text}`);
    return { kind: 'unix', path };
  }
  const match = SSH_TARGET.exec(text);
  if (match?.[1] === undefined) throw usageError(`not unix:PATH or ssh:USER@HOST[:PATH]: ${text}`);
  return { kind: 'ssh', target: match[1], path: match[2] ?? defaultPath };
}

/** A local socket for the address. Close it: an ssh process may stand behind. Says nothing about who listens. */
export async function openRemote(
  address: RemoteAddress,
  unreachable: ErrorCode,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OpenSocket> {
  if (address.kind === 'unix') return { path: address.path, close: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'reeve-'));
  const path = join(folder, 's');
  const words = ['-nNT', '-o', 'ExitOnForwardFailure=yes', '-o', 'BatchMode=yes', '-L', `${path}:${address.path}`];
  const child = spawn('ssh', [...words, '--', address.target], { stdio: ['ignore', 'ignore', 'pipe'], env });
  const close = () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilForwarded(child, path);
    return { path, close };
  } catch (cause) {
    close();
    throw new ReeveError(unreachable, { address: `ssh:${address.target}`, detail: (cause as Error).message }, cause);
  }
}

/** Resolves when the forwarded socket takes connections, rejects when ssh ends before. */
function untilForwarded(child: ChildProcess, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-400);
    });
    let retry: NodeJS.Timeout | undefined;
    let done = false;
    const timer = setTimeout(() => finish(new Error('ssh did not forward in time')), SSH_TIMEOUT_MS);
    const onExit = (code: number | null) => finish(new Error(`ssh ended with ${code}: ${said.trim()}`));
    child.once('error', finish);
    child.once('exit', onExit);
    tryConnect();

    function tryConnect(): void {
      const probe = connect(path);
      probe.once('error', () => {
        probe.destroy();
        if (!done) retry = setTimeout(tryConnect, RETRY_MS);
      });
      probe.once('connect', () => {
        probe.destroy();
        finish(null);
      });
    }
    function finish(error: Error | null): void {
      done = true;
      clearTimeout(retry);
      clearTimeout(timer);
      child.off('exit', onExit);
      if (error === null) resolve();
      else reject(error);
    }
  });
}
