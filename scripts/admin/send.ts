/** `reeve admin send`: hands a command that was signed elsewhere to a host. The enclave judges it; nothing is signed here. */

import { readFileSync } from 'node:fs';
import { openCommand } from '../../enclave/link/commands.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import { openAdmin, readCommand } from '../cli/admin.ts';
import { defineCommand } from '../cli/command.ts';
import { usageError } from '../cli/failures.ts';
import { EXIT } from '../cli/io.ts';
import { escapeText, formatTime, toHex } from '../cli/text.ts';

export const send = defineCommand(
  {
    usage: 'reeve admin send FILE --admin ADDRESS',
    summary: 'Sends a command written by --out.',
    words: 1,
    options: { admin: { value: 'ADDRESS', text: 'admin socket: unix:PATH or ssh:USER@HOST[:PATH]' } },
  },
  async (context) => {
    const address = context.option('admin');
    if (address === undefined) throw usageError('--admin is needed');
    const path = context.words[0] as string;
    const command = readCommand(readJson(path), (field, wanted) => {
      return new ReeveError('file-invalid', { file: path, field, wanted });
    });
    const { payload } = openCommand([...command.envelope]);
    context.say(
      `${payload.command} for ${escapeText(payload.wallet)}, boot ${toHex(payload.boot).slice(0, 16)}…, valid until ${formatTime(payload.notAfter)}`,
    );
    const admin = await openAdmin(address, context.io.env);
    try {
      const answer = await admin.send(command);
      context.report(answer, [`Taken: ${answer.command} for ${escapeText(answer.wallet)}, now ${answer.phase}.`]);
      return EXIT.done;
    } finally {
      admin.close();
    }
  },
);
export const { run } = send;

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ReeveError('file-invalid', { file: path, detail: (cause as Error).message }, cause);
  }
}
