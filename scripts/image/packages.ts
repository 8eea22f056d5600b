/**
 * Debian packages by name, version and hash: fetched from the mirrors this machine's own apt uses, by apt's own downloader with a state of its
 * own, and unpacked into the cache. The machine's packages, lists and configuration stay as they are, and nothing needs root.
 */

import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ReeveError } from '../../enclave/link/errors.ts';
import { keep } from './cache.ts';
import type { LockedPackage } from './lock.ts';
import { runProgram } from './run.ts';

const APT_HELPER = '/usr/lib/apt/apt-helper';
const SOURCES = ['/etc/apt/sources.list', '/etc/apt/sources.list.d/*.list', '/etc/apt/sources.list.d/*.sources'];
/** Where Debian itself serves; used after the machine's own mirrors. */
const DEBIAN = 'http://deb.debian.org/';

/** Unpacks a package into the cache and gives the folder: `usr/`, `lib/` and so on below it. */
export function unpackPackage(locked: LockedPackage, say: (line: string) => void): Promise<string> {
  return keep(`package-${locked.name}`, [locked.sha256], async (folder) => {
    say(`fetching ${locked.name} ${locked.version}`);
    const file = await fetchPackage(locked);
    await runProgram({ command: 'dpkg-deb', args: ['-x', file, folder], log: `${file}.log` });
  });
}

/** The package's file in the cache, with the hash the lock names. */
export async function fetchPackage(locked: LockedPackage): Promise<string> {
  const name = basename(locked.archive);
  const folder = await keep(`archive-${locked.name}`, [locked.sha256], async (target) => {
    if (!existsSync(APT_HELPER))
      throw new ReeveError('image-build', {
        missing: 'apt',
        need: 'a Debian machine, or this file in the cache',
        file: target,
      });
    await download(locked, target);
  });
  return join(folder, name);
}

async function download({ archive, sha256 }: LockedPackage, folder: string): Promise<void> {
  const file = join(folder, basename(archive));
  const config = writeAptConfig(folder);
  const log = join(folder, 'apt.log');
  let last: unknown;
  for (const mirror of listMirrors()) {
    try {
      const uri = mirror + archive.split('/').map(encodeURIComponent).join('/');
      await runProgram({
        command: APT_HELPER,
        args: ['download-file', uri, file, `SHA256:${sha256}`],
        env: { APT_CONFIG: config },
        log,
      });
      if (createHash('sha256').update(readFileSync(file)).digest('hex') === sha256) return;
    } catch (error) {
      last = error;
    }
  }
  throw new ReeveError(
    'image-build',
    { missing: basename(archive), detail: last instanceof Error ? last.message : 'no mirror has it' },
    last,
  );
}

/** The machine's apt configuration is read as it is (proxies, certificates); only where apt keeps its own files is another. */
function writeAptConfig(folder: string): string {
  const at = (name: string) => {
    mkdirSync(join(folder, 'apt', name, 'partial'), { recursive: true });
    return join(folder, 'apt', name);
  };
  const config = join(folder, 'apt.conf');
  writeFileSync(config, `Dir::State "${at('state')}";\nDir::Cache "${at('cache')}";\nAPT::Sandbox::User "";\n`);
  return config;
}

/** Roots of Debian mirrors: those of this machine's apt, in their order, then Debian's own. */
export function listMirrors(files: readonly string[] = globSync(SOURCES)): string[] {
  const texts = files.map((file) => readFileSync(file, 'utf8').replaceAll(/^\s*#.*$/gm, ''));
  const roots = texts.flatMap((text) => [...text.matchAll(/\bhttps?:\/\/[^\s\]]+/g)].map(([uri]) => uri));
  const mirrors = roots.flatMap((uri) => /^(https?:\/\/.+\/)debian(-security)?\/?$/.exec(uri)?.[1] ?? []);
  return [...new Set([...mirrors, DEBIAN])];
}
