/** `reeve owner sign`: the owner's ticket for one transaction, shown effect by effect before it is signed. */

import { verifyStrict } from '../../../enclave/link/ed25519.ts';
import { ReeveError } from '../../../enclave/link/errors.ts';
import { encodeBase58 } from '../../../policy/base58.ts';
import { explainJudgement } from '../../../policy/explain.ts';
import { pubkeyFromBytes } from '../../../policy/keys.ts';
import type { Message } from '../../../policy/message.ts';
import { decodeMessage, findSigner } from '../../../policy/message.ts';
import { attachSignature, decodeTransaction } from '../../../policy/transaction.ts';
import type { Pubkey } from '../../../policy/types.ts';
import { usageError } from '../../cli/failures.ts';
import { toBase64 } from '../../cli/fields.ts';
import { EXIT } from '../../cli/io.ts';
import { escapeText } from '../../cli/text.ts';
import { readInputBytes } from '../../policy/input.ts';
import { judgeMessage } from '../../policy/request.ts';
import { readKeptPolicy } from '../copy.ts';
import type { Order } from '../issue.ts';
import { issue, showAndConfirm } from '../issue.ts';
import type { Session } from '../session.ts';
import { defineOwnerCommand, OUT_OPTION, PROFILE_OPTIONS } from '../session.ts';

export const sign = defineOwnerCommand(
  {
    usage: 'reeve owner sign WALLET --transaction FILE|- | --message FILE|-',
    summary: 'Has exactly these bytes signed once by the wallet’s key, whatever policy, lease or pause say.',
    words: 1,
    options: {
      ...PROFILE_OPTIONS,
      ...OUT_OPTION,
      transaction: { value: 'FILE|-', text: 'base64 of a wire transaction' },
      message: { value: 'FILE|-', text: 'base64 of the bytes to be signed' },
      undecoded: { text: 'sign bytes that cannot be shown: whatever they are, they are the wallet’s word' },
    },
  },
  async (session) => {
    const { context } = session;
    const wallet = context.words[0] as string;
    const { bytes, wire } = await readInput(session);
    const { statement } = await session.attest(wallet);
    const agent = pubkeyFromBytes(statement.agent);
    const decoded = decodeMessage(bytes);
    if (!decoded.ok && !context.flag('undecoded'))
      throw new ReeveError('transaction-malformed', { reason: decoded.refusal.code, detail: decoded.refusal.detail });
    const order: Order<'sign'> = {
      name: 'sign',
      content: { message: bytes },
      target: statement,
      meaning: [
        `exactly ${bytes.length} bytes, once, outside of policy, budgets and lease`,
        ...(decoded.ok
          ? describe(session, wallet, decoded.value, agent)
          : ['NOT DECODED: nobody can say what this does']),
      ],
    };
    await showAndConfirm(session, order);
    const issued = await issue(session, order);
    if (!issued.sent) return EXIT.done;
    const { signature } = issued.answer;
    if (signature === undefined || !verifyStrict(signature, bytes, statement.agent))
      throw new ReeveError('admin-answer', { what: 'no valid signature' });
    const index = decoded.ok ? findSigner(decoded.value, agent) : -1;
    const signed = wire !== null && index >= 0 ? toBase64(attachSignature(wire, index, signature)) : null;
    context.report({ wallet, signature: encodeBase58(signature), transaction: signed }, [
      `Signature: ${encodeBase58(signature)}`,
      ...(signed === null ? [] : [signed]),
    ]);
    return EXIT.done;
  },
);

async function readInput({ context }: Session): Promise<{ bytes: Uint8Array; wire: Uint8Array | null }> {
  const [transaction, message] = [context.option('transaction'), context.option('message')];
  if ((transaction === undefined) === (message === undefined)) throw usageError('--transaction or --message');
  const bytes = await readInputBytes(transaction ?? message ?? '-', context.io);
  if (bytes === null) throw usageError('the input is not base64');
  if (transaction === undefined) return { bytes, wire: null };
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok)
    throw new ReeveError('transaction-malformed', { reason: decoded.refusal.code, detail: decoded.refusal.detail });
  return { bytes: decoded.value.messageBytes, wire: bytes };
}

/** What the policy in force would say is shown, and does not count. */
function describe({ profile }: Session, wallet: string, message: Message, agent: Pubkey): string[] {
  const { policy } = readKeptPolicy(profile, wallet);
  return explainJudgement(policy, judgeMessage(policy, message, agent)).map(escapeText);
}
