/** How Node is started for the enclave: what it may touch is a list, and nothing else. The machine program of an image uses the same flags. */

import { join } from 'node:path';

/** Megabytes of JavaScript heap. */
const HEAP_MB = 256;

/**
 * Flags for a process that may read its bundle and its trust file, open sockets, and do nothing else: no other file, no child process, no worker,
 * no addon, no inspector, no code from strings. Node's permission model has no finer grain for sockets (`--allow-net` covers Unix sockets too).
 */
function enclaveFlags(bundle: string, trust: string): string[] {
  return [
    '--permission',
    `--allow-fs-read=${bundle}`,
    `--allow-fs-read=${trust}`,
    '--allow-net',
    '--disable-proto=delete',
    '--disable-sigusr1',
    '--disallow-code-generation-from-strings',
    '--frozen-intrinsics',
    '--disable-warning=ExperimentalWarning',
    `--max-old-space-size=${HEAP_MB}`,
  ];
}

/** Starts a program so that the kernel never writes its memory to a file: Node cannot set that limit for itself. The process keeps its id. */
export function withoutCoreDumps(command: string, args: readonly string[]): [command: string, args: string[]] {
  return ['/bin/sh', ['-c', 'ulimit -c 0 && exec "$@"', 'sh', command, ...args]];
}

/** The whole command line after `node`: flags, the bundle of the image folder, and where its sockets are. */
export function enclaveArguments(image: string, run: string): string[] {
  const [bundle, trust] = [join(image, 'enclave.mjs'), join(image, 'trust')];
  const sockets = ['agent', 'owner', 'nsm', 'kms'].flatMap((name) => [`--${name}`, join(run, `${name}.sock`)]);
  return [...enclaveFlags(bundle, trust), bundle, '--trust', trust, ...sockets];
}
