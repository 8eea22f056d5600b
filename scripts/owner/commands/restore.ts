/** `reeve owner restore`: brings a wallet onto a host that has nothing of it, from the owner's copy. */

import { isReeveError } from '../../../enclave/link/errors.ts';
import { EXIT } from '../../cli/io.ts';
import { toHex } from '../../cli/text.ts';
import { mismatch } from '../attest.ts';
import { readPins, readWalletCopy } from '../copy.ts';
import { defineOwnerCommand, PROFILE_OPTIONS } from '../session.ts';
import { toAddress } from '../show.ts';

export const restore = defineOwnerCommand(
  {
    usage: 'reeve owner restore WALLET',
    summary: 'Hands the owner’s copy of seal and policy to a host, and checks that the same wallet came back.',
    words: 1,
    options: PROFILE_OPTIONS,
  },
  async (session) => {
    const { context, profile } = session;
    const wallet = context.words[0] as string;
    const pins = readPins(profile, wallet);
    // One that is there already came with an earlier try: the statement says whether it is the wallet.
    const answer = await (await session.admin()).restore(wallet, readWalletCopy(profile, wallet)).catch((error) => {
      if (isReeveError(error, 'wallet-exists')) return null;
      throw error;
    });
    const observed = answer?.agent ?? pins.agent;
    if (!Buffer.from(observed).equals(pins.agent)) throw mismatch('agent', toHex(pins.agent), toHex(observed));
    const { statement } = await session.attest(wallet);
    context.report({ wallet, agent: toAddress(statement.agent), phase: statement.phase, receipts: statement.m > 0 }, [
      `Restored: ${wallet}, address ${toAddress(statement.agent)}, ${statement.phase}.`,
      'It signs nothing before its next lease; what earlier leases may have spent counts as spent.',
    ]);
    return EXIT.done;
  },
);
