/** `reeve owner`: everything only an owner may do. */

import { defineGroup } from '../cli/command.ts';
import { approvals, approve, deny } from './commands/approvals.ts';
import { close } from './commands/close.ts';
import { create } from './commands/create.ts';
import { init } from './commands/init.ts';
import { lease } from './commands/lease.ts';
import { pause } from './commands/pause.ts';
import { policy } from './commands/policy.ts';
import { reseal, rotateOwner } from './commands/reseal.ts';
import { restore } from './commands/restore.ts';
import { resume } from './commands/resume.ts';
import { retire } from './commands/retire.ts';
import { sign } from './commands/sign.ts';
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
  sign,
  'rotate-owner': rotateOwner,
  reseal,
  close,
  retire,
  restore,
  status,
} as const;

export const run = defineGroup('reeve owner', 'What only the owner of a wallet may do.', OWNER_COMMANDS);
