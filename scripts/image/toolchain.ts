/** The compiler that builds kernel and machine program: the machine's own, when it is the one of the lock, with tools out of the cache. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ReeveError } from '../../enclave/link/errors.ts';
import { keep } from './cache.ts';
import type { Lock } from './lock.ts';
import { unpackPackage } from './packages.ts';
import { runProgram } from './run.ts';

export interface Toolchain {
  /** The compiler by the name it is called: it becomes part of the kernel's text. */
  readonly compiler: string;
  readonly env: Readonly<Record<string, string>>;
  /** Flags for programs that the kernel's build compiles for this machine. */
  readonly hostCompile: string;
  readonly hostLink: string;
  /** What was found where the lock names another version. */
  readonly other: readonly string[];
}

/** Finds the toolchain. Throws `image-build` naming packages that are missing, and other versions unless `accept` is given. */
export async function findToolchain(lock: Lock, accept: boolean, say: (line: string) => void): Promise<Toolchain> {
  const found = Object.entries(lock.toolchain).map(
    ([name, version]) => [name, version, installedVersion(name)] as const,
  );
  const missing = found.filter(([, , installed]) => installed === null).map(([name]) => name);
  if (missing.length > 0)
    throw new ReeveError('image-build', { missing: missing.join(' '), install: 'by apt-get install' });
  const other = found
    .filter(([, version, installed]) => installed !== version)
    .map(([name, version, installed]) => `${name} ${installed} (lock: ${version})`);
  if (other.length > 0 && !accept)
    throw new ReeveError('image-build', {
      toolchain: other.join(', '),
      accept: '--accept-toolchain builds an image with other measurements',
    });
  const root = await joinTools(lock, say);
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  return {
    compiler: 'gcc',
    env: {
      PATH: `${join(root, 'usr/bin')}:/usr/bin:/bin`,
      LD_LIBRARY_PATH: `${libraries}:${join(root, 'lib/x86_64-linux-gnu')}`,
      BISON_PKGDATADIR: join(root, 'usr/share/bison'),
      M4: join(root, 'usr/bin/m4'),
    },
    hostCompile: `-I${join(root, 'usr/include')}`,
    hostLink: `-L${libraries}`,
    other,
  };
}

function installedVersion(name: string): string | null {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are dpkg's own placeholders
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Abbrev}${Version}', name], {
    encoding: 'utf8',
  });
  return status === 0 && stdout.startsWith('ii ') ? stdout.slice(3) : null;
}

/** All tools in one folder, as if they were installed below it. */
async function joinTools({ tools }: Lock, say: (line: string) => void): Promise<string> {
  const folders: string[] = [];
  for (const tool of tools) folders.push(await unpackPackage(tool, say));
  return keep(
    'tools',
    tools.map(({ sha256 }) => sha256),
    async (root) => {
      for (const folder of folders)
        await runProgram({ command: 'cp', args: ['-a', `${folder}/.`, root], log: join(root, 'cp.log') });
    },
  );
}
