/** What an image is built from: Debian packages by version and SHA-256, the Node binary, the compiler. One file, `enclave/image/build.lock`. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The recipe's folder: kernel configuration, trust files, lock. */
export const RECIPE = join(import.meta.dirname, '..', '..', 'enclave', 'image');

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** Where a Debian mirror holds it, from the mirror's root: `debian/pool/…` or `debian-security/pool/…`. */
  readonly archive: string;
  /** Of the file, hex. */
  readonly sha256: string;
}

export interface Lock {
  readonly architecture: 'x86_64';
  /** Debian packages of the machine that compile, by exact version: the compiler's version is part of the kernel. */
  readonly toolchain: Readonly<Record<string, string>>;
  /** The npm package that holds the Node binary, and the binary's SHA-256. */
  readonly node: { readonly package: string; readonly version: string; readonly sha256: string };
  readonly kernel: LockedPackage;
  /** Packages with the shared libraries that the Node binary loads. */
  readonly libraries: readonly LockedPackage[];
  /** What else the kernel's build runs; unpacked into the cache, not installed. */
  readonly tools: readonly LockedPackage[];
}

/** The file is the project's own, so its form is not checked; what it names is, by hash. */
export function readLock(): Lock {
  return JSON.parse(readFileSync(join(RECIPE, 'build.lock'), 'utf8')) as Lock;
}
