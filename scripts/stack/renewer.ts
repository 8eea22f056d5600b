/** The renewer of a development stack: `reeve owner lease --auto` as its own process. */

import { join } from 'node:path';
import { isListening, startChild, waitForChild } from './children.ts';
import { profilePath } from './setup.ts';
import type { Stack } from './stack.ts';

const MAIN = join(import.meta.dirname, '..', 'main.ts');

/** Where it serves the witness to the owner's other commands. */
export function renewerAddress({ layout }: Stack): string {
  return `unix:${join(layout.run, 'renewer.sock')}`;
}

export async function startRenewer(stack: Stack): Promise<void> {
  const socket = join(stack.layout.run, 'renewer.sock');
  const args = [
    MAIN,
    'owner',
    'lease',
    '--auto',
    '--profile',
    profilePath(stack),
    '--serve',
    renewerAddress(stack),
    '--every',
    '2',
  ];
  const child = startChild({ name: 'renewer', command: process.execPath, args, logs: stack.layout.logs });
  stack.parts.set('renewer', child);
  await waitForChild(child, () => isListening(socket));
}
