/** `reeve owner close`: an orderly end of one wallet on one boot. Its receipts then prove that nothing is unseen, so the next host starts without a charge. */

import { ReeveError } from '../../../enclave/link/errors.ts';
import { EXIT } from '../../cli/io.ts';
import type { Order } from '../issue.ts';
import { issue, showAndConfirm } from '../issue.ts';
import { defineOwnerCommand, OUT_OPTION, PROFILE_OPTIONS } from '../session.ts';

export const close = defineOwnerCommand(
  {
    usage: 'reeve owner close WALLET',
    summary: 'Ends a wallet on this boot in order; its folder can then be handed to another host.',
    words: 1,
    options: { ...PROFILE_OPTIONS, ...OUT_OPTION },
  },
  async (session) => {
    const { context } = session;
    const wallet = context.words[0] as string;
    const { statement } = await session.attest(wallet);
    const order: Order<'close'> = {
      name: 'close',
      content: {},
      target: statement,
      meaning: ['The wallet signs nothing more on this boot. A restart or another host brings it back.'],
    };
    await showAndConfirm(session, order);
    if (!(await issue(session, order)).sent) return EXIT.done;
    const after = (await session.attest(wallet)).statement;
    if (!after.closed) throw new ReeveError('statement-mismatch', { field: 'closed', expected: true, observed: false });
    context.report({ wallet, closed: true }, ['Confirmed by a fresh attestation: the wallet is closed on this boot.']);
    return EXIT.done;
  },
);
