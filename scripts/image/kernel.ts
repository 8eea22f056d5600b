/** The kernel: Debian's source, our configuration, no date, user, host or path of the machine that builds it. */

import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ReeveError } from '../../enclave/link/errors.ts';
import { keep } from './cache.ts';
import type { Lock } from './lock.ts';
import { RECIPE } from './lock.ts';
import { unpackPackage } from './packages.ts';
import { runProgram } from './run.ts';
import type { Toolchain } from './toolchain.ts';

/** What the kernel says about its build; the same in every build. */
const STAMPS = {
  KBUILD_BUILD_TIMESTAMP: '2026-01-01 00:00:00 UTC',
  KBUILD_BUILD_USER: 'reeve',
  KBUILD_BUILD_HOST: 'reeve',
  KBUILD_BUILD_VERSION: '1',
};
const TARGET = 'arch/x86/boot/bzImage';

/** The kernel image, from the cache or built; building takes minutes. */
export async function buildKernel(lock: Lock, toolchain: Toolchain, say: (line: string) => void): Promise<Uint8Array> {
  const config = join(RECIPE, 'kernel.config');
  const inputs = [
    lock.kernel.sha256,
    readFileSync(config),
    JSON.stringify([lock.toolchain, toolchain.other, lock.tools, STAMPS]),
  ];
  const folder = await keep('kernel', inputs, async (made) => {
    const archive = await unpackPackage(lock.kernel, say);
    say('building the kernel (some minutes of processor time)');
    const log = join(made, 'build.log');
    await runProgram({
      command: 'tar',
      args: ['-xf', join(archive, 'usr/src', `${lock.kernel.name}.tar.xz`)],
      folder: made,
      log,
    });
    const tree = join(made, lock.kernel.name);
    await makeKernel(tree, config, toolchain, log);
    copyFileSync(join(tree, TARGET), join(made, 'bzImage'));
    copyFileSync(join(tree, '.config'), join(made, 'config'));
    rmSync(tree, { recursive: true, force: true });
  });
  return readFileSync(join(folder, 'bzImage'));
}

async function makeKernel(tree: string, config: string, toolchain: Toolchain, log: string): Promise<void> {
  const settings = [
    `CC=${toolchain.compiler}`,
    `HOSTCC=${toolchain.compiler}`,
    `HOSTCFLAGS=${toolchain.hostCompile}`,
    `HOSTLDFLAGS=${toolchain.hostLink}`,
  ];
  const env = { ...toolchain.env, ...STAMPS, LC_ALL: 'C' };
  const make = (...args: string[]) =>
    runProgram({ command: 'make', args: [...settings, ...args], folder: tree, env, log });
  await make(`KCONFIG_ALLCONFIG=${config}`, 'allnoconfig');
  checkConfig(readFileSync(config, 'utf8'), readFileSync(join(tree, '.config'), 'utf8'));
  await make(`-j${availableParallelism()}`, 'bzImage');
}

/** A wanted option whose conditions are not met is dropped by kconfig without a word. */
export function checkConfig(wanted: string, taken: string): void {
  const lines = new Set(taken.split('\n'));
  const lost = wanted
    .split('\n')
    .filter((line) => line.startsWith('CONFIG_') && !line.endsWith('=n') && !lines.has(line));
  if (lost.length > 0) throw new ReeveError('image-build', { kernel: 'options not taken', options: lost.join(' ') });
}
