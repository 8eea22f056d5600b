/** How the machine program is built: every warning is an error, and what the compiler and linker can do against faults is on. */

import { globSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', '..', 'enclave', 'machine');

const WARNINGS = [
  ...['all', 'extra', 'error', 'shadow', 'conversion', 'sign-conversion', 'strict-prototypes', 'missing-prototypes'],
  ...[
    'old-style-definition',
    'cast-qual',
    'cast-align',
    'pointer-arith',
    'undef',
    'vla',
    'format=2',
    'implicit-fallthrough',
  ],
];

/** Flags of every build of these files, the tests' sanitized ones too. */
export const MACHINE_FLAGS: readonly string[] = [
  '-std=gnu11',
  '-D_GNU_SOURCE',
  '-O2',
  ...WARNINGS.map((name) => `-W${name}`),
];

const HARDENING = [
  ...['-D_FORTIFY_SOURCE=2', '-fPIE', '-fstack-protector-strong', '-fstack-clash-protection', '-fcf-protection=full'],
  ...['-ftrivial-auto-var-init=zero', '-fzero-call-used-regs=used-gpr'],
  ...['-static-pie', '-s', '-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--build-id=none'],
];

/** Its sources, sorted: the order is part of the result. */
export function listMachineSources(): string[] {
  return globSync('*.c', { cwd: FOLDER })
    .sort()
    .map((name) => join(FOLDER, name));
}

/** The compiler's arguments that make `output` of the sources. */
export function machineArguments(sources: readonly string[], output: string): string[] {
  return [...MACHINE_FLAGS, ...HARDENING, '-o', output, ...sources];
}
