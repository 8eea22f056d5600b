/** `reeve squads status`: the multisig as it is on chain, held against the policy. */

import { pubkeyFromBase58, pubkeyFromBytes, pubkeyToBase58 } from '../../../policy/keys.ts';
import type { Pubkey } from '../../../policy/types.ts';
import type { Chain } from '../../chain/rpc.ts';
import { EXIT } from '../../cli/io.ts';
import { escapeText } from '../../cli/text.ts';
import { defineOwnerCommand } from '../../owner/session.ts';
import { showMint } from '../describe.ts';
import type { Drift, Seen } from '../drift.ts';
import { findDrift } from '../drift.ts';
import { compareLimits, wantLimits } from '../limits.ts';
import { findLimits, findProposals, readMultisig } from '../read.ts';
import { CHAIN_OPTIONS, openNode } from '../session.ts';
import { describeShape } from '../shapes.ts';
import type { WalletFacts } from '../wallet.ts';
import { readWallet } from '../wallet.ts';

export const status = defineOwnerCommand(
  {
    usage: 'reeve squads status WALLET [--check]',
    summary:
      'Members, time lock, every spending limit and every open proposal on chain, held against the policy in force. Drift is named; --check makes it exit 1.',
    words: 1,
    options: {
      ...CHAIN_OPTIONS,
      check: { text: 'exit 1 when there is drift (for cron)' },
      half: { text: 'the limits were synced with --half' },
    },
  },
  async (session) => {
    const { context, profile } = session;
    const facts = await readWallet(session, context.words[0] as string);
    const owner = pubkeyFromBytes(Buffer.from(profile.keys.owner.publicKey, 'hex'));
    const chain = openNode(session);
    const reports = await Promise.all(
      facts.multisigs.map((multisig) => reportOne(chain, facts, multisig, owner, context.flag('half'))),
    );
    const drift = reports.flatMap((report) => report.drift);
    context.report({ wallet: facts.wallet, multisigs: reports.map(({ json }) => json), drift }, [
      ...reports.flatMap(({ lines }) => lines),
      ...(drift.length === 0 ? ['No drift: the chain is what the policy says.'] : drift.map(describeDrift)),
    ]);
    return drift.length > 0 && context.flag('check') ? EXIT.failed : EXIT.done;
  },
);

const describeDrift = ({ kind, detail }: Drift) => `DRIFT ${kind}: ${escapeText(detail)}`;

export async function readSeen(chain: Chain, multisig: Pubkey): Promise<Seen> {
  const [account, limits, proposals] = await Promise.all([
    readMultisig(chain, multisig),
    findLimits(chain, multisig),
    findProposals(chain, multisig),
  ]);
  return { account, limits, proposals };
}

async function reportOne(chain: Chain, facts: WalletFacts, multisig: Pubkey, owner: Pubkey, half: boolean) {
  const { policy, agent } = facts;
  const seen = await readSeen(chain, multisig);
  const wanted = wantLimits(policy, agent, half).filter((limit) => limit.multisig === multisig);
  const differences = compareLimits(wanted, seen.limits, agent);
  const vaults = (policy.document.vaults ?? []).filter((vault) => pubkeyFromBase58(vault.multisig) === multisig);
  const counted = vaults.flatMap(({ members }) => members ?? []);
  const members = counted.length === 0 ? null : Math.min(...counted);
  const drift = findDrift(seen, { agent, owner, members, differences });
  const names = new Map([
    [owner, 'owner'],
    [agent, 'agent'],
  ]);
  const open = seen.proposals.filter(({ state }) => state === 'active' || state === 'approved' || state === 'draft');
  return {
    drift,
    json: { multisig: pubkeyToBase58(multisig), ...seen, proposals: open },
    lines: [
      `Multisig ${pubkeyToBase58(multisig)}`,
      ...describeShape(seen.account, names).map((line) => `  ${line}`),
      ...seen.limits.map(
        ({ address, mint, amount, remaining, period }) =>
          `  limit ${pubkeyToBase58(address)}: ${showMint(policy, mint, amount)} (${period}), ${showMint(policy, mint, remaining)} left of this period`,
      ),
      ...open.map(({ index, state, approved }) => `  proposal ${index}: ${state}, ${approved.length} votes`),
    ],
  };
}
