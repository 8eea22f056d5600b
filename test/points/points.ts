/**
 * Points at which a process under test can be made to kill itself: before, in the middle of and after every write, every sync, every send. Only the
 * programs beside this file use it; they give the real program a file layer and sockets that pass here first.
 */

import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import type { Files, OpenFile } from '../../host-proxy/store/files.ts';

/** From the test: die at the point of this name (null: at none) from now on; or tell which points were passed since. */
export type Order = { readonly arm: string | null } | { readonly list: true };

let target: string | null = null;
let passed: string[] = [];
let armed = false;

/** Obeys the orders of the process that started this one. */
export function listenForOrders(): void {
  process.on('message', (order: Order) => {
    if ('arm' in order) {
      target = order.arm;
      passed = [];
      armed = true;
    }
    process.send?.(passed);
  });
}

/** Passes a point; true when the process must die in the middle of it. The second point of one name is called `name #2`. */
function isTarget(name: string): boolean {
  if (!armed) return false;
  const before = passed.filter((known) => known === name || known.startsWith(`${name} #`)).length;
  const full = before === 0 ? name : `${name} #${before + 1}`;
  passed.push(full);
  return full === target;
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function reach(name: string): void {
  if (isTarget(name)) die();
}

/** Like `files`, with points around every call that changes something. */
export function pointFiles(files: Files): Files {
  const around = async <Value>(what: string, work: () => Promise<Value>): Promise<Value> => {
    reach(`before ${what}`);
    const value = await work();
    reach(`after ${what}`);
    return value;
  };
  return {
    ...files,
    open: async (path, how) =>
      how === 'update'
        ? pointFile(await files.open(path, how), path)
        : pointFile(await around(`open ${nameOf(path)}`, () => files.open(path, how)), path),
    makeFolder: (path) => around(`folder ${nameOf(path)}`, () => files.makeFolder(path)),
    rename: (from, to) => around(`rename ${nameOf(to)}`, () => files.rename(from, to)),
    remove: (path) => around(`remove ${nameOf(path)}`, () => files.remove(path)),
    syncFolder: (path) => around(`sync folder ${nameOf(path)}`, () => files.syncFolder(path)),
  };
}

function pointFile(file: OpenFile, path: string): OpenFile {
  const name = nameOf(path);
  return {
    ...file,
    write: async (bytes, at) => {
      reach(`before write ${name}`);
      if (isTarget(`in write ${name}`)) {
        await file.write(bytes.subarray(0, bytes.length >> 1), at);
        die();
      }
      await file.write(bytes, at);
      reach(`after write ${name}`);
    },
    sync: async () => {
      reach(`before sync ${name}`);
      await file.sync();
      reach(`after sync ${name}`);
    },
  };
}

/** The kind of file, whatever its number. */
function nameOf(path: string): string {
  const name = path.split('/').at(-1) ?? '';
  if (/^[0-9]{10}\.seg$/.test(name)) return 'segment';
  if (/\.tmp$/.test(name)) return path.includes('/transfers/') ? 'transfer draft' : 'draft';
  return /\/transfers\//.test(path) && name.endsWith('.json') ? `transfer ${path.split('/').at(-2)}` : name;
}

/** Points around everything any socket sends: to a peer that connected here (`reply`) or that we connected to (`request`). */
export function pointSockets(): void {
  const send = Writable.prototype.write as (this: Socket, ...all: unknown[]) => boolean;
  Object.defineProperty(Socket.prototype, 'write', {
    value: function write(this: Socket & { server?: unknown }, chunk: unknown, ...rest: unknown[]): boolean {
      const name = this.server === undefined || this.server === null ? 'request' : 'reply';
      reach(`before send ${name}`);
      if (isTarget(`in send ${name}`)) {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : (chunk as Buffer);
        send.call(this, bytes.subarray(0, bytes.length >> 1));
        die();
      }
      const result = send.call(this, chunk, ...rest);
      reach(`after send ${name}`);
      return result;
    },
  });
}
