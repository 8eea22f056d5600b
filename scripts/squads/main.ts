/** `reeve squads`: the wallet's multisig on chain. */

import { defineGroup } from '../cli/command.ts';
import { create } from './commands/create.ts';

export const SQUADS_COMMANDS = { create } as const;

export const run = defineGroup(
  'reeve squads',
  'The Squads multisig that holds what an agent may spend.',
  SQUADS_COMMANDS,
);
