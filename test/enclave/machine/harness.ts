/** Builds the machine program's parts for this machine, under sanitizers that end the process at the first fault, and runs them. */

import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MACHINE_FLAGS } from '../../../scripts/image/machine.ts';

const MACHINE = join(import.meta.dirname, '..', '..', '..', 'enclave', 'machine');
const PARTS = ['address.c', 'bridge.c', 'nsm.c', 'parse.c'];
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-g'];

export interface Harness {
  readonly folder: string;
  /** Starts `words` and waits until it listens on `path`. */
  start(path: string, ...words: string[]): Promise<ChildProcess>;
  /** The verdicts of one run of `parse` on so many inputs. */
  parse(kind: 'c' | 't' | 'p', inputs: readonly Uint8Array[]): string[];
  /** Ends what was started and removes the folder. Throws when a sanitizer said something. */
  close(): void;
}

export function buildHarness(): Harness {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-machine-'));
  const program = join(folder, 'harness');
  const sources = [...PARTS.map((part) => join(MACHINE, part)), join(import.meta.dirname, 'harness.c')];
  execFileSync('gcc', [...MACHINE_FLAGS, ...SANITIZERS, '-Wl,--wrap=ioctl', '-o', program, ...sources], {
    stdio: 'pipe',
  });
  const children: { child: ChildProcess; said: string }[] = [];
  return {
    folder,
    async start(path, ...words) {
      const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env: {} });
      const entry = { child, said: '' };
      child.stderr?.on('data', (chunk: Buffer) => {
        entry.said += chunk.toString();
      });
      children.push(entry);
      while (!(existsSync(path) && (await accepts(path)))) {
        if (child.exitCode !== null) throw new Error(entry.said);
        await delay(10);
      }
      return child;
    },
    parse(kind, inputs) {
      const framed = inputs.map((input) => {
        const head = Buffer.alloc(5, kind);
        head.writeUInt32BE(input.length, 1);
        return Buffer.concat([head, input]);
      });
      const ran = spawnSync(program, ['parse'], { input: Buffer.concat(framed), env: {}, maxBuffer: 1 << 28 });
      if (ran.status !== 0) throw new Error(`${ran.signal ?? ran.status}: ${ran.stderr.toString()}`);
      return ran.stdout.toString().trimEnd().split('\n');
    },
    close() {
      for (const { child } of children) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
      const wrong = children.filter(({ said }) => said !== '');
      if (wrong.length > 0) throw new Error(wrong.map(({ said }) => said).join('\n'));
    },
  };
}

async function accepts(path: string): Promise<boolean> {
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

/** Descriptors a process has open. */
export function countDescriptors({ pid }: ChildProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
