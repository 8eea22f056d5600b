/** `reeve owner approvals`, `approve` and `deny`. */

import { setTimeout as wait } from 'node:timers/promises';
import { ReeveError } from '../../../enclave/link/errors.ts';
import type { Statement } from '../../../enclave/link/schema/statement.ts';
import type { EffectJson } from '../../../policy/json.ts';
import type { Policy } from '../../../policy/policy.ts';
import { confirm } from '../../cli/confirm.ts';
import { usageError } from '../../cli/failures.ts';
import { EXIT } from '../../cli/io.ts';
import { formatTime, toHex } from '../../cli/text.ts';
import { decidesAlone, payOnce, readVaultPayment } from '../../squads/pay.ts';
import { readMultisig } from '../../squads/read.ts';
import type { ListedApproval } from '../approval.ts';
import { checkEffectsHash, describeApproval, readApprovals, titleApproval } from '../approval.ts';
import { listPinned, readKeptPolicy } from '../copy.ts';
import type { Order } from '../issue.ts';
import { issue, showAndConfirm } from '../issue.ts';
import type { Session } from '../session.ts';
import { defineOwnerCommand, OUT_OPTION, PROFILE_OPTIONS, RENEWER_OPTION } from '../session.ts';

/** Between two looks of --watch, milliseconds. */
const WATCH_MS = 2_000;
/** How long a new approval may be used, milliseconds, unless the policy's own time for it is shorter. */
const USE_MS = 3_600_000;

const WALLET_OPTION = { wallet: { value: 'NAME', text: 'the wallet; needed where the profile has several' } } as const;

export const approvals = defineOwnerCommand(
  {
    usage: 'reeve owner approvals [WALLET] [--watch]',
    summary: 'Payments that wait for the owner, in plain words.',
    words: [0, 1],
    options: { ...PROFILE_OPTIONS, watch: { text: 'stay and show new ones' }, all: { text: 'decided ones too' } },
  },
  async (session) => {
    const { context } = session;
    const wallets = context.words[0] === undefined ? listPinned(session.profile) : [context.words[0]];
    if (!context.flag('watch')) {
      await showApprovals(session, wallets, new Set());
      return EXIT.done;
    }
    const stop = new AbortController();
    const onSignal = () => stop.abort();
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    const seen = new Set<string>();
    while (!stop.signal.aborted) {
      await showApprovals(session, wallets, seen);
      await wait(WATCH_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    return EXIT.done;
  },
);

async function showApprovals(session: Session, wallets: readonly string[], seen: Set<string>): Promise<void> {
  const { context } = session;
  const found: (ListedApproval & { wallet: string; lines: string[] })[] = [];
  for (const wallet of wallets) {
    const { policy } = readKeptPolicy(session.profile, wallet);
    const listed = readApprovals(await (await session.admin()).readApprovals(wallet));
    const shown = listed.filter(({ id, state }) => !seen.has(id) && (state === 'pending' || context.flag('all')));
    found.push(...shown.map((approval) => ({ ...approval, wallet, lines: describeApproval(policy, approval) })));
  }
  for (const { id } of found) seen.add(id);
  const lines = found.flatMap((approval) => [
    titleApproval(approval.wallet, approval),
    ...approval.lines.map((line) => `    ${line}`),
  ]);
  if (!context.flag('watch')) context.report({ approvals: found }, lines.length === 0 ? ['Nothing waits.'] : lines);
  else if (found.length > 0) context.report({ approvals: found }, lines);
}

export const approve = defineOwnerCommand(
  {
    usage: 'reeve owner approve ID [--wallet NAME]',
    summary: 'Lets one payment happen once, after its effects were shown and their hash computed from what is shown.',
    words: 1,
    options: {
      ...PROFILE_OPTIONS,
      ...RENEWER_OPTION,
      ...OUT_OPTION,
      ...WALLET_OPTION,
      rpc: {
        value: 'URL',
        text: 'a Solana node; else the profile’s. With one, a payment out of a vault is made by the owner',
      },
      sign: { text: 'let the agent sign it, also where it is out of a vault' },
    },
  },
  async (session) => {
    const found = await findApproval(session);
    const { wallet, statement, policy, approval } = found;
    const effectsHash = checkEffectsHash(policy, approval);
    if (await payFromVault(session, found, effectsHash)) return EXIT.done;
    const until = Number(statement.time) + Math.min(USE_MS, policy.approvals.ttlSeconds * 1000);
    const order: Order<'approve'> = {
      name: 'approve',
      content: { approvalId: approval.id, effectsHash, notAfter: BigInt(until) },
      target: statement,
      meaning: [...describeApproval(policy, approval), `once, until ${formatTime(until)}, beside the budgets`],
    };
    await showAndConfirm(session, order);
    const note = { boot: toHex(statement.boot), effectsHash: toHex(effectsHash), approvalId: approval.id, until };
    await (await session.keeper()).approve(wallet, note);
    const { sent } = await issue(session, order);
    session.context.report({ wallet, approved: approval.id, until, sent }, [
      sent ? `Approved: ${approval.id}. The agent’s next request for it is signed.` : `Signed: ${approval.id}.`,
    ]);
    return EXIT.done;
  },
);

/** A payment out of a vault that the owner's vote alone opens is made by the owner, and the approval ends with it. False where it is not such a one. */
async function payFromVault(session: Session, { wallet, statement, policy, approval }: Found, effectsHash: Uint8Array) {
  const { context, profile } = session;
  const payment = readVaultPayment(policy, approval.effects as readonly EffectJson[]);
  const reachable = (context.option('rpc') ?? profile.rpc) !== undefined && context.option('out') === undefined;
  if (payment === null || !reachable || context.flag('sign')) return false;
  const { openOwnerChain } = await import('../../squads/session.ts');
  const owner = await openOwnerChain(session);
  if (!decidesAlone(await readMultisig(owner.chain, payment.multisig), owner.ownerKey)) return false;
  for (const line of describeApproval(policy, approval)) context.say(`  ${line}`);
  context.say('The owner makes this payment out of the vault, in one transaction; the agent signs nothing.');
  await confirm(context, 'Pay it?');
  const paid = await payOnce(owner, profile, policy, wallet, approval.id, payment);
  await (await session.admin()).reportPayment(wallet, { approvalId: approval.id, ...paid });
  const meaning = ['the approval ends: the payment was made'];
  await issue(session, { name: 'deny', content: { approvalId: approval.id, effectsHash }, target: statement, meaning });
  context.report({ wallet, paid: approval.id, signature: paid.signature }, [`Paid: ${paid.signature}`]);
  return true;
}

export const deny = defineOwnerCommand(
  {
    usage: 'reeve owner deny ID [--wallet NAME]',
    summary: 'Refuses a payment that waits. Final.',
    words: 1,
    options: { ...PROFILE_OPTIONS, ...OUT_OPTION, ...WALLET_OPTION },
  },
  async (session) => {
    const { wallet, statement, policy, approval } = await findApproval(session);
    const effectsHash = checkEffectsHash(policy, approval);
    const order: Order<'deny'> = {
      name: 'deny',
      content: { approvalId: approval.id, effectsHash },
      target: statement,
      meaning: ['refused for good:', ...describeApproval(policy, approval)],
    };
    await showAndConfirm(session, order);
    const { sent } = await issue(session, order);
    session.context.report({ wallet, denied: approval.id, sent }, [`Denied: ${approval.id}.`]);
    return EXIT.done;
  },
);

interface Found {
  readonly wallet: string;
  readonly statement: Statement;
  readonly policy: Policy;
  readonly approval: ListedApproval;
}

/** The approval of the id on the command line, its wallet attested, judged by the policy of the owner's copy, which must be the one in force. */
async function findApproval(session: Session): Promise<Found> {
  const { context, profile } = session;
  const id = context.words[0] as string;
  if (!/^[0-9a-f]{32}$/.test(id)) throw usageError('an approval id is 32 hex digits');
  const named = context.option('wallet');
  for (const wallet of named === undefined ? listPinned(profile) : [named]) {
    const listed = readApprovals(await (await session.admin()).readApprovals(wallet));
    const approval = listed.find((entry) => entry.id === id);
    if (approval === undefined) continue;
    const { statement } = await session.attest(wallet);
    const { policy } = readKeptPolicy(profile, wallet);
    const inForce = toHex(statement.policyHash);
    if (policy.hash !== inForce)
      throw new ReeveError('statement-mismatch', { field: 'policyHash', expected: policy.hash, observed: inForce });
    return { wallet, statement, policy, approval };
  }
  throw new ReeveError('approval-unknown', { id });
}
