/** What is in the ramdisk, file by file, in two archives: what Node needs, which seldom changes, and what this project adds to it. */

import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { CpioEntry } from './cpio.ts';
import type { Lock } from './lock.ts';
import { unpackPackage } from './packages.ts';

const LIBRARIES = 'lib/x86_64-linux-gnu';
const LOADER = 'lib64/ld-linux-x86-64.so.2';
/** What the Node binary loads, by the package that holds it. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  libc6: ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0'],
  'libstdc++6': ['libstdc++.so.6'],
  'libgcc-s1': ['libgcc_s.so.1'],
  libatomic1: ['libatomic.so.1'],
};

/** Every user may read; nobody may write. Node itself may only be run: a process of a file that cannot be read cannot be traced. */
const READ = 0o444;
const RUN = 0o555;
const RUN_ONLY = 0o111;

export interface Application {
  readonly machine: Uint8Array;
  readonly bundle: Uint8Array;
  readonly trust: Uint8Array;
}

const folder = (path: string): CpioEntry => ({ path, mode: RUN, bytes: null });

/** Node and the libraries it loads. Throws `image-build` when the binary is not the lock's. */
export async function listSystem(lock: Lock, say: (line: string) => void): Promise<CpioEntry[]> {
  const entries = [folder('app'), folder('lib'), folder(LIBRARIES), folder('lib64')];
  entries.push({ path: 'app/node', mode: RUN_ONLY, bytes: readNode(lock) });
  for (const locked of lock.libraries) {
    const root = await unpackPackage(locked, say);
    for (const name of NEEDED[locked.name] ?? [])
      entries.push({ path: `${LIBRARIES}/${name}`, mode: RUN, bytes: readLibrary(root, name) });
    if (locked.name === 'libc6')
      entries.push({ path: LOADER, mode: RUN, bytes: readFileSync(join(root, LOADER.replace('lib64', LIBRARIES))) });
  }
  return entries;
}

/** The init, the enclave, what it trusts, and folders to mount on. */
export function listApplication({ machine, bundle, trust }: Application): CpioEntry[] {
  return [
    ...['app', 'dev', 'proc', 'run', 'sys'].map(folder),
    { path: 'init', mode: RUN_ONLY, bytes: machine },
    { path: 'app/enclave.mjs', mode: READ, bytes: bundle },
    { path: 'app/trust', mode: READ, bytes: trust },
  ];
}

function readNode({ node }: Lock): Uint8Array {
  const file = createRequire(import.meta.url).resolve(`${node.package}/bin/node`);
  const bytes = readFileSync(realpathSync(file));
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== node.sha256)
    throw new ReeveError('image-build', { node: 'not the binary of the lock', found, expected: node.sha256 });
  return bytes;
}

function readLibrary(root: string, name: string): Uint8Array {
  for (const place of [LIBRARIES, `usr/${LIBRARIES}`]) {
    try {
      return readFileSync(join(root, place, name));
    } catch {
      // It is in the other place: which one is up to the package.
    }
  }
  throw new ReeveError('image-build', { missing: name });
}
