/** `reeve owner retire`: the end of a wallet, on this boot and every later one. What it still holds can only leave by the owner's own tickets. */

import { ReeveError } from '../../../enclave/link/errors.ts';
import { EXIT } from '../../cli/io.ts';
import type { Order } from '../issue.ts';
import { issue, showAndConfirm } from '../issue.ts';
import { defineOwnerCommand, OUT_OPTION, PROFILE_OPTIONS, RENEWER_OPTION } from '../session.ts';

export const retire = defineOwnerCommand(
  {
    usage: 'reeve owner retire WALLET',
    summary: 'Ends a wallet for good: no lease and no signature but those of `reeve owner sign`.',
    words: 1,
    options: { ...PROFILE_OPTIONS, ...RENEWER_OPTION, ...OUT_OPTION },
  },
  async (session) => {
    const { context } = session;
    const wallet = context.words[0] as string;
    const { statement } = await session.attest(wallet);
    const order: Order<'wallet.retire'> = {
      name: 'wallet.retire',
      content: {},
      target: statement,
      meaning: ['The wallet never signs for its agent again. There is no way back.'],
    };
    await showAndConfirm(session, order);
    // A host that hands back an older chain gets no lease for it.
    await (await session.keeper()).pause(wallet);
    if (!(await issue(session, order)).sent) return EXIT.done;
    const { phase } = (await session.attest(wallet)).statement;
    if (phase !== 'retired')
      throw new ReeveError('statement-mismatch', { field: 'phase', expected: 'retired', observed: phase });
    context.report({ wallet, retired: true }, ['Confirmed by a fresh attestation: the wallet is retired.']);
    return EXIT.done;
  },
);
