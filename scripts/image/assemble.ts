/** Makes an image of what the recipe names. The same sources and lock give the same bytes, whoever builds them, where and when. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { bundleProgram } from '../build/bundle.ts';
import { keep } from './cache.ts';
import { listApplication, listSystem } from './contents.ts';
import type { CpioEntry } from './cpio.ts';
import { writeCpio } from './cpio.ts';
import { writeEif } from './eif.ts';
import { buildKernel } from './kernel.ts';
import type { Lock } from './lock.ts';
import { RECIPE, readLock } from './lock.ts';
import { listMachineSources, machineArguments } from './machine.ts';
import { runProgram } from './run.ts';
import type { Toolchain } from './toolchain.ts';
import { findToolchain } from './toolchain.ts';

/** Without `quiet` the kernel would tell a debug console more than the machine program does. The last two are the emulator's vsock and NSM. */
const COMMAND_LINE =
  'reboot=k panic=-1 pci=off console=ttyS0 quiet random.trust_cpu=on slab_nomerge vsyscall=none virtio_mmio.device=4K@0xd0000000:5 virtio_mmio.device=4K@0xd0001000:6';
/** What Nitro gives unless told otherwise: bytes, at least four times the image, and processors. */
const MEMORY = 1n << 30n;
const CPUS = 2n;
const COMPRESSION = 19;

export interface BuildOptions {
  /** The trust file's bytes. */
  readonly trust: Uint8Array;
  readonly name: string;
  readonly acceptToolchain: boolean;
  readonly say: (line: string) => void;
}

export interface BuiltImage {
  readonly eif: Uint8Array;
  readonly lock: Lock;
  /** Every file and folder of the ramdisk. */
  readonly entries: readonly CpioEntry[];
  readonly kernel: Uint8Array;
  /** Packages with code inside the enclave's bundle. */
  readonly bundled: readonly string[];
}

/** Builds an image; the slow parts come from the cache when nothing they are made of has changed. */
export async function buildImage({ trust, name, acceptToolchain, say }: BuildOptions): Promise<BuiltImage> {
  const lock = readLock();
  const toolchain = await findToolchain(lock, acceptToolchain, say);
  const kernel = await buildKernel(lock, toolchain, say);
  const bundle = await bundleProgram('enclave/main.ts', { schemasAhead: true });
  const system = await listSystem(lock, say);
  const application = listApplication({ machine: await buildMachine(lock, toolchain), bundle: bundle.bytes, trust });
  const body = (kind: 'kernel' | 'cmdline' | 'metadata' | 'ramdisk', bytes: Uint8Array) => ({
    kind,
    flags: 0,
    body: bytes,
  });
  const eif = writeEif({
    architecture: lock.architecture,
    memory: MEMORY,
    cpus: CPUS,
    sections: [
      body('kernel', kernel),
      body('cmdline', Buffer.from(COMMAND_LINE, 'latin1')),
      body('metadata', Buffer.from(JSON.stringify(describe(name, lock)))),
      // One ramdisk of two archives: the kernel unpacks them one after the other.
      body('ramdisk', Buffer.concat([await compressSystem(system, say), compress(writeCpio(application))])),
    ],
  });
  return { eif, lock, entries: [...system, ...application], kernel, bundled: bundle.packages };
}

/** The metadata that tools show; not measured, so it says nothing that matters. */
function describe(name: string, lock: Lock): object {
  return {
    ImageName: name,
    ImageVersion: '1',
    BuildMetadata: {
      BuildTime: '2026-01-01T00:00:00Z',
      BuildTool: 'reeve',
      BuildToolVersion: '1',
      OperatingSystem: 'none',
      KernelVersion: lock.kernel.version,
    },
    DockerInfo: {},
  };
}

/** The machine program, from the cache or built. */
export async function buildMachine(lock: Lock, toolchain: Toolchain): Promise<Uint8Array> {
  const sources = listMachineSources();
  const header = join(RECIPE, '..', 'machine', 'machine.h');
  const inputs = [...sources, header].map((file) => readFileSync(file));
  const flags = JSON.stringify([
    machineArguments(
      sources.map(() => ''),
      '',
    ),
    lock.toolchain,
    toolchain.other,
  ]);
  const folder = await keep('machine', [...inputs, flags], async (made) => {
    const args = machineArguments(sources, join(made, 'init'));
    await runProgram({ command: toolchain.compiler, args, log: join(made, 'build.log') });
  });
  return readFileSync(join(folder, 'init'));
}

/** Compressing Node takes a minute or more; it is done once a version. */
async function compressSystem(entries: readonly CpioEntry[], say: (line: string) => void): Promise<Uint8Array> {
  const archive = writeCpio(entries);
  const folder = await keep('system', [archive, String(COMPRESSION), process.version], async (made) => {
    say('compressing Node and its libraries (a minute or more)');
    writeFileSync(join(made, 'archive.zst'), compress(archive));
  });
  return readFileSync(join(folder, 'archive.zst'));
}

function compress(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION } });
}
