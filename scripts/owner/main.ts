/** `reeve owner`: everything only an owner may do. */

import { defineGroup } from '../cli/command.ts';
import { approvals, approve, deny } from './commands/approvals.ts';
import { close } from './commands/close.ts';
import { create } from './commands/create.ts';
import { init } from './commands/init.ts';
import { lease } from './commands/lease.ts';
import { pause } from './commands/pause.ts';
import { policy } from './commands/policy.ts';
import { restore } from './commands/restore.ts';
import { resume } from './commands/resume.ts';
import { status } from './commands/status.ts';

export const OWNER_COMMANDS = {
  init,
  create,
  policy,
  lease,
  pause,
  resume,
  approvals,
  approve,
  deny,
  close,
  restore,
  status,
} as const;

export const run = defineGroup('reeve owner', 'What only the owner of a wallet may do.', OWNER_COMMANDS);
