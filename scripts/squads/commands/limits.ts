/** `reeve squads limits`: the policy's limits on chain, shown as differences, and applied with --sync. */

import type { Chain } from '../../chain/rpc.ts';
import { confirm } from '../../cli/confirm.ts';
import { EXIT } from '../../cli/io.ts';
import type { Session } from '../../owner/session.ts';
import { defineOwnerCommand } from '../../owner/session.ts';
import type { Changed } from '../config.ts';
import { changeConfig } from '../config.ts';
import { describeDifference, describeWorst } from '../describe.ts';
import type { LimitDifference } from '../limits.ts';
import { compareLimits, resolveDifference, wantLimits } from '../limits.ts';
import { findLimits } from '../read.ts';
import { CHAIN_OPTIONS, openNode, openOwnerChain } from '../session.ts';
import type { WalletFacts } from '../wallet.ts';
import { readWallet } from '../wallet.ts';

export const limits = defineOwnerCommand(
  {
    usage: 'reeve squads limits WALLET [--sync] [--half] [--all]',
    summary:
      'Shows how the spending limits on chain differ from the policy in force, and makes them equal with --sync.',
    words: 1,
    options: {
      ...CHAIN_OPTIONS,
      sync: { text: 'apply the differences, one transaction each; run again after an interruption it completes' },
      half: { text: 'half of each amount: two bursts at an edge then stay within the window' },
      all: { text: 'also remove limits the policy does not name that are for other keys' },
    },
  },
  async (session) => {
    const { context } = session;
    const facts = await readWallet(session, context.words[0] as string);
    const wanted = wantLimits(facts.policy, facts.agent, context.flag('half'));
    const all = await readDifferences(openNode(session), facts, context.flag('half'));
    const lines = all.flatMap((difference) => describeDifference(facts.policy, difference));
    const worst = describeWorst(facts.policy, wanted);
    if (!context.flag('sync') || all.length === 0) {
      const told = lines.length === 0 ? ['The chain has exactly the limits of the policy.'] : lines;
      context.report({ wallet: facts.wallet, differences: all, worst }, [...told, ...worst]);
      return all.length === 0 ? EXIT.done : EXIT.failed;
    }
    for (const line of [...lines, ...worst]) context.say(line);
    const due = all.filter((difference) => isDue(difference, context.flag('all')));
    await confirm(context, `Apply ${due.length} of ${all.length} differences on chain?`);
    return applyAll(session, facts, due);
  },
);

/** Over all multisigs that the policy's vaults name. */
export async function readDifferences(chain: Chain, { policy, agent, multisigs }: WalletFacts, half: boolean) {
  const wanted = wantLimits(policy, agent, half);
  const found = await Promise.all(multisigs.map((multisig) => findLimits(chain, multisig)));
  return compareLimits(wanted, found.flat(), agent);
}

/** A limit for another key may be another wallet's: it is removed only when asked for. */
function isDue(difference: LimitDifference, all: boolean): boolean {
  return difference.kind !== 'extra' || difference.ours || all;
}

async function applyAll(session: Session, facts: WalletFacts, due: readonly LimitDifference[]): Promise<number> {
  const { context } = session;
  const owner = await openOwnerChain(session);
  const changes: Changed[] = [];
  for (const difference of due) {
    const multisig = difference.kind === 'missing' ? difference.wanted.multisig : difference.found.multisig;
    changes.push(await changeConfig(owner, multisig, resolveDifference(difference)));
  }
  const left = await readDifferences(owner.chain, facts, context.flag('half'));
  const waiting = changes.filter(({ kind }) => kind === 'proposed');
  context.report({ wallet: facts.wallet, changes, left }, [
    `${changes.length - waiting.length} applied, ${waiting.length} proposed, ${left.length} left.`,
    ...waiting.map(({ index }) => `Another voter has to: reeve squads approve ${facts.wallet} ${index}`),
    ...left.flatMap((difference) => describeDifference(facts.policy, difference)),
  ]);
  return left.length === 0 ? EXIT.done : EXIT.failed;
}
