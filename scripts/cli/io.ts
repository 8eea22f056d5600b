/** What a command may touch of the world. Commands get it as an argument so that tests and other commands can run them in one process. */

import type { Readable, Writable } from 'node:stream';

export interface Io {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A command: exit 0 done, 1 refused or failed, 2 wrong use. Never rejects. */
export type Run = (argv: readonly string[], io: Io) => Promise<number>;

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;
