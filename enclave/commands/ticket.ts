/**
 * `sign`: the owner's ticket for exactly these message bytes. No policy, budget or lease is asked: whoever holds the owner key could change all of
 * them. What the engine can decode is shown in the receipt; what it cannot is signed all the same, since the owner named the bytes.
 */

import { decodeMessage } from '../../policy/message.ts';
import { hashMessage } from '../gates/decode.ts';
import { judgeTransactions } from '../gates/judge.ts';
import { signMessages } from '../gates/sign-messages.ts';
import type { EffectJson } from '../link/schema/results.ts';
import type { CommandContext, CommandHandler } from './context.ts';

/** Charges nothing and is not remembered: an agent that asks for the same bytes is judged as for any other. */
export const signTicket: CommandHandler<'sign'> = (context, { message }) => {
  const messageHash = hashMessage(message);
  const effects = readEffects(context, message, messageHash);
  const [signed] = signMessages(context.wallet, [{ messageBytes: message, hash: messageHash }], 'ticket');
  return {
    messageHash,
    ...(signed === undefined ? {} : { signature: signed.signature }),
    ...(effects === null ? {} : { effects }),
  };
};

function readEffects({ wallet, now }: CommandContext, messageBytes: Uint8Array, hash: Uint8Array): EffectJson[] | null {
  const decoded = decodeMessage(messageBytes);
  if (!decoded.ok) return null;
  const { shown } = judgeTransactions(wallet, [{ message: decoded.value, messageBytes, hash }], [], now);
  return [...shown];
}
