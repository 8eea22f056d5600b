/** `reeve squads`: the wallet's multisig on chain. */

import { defineGroup } from '../cli/command.ts';
import { approve, cancel, revoke } from './commands/approve.ts';
import { create } from './commands/create.ts';
import { limits } from './commands/limits.ts';
import { status } from './commands/status.ts';

export const SQUADS_COMMANDS = { create, limits, status, approve, cancel, revoke } as const;

export const run = defineGroup(
  'reeve squads',
  'The Squads multisig that holds what an agent may spend.',
  SQUADS_COMMANDS,
);
