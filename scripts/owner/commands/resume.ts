/** `reeve owner resume`: ends a pause in the witness and in the enclave, and has the wallet leased again. */

import { EXIT } from '../../cli/io.ts';
import type { Order } from '../issue.ts';
import { issue, showAndConfirm } from '../issue.ts';
import { defineOwnerCommand, OUT_OPTION, PROFILE_OPTIONS, RENEWER_OPTION } from '../session.ts';

export const resume = defineOwnerCommand(
  {
    usage: 'reeve owner resume WALLET',
    summary: 'Ends a pause and asks the renewer for a lease.',
    words: 1,
    options: { ...PROFILE_OPTIONS, ...RENEWER_OPTION, ...OUT_OPTION },
  },
  async (session) => {
    const { context } = session;
    const wallet = context.words[0] as string;
    const { statement } = await session.attest(wallet);
    const keeper = await session.keeper();
    if (statement.phase === 'paused') {
      const order: Order<'resume'> = {
        name: 'resume',
        content: {},
        target: statement,
        meaning: ['The wallet signs again within its policy and lease.'],
      };
      await showAndConfirm(session, order);
      await keeper.resume(wallet);
      if (!(await issue(session, order)).sent) return EXIT.done;
    } else {
      await keeper.resume(wallet);
    }
    const [outcome] = await keeper.renew([wallet]);
    context.report({ wallet, resumed: true, lease: outcome ?? null }, [
      `Resumed. Lease: ${outcome?.result ?? 'none'}${outcome?.code === undefined ? '' : ` (${outcome.code})`}.`,
    ]);
    return outcome?.result === 'leased' || outcome?.result === 'holds' ? EXIT.done : EXIT.failed;
  },
);
