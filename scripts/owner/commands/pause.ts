/** `reeve owner pause`: first the witness, so that no lease follows, then the enclave, then a fresh statement as the proof. */

import { ReeveError } from '../../../enclave/link/errors.ts';
import type { Statement } from '../../../enclave/link/schema/statement.ts';
import type { Policy } from '../../../policy/policy.ts';
import { confirm } from '../../cli/confirm.ts';
import { readFailure, usageError } from '../../cli/failures.ts';
import { EXIT } from '../../cli/io.ts';
import { escapeText } from '../../cli/text.ts';
import type { Exposure } from '../../renewer/keeper.ts';
import { readKeptPolicy } from '../copy.ts';
import type { Order } from '../issue.ts';
import { issue, showOrder } from '../issue.ts';
import { pauseAll } from '../pause-all.ts';
import type { Session } from '../session.ts';
import { defineOwnerCommand, OUT_OPTION, PROFILE_OPTIONS, RENEWER_OPTION } from '../session.ts';
import { leftOfLease, showExposure } from '../show.ts';

export const pause = defineOwnerCommand(
  {
    usage: 'reeve owner pause WALLET [--blind] | --all',
    summary: 'Stops a wallet: no further lease, and no signature from now on once confirmed.',
    words: [0, 1],
    options: {
      ...PROFILE_OPTIONS,
      ...RENEWER_OPTION,
      ...OUT_OPTION,
      all: { text: 'disable the renew key in KMS: no host is asked, every wallet falls silent when its lease ends' },
      blind: { text: 'without the witness: the renewer is not told and may go on leasing' },
    },
  },
  async (session) => {
    const [wallet] = session.context.words;
    if ((wallet === undefined) !== session.context.flag('all')) throw usageError('WALLET or --all');
    if (wallet === undefined) return pauseAll(session);
    await confirm(session.context, `Pause ${escapeText(wallet)}?`);
    const exposure = session.context.flag('blind') ? null : await pauseWitness(session, wallet);
    if (exposure === null) session.context.say('Blind: the witness is not told, so the renewer may lease again.');
    const outcome = await pauseEnclave(session, wallet);
    return report(session, wallet, exposure, outcome);
  },
);

async function pauseWitness(session: Session, wallet: string): Promise<Exposure> {
  const exposure = await (await session.keeper()).pause(wallet);
  session.context.say('The witness is paused: no further lease will be given.');
  return exposure;
}

/** How far it came: `confirmed` by a fresh statement, else what was seen last and why it ended there. */
type Outcome =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'written'; readonly statement: Statement }
  | { readonly kind: 'open'; readonly statement: Statement | null; readonly error: unknown };

async function pauseEnclave(session: Session, wallet: string): Promise<Outcome> {
  let statement: Statement | null = null;
  try {
    statement = (await session.attest(wallet)).statement;
    if (statement.phase === 'paused') return { kind: 'confirmed' };
    const order: Order<'pause'> = {
      name: 'pause',
      content: {},
      target: statement,
      meaning: ['The wallet signs nothing until the owner resumes it.'],
    };
    showOrder(session, order);
    const issued = await issue(session, order);
    if (!issued.sent) return { kind: 'written', statement };
    statement = (await session.attest(wallet)).statement;
    if (statement.phase === 'paused') return { kind: 'confirmed' };
    return { kind: 'open', statement, error: new ReeveError('pause-unconfirmed', { phase: statement.phase }) };
  } catch (error) {
    return { kind: 'open', statement, error };
  }
}

function report({ context, profile }: Session, wallet: string, exposure: Exposure | null, outcome: Outcome): number {
  if (outcome.kind === 'confirmed') {
    context.report({ wallet, paused: true, confirmed: true, witness: exposure !== null }, [
      'Confirmed by a fresh attestation: the wallet is paused.',
    ]);
    return EXIT.done;
  }
  const { statement } = outcome;
  const open = readOpen(statement, exposure);
  const bound = open === null ? 'what is left of the leases is not known' : describe(profile, wallet, open);
  const failure = outcome.kind === 'open' ? readFailure(outcome.error) : null;
  context.report(
    { wallet, paused: exposure !== null, confirmed: false, exposure: open, ...(failure === null ? {} : { failure }) },
    [`Not confirmed: ${bound}.`, ...(failure === null ? [] : [`Reason: ${failure.code}: ${failure.detail}`])],
  );
  return outcome.kind === 'written' ? EXIT.done : EXIT.failed;
}

/** The witness counts every lease that still runs; a statement alone shows one boot's. */
function readOpen(statement: Statement | null, exposure: Exposure | null): Exposure | null {
  if (exposure !== null) return exposure;
  if (statement === null) return null;
  return { until: Number(statement.until), amounts: leftOfLease(statement, Number(statement.time)) };
}

function describe(profile: Session['profile'], wallet: string, { amounts, until }: Exposure): string {
  let policy: Policy | null = null;
  try {
    policy = readKeptPolicy(profile, wallet).policy;
  } catch {
    // Without the owner's copy of the policy the amounts stay in base units.
  }
  return showExposure(policy, amounts, until);
}
