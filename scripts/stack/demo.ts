/** `reeve demo`: a scripted tour on a fresh stack of its own, each step one line with ✓ or ✗. Exit 1 if any step is not what it should be. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Io } from '../cli/io.ts';
import { EXIT } from '../cli/io.ts';
import { escapeText } from '../cli/text.ts';
import { layoutStack } from './layout.ts';
import { setUpOwner, setUpWallet } from './setup.ts';
import type { Stack } from './stack.ts';
import { startStack, stopStack } from './stack.ts';
import { CONTROL_STEPS } from './tour/control.ts';
import { PAYMENT_STEPS } from './tour/payments.ts';
import type { Step, Tour } from './tour/tour.ts';
import { lease } from './tour/tour.ts';

const STEPS: readonly Step[] = [...PAYMENT_STEPS, ...CONTROL_STEPS];

const USAGE = `usage: reeve demo [--keep]

  --keep   leave the stack's folder (logs, store, receipts) for a look; its path is printed
`;

export async function run(argv: readonly string[], io: Io): Promise<number> {
  if (argv.some((word) => word !== '--keep')) {
    const asked = argv.length === 1 && argv[0] === '--help';
    (asked ? io.stdout : io.stderr).write(USAGE);
    return asked ? EXIT.done : EXIT.usage;
  }
  const folder = mkdtempSync(join(tmpdir(), 'reeve-demo-'));
  io.stdout.write('Reeve demo. DEVELOPMENT MODE: enclave, KMS and chain are simulated. Starting a fresh stack …\n');
  const stack = await startStack(layoutStack(folder));
  try {
    const failed = await showSteps(await openTour(stack), io);
    io.stdout.write(
      failed === 0
        ? `\nAll ${STEPS.length} steps are as they should be.\n`
        : `\n${failed} of ${STEPS.length} steps failed.\n`,
    );
    return failed === 0 ? EXIT.done : EXIT.failed;
  } finally {
    await stopStack(stack);
    if (argv.includes('--keep')) io.stdout.write(`Kept: ${folder}\n`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

async function openTour(stack: Stack): Promise<Tour> {
  await setUpOwner(stack);
  const tour = { stack, parties: await setUpWallet(stack) };
  await lease(tour);
  return tour;
}

/** Runs every step, also after one failed; returns how many failed. */
async function showSteps(tour: Tour, io: Io): Promise<number> {
  let failed = 0;
  for (const { text, run: runStep } of STEPS) {
    const [mark, facts] = await runStep(tour).then(
      (said) => ['✓', said] as const,
      (error: Error) => ['✗', error.message] as const,
    );
    if (mark === '✗') failed++;
    io.stdout.write(`${mark} ${text}\n    ${escapeText(facts)}\n`);
  }
  return failed;
}
