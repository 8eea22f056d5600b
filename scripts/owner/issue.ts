/** From a decided command to its effect: shown, asked about, signed, sent or written to a file. */

import { writeFileSync } from 'node:fs';
import { isReeveError } from '../../enclave/link/errors.ts';
import type { CommandBody, CommandName } from '../../enclave/link/schema/command.ts';
import type { CommandAnswer } from '../cli/admin.ts';
import { writeCommand } from '../cli/admin.ts';
import { confirm } from '../cli/confirm.ts';
import { escapeText, formatTime, toHex } from '../cli/text.ts';
import type { SigningKey } from './profile.ts';
import type { Session } from './session.ts';
import type { Signed, Target } from './sign.ts';
import { CARRIED_VALID_MS, COMMAND_VALID_MS, signCommand } from './sign.ts';

/** How often a command is signed again because another one was taken in between. */
const SEQUENCE_ATTEMPTS = 3;

export interface Order<Name extends CommandName> {
  readonly name: Name;
  readonly content: CommandBody<Name>;
  readonly target: Target;
  /** Canonical policy bytes that travel with the command. */
  readonly policy?: Uint8Array;
  /** A second key that signs the same command. */
  readonly also?: SigningKey;
  /** What the command means, in plain words. */
  readonly meaning: readonly string[];
}

export type Issued =
  | { readonly sent: true; readonly answer: CommandAnswer; readonly signed: Signed }
  | { readonly sent: false; readonly file: string; readonly signed: Signed };

/** Shows what will be signed. */
export function showOrder({ context }: Session, { name, target, meaning }: Order<CommandName>): void {
  context.say(
    `To be signed: ${name} for wallet ${escapeText(target.wallet)}, boot ${toHex(target.boot).slice(0, 16)}…`,
  );
  for (const line of meaning) context.say(`  ${line}`);
}

/** Shows what will be signed and asks. Nothing has been signed or recorded when this returns. */
export async function showAndConfirm(session: Session, order: Order<CommandName>): Promise<void> {
  showOrder(session, order);
  await confirm(session.context, 'Sign this?');
}

/**
 * Signs and sends, or writes the file of `--out`. When another command took the sequence number in between, attests afresh and signs again: the
 * content is the same, so nobody is asked again.
 */
export async function issue<Name extends CommandName>(session: Session, order: Order<Name>): Promise<Issued> {
  const out = session.context.option('out');
  const { profile } = session;
  let { target } = order;
  for (let attempt = 1; ; attempt += 1) {
    const validMs = out === undefined ? COMMAND_VALID_MS : CARRIED_VALID_MS;
    const options = { validMs, ...(order.also === undefined ? {} : { also: order.also }) };
    const signed = await signCommand(session.kms(), profile, target, order.name, order.content, options);
    const command = { ...signed, ...(order.policy === undefined ? {} : { policy: order.policy }) };
    if (out !== undefined) {
      writeFileSync(out, `${JSON.stringify(writeCommand(command))}\n`, { mode: 0o600, flag: 'wx' });
      session.context.say(`Written to ${escapeText(out)}, valid until ${formatTime(signed.payload.notAfter)}.`);
      return { sent: false, file: out, signed };
    }
    try {
      return { sent: true, answer: await (await session.admin()).send(command), signed };
    } catch (error) {
      if (!isReeveError(error, 'command-replayed') || attempt === SEQUENCE_ATTEMPTS) throw error;
      target = (await session.attest(target.wallet)).statement;
    }
  }
}
