/** A disk that goes away in the middle: from one step on, everything that writes below a folder fails, as if the process had been killed there. */

import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { devNull } from 'node:os';
import type { Test } from 'tap';

export interface FaultyDisk {
  /** Steps below `folder` succeed from now on until `at` of them are done; none after that. */
  cut(folder: string, at: number): void;
  /** The disk is back. Whether any step failed. */
  heal(): boolean;
}

type AnyFunction = (...args: never[]) => unknown;

/** Replaces what this process writes files with, until the test ends. Start it before what it shall cut opens files. */
export async function createFaultyDisk(t: Test): Promise<FaultyDisk> {
  const state = { folder: '', at: Number.POSITIVE_INFINITY, steps: 0, failed: false };
  const undo: (() => void)[] = [];
  const paths = new WeakMap<object, string>();
  const descriptors = new Map<number, string>();

  function step(path: unknown): void {
    if (state.folder === '' || !String(path).startsWith(state.folder)) return;
    state.steps += 1;
    if (state.steps <= state.at) return;
    state.failed = true;
    throw Object.assign(new Error('EIO: the disk is gone'), { code: 'EIO' });
  }

  function wrap(owner: object, names: readonly string[], make: (call: AnyFunction) => AnyFunction): void {
    const table = owner as Record<string, AnyFunction>;
    for (const name of names) {
      const call = table[name] as AnyFunction;
      const made = make(call);
      table[name] = function (this: unknown, ...args: never[]) {
        return made.call(this, ...args);
      };
      undo.push(() => {
        table[name] = call;
      });
    }
  }

  const writes = (flags: unknown) => /[wa+]/.test(String(flags ?? 'r'));
  const byPath = (call: AnyFunction) =>
    function (this: unknown, ...args: unknown[]) {
      step(args[0]);
      return call.apply(this, args as never[]);
    };
  const byPathLater = (call: AnyFunction) =>
    async function (this: unknown, ...args: unknown[]) {
      step(args[0]);
      return call.apply(this, args as never[]);
    };
  const handle = await fsp.open(devNull);
  wrap(Object.getPrototypeOf(handle) as object, ['write', 'writeFile', 'sync', 'datasync', 'truncate'], (call) => {
    return async function (this: object, ...args: unknown[]) {
      step(paths.get(this) ?? '');
      return call.apply(this, args as never[]);
    } as AnyFunction;
  });
  await handle.close();
  wrap(fsp, ['rename', 'mkdir', 'rm', 'unlink'], byPathLater);
  wrap(fsp, ['open'], (call) => {
    return async function (this: unknown, ...args: unknown[]) {
      if (writes(args[1])) step(args[0]);
      const opened = (await call.apply(this, args as never[])) as { readonly fd: number };
      paths.set(opened, String(args[0]));
      descriptors.set(opened.fd, String(args[0]));
      return opened;
    } as AnyFunction;
  });
  wrap(fs, ['renameSync', 'mkdirSync', 'rmSync', 'unlinkSync'], byPath);
  wrap(fs, ['openSync'], (call) => {
    return function (this: unknown, ...args: unknown[]) {
      if (writes(args[1])) step(args[0]);
      const descriptor = call.apply(this, args as never[]) as number;
      descriptors.set(descriptor, String(args[0]));
      return descriptor;
    } as AnyFunction;
  });
  wrap(fs, ['writeSync', 'fsyncSync'], (call) => {
    return function (this: unknown, ...args: unknown[]) {
      step(descriptors.get(args[0] as number) ?? '');
      return call.apply(this, args as never[]);
    } as AnyFunction;
  });
  syncBuiltinESMExports();
  t.teardown(() => {
    for (const put of undo.reverse()) put();
    syncBuiltinESMExports();
  });
  return {
    cut: (folder, at) => void Object.assign(state, { folder, at, steps: 0, failed: false }),
    heal() {
      state.folder = '';
      return state.failed;
    },
  };
}
