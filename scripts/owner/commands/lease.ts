/** `reeve owner lease`: the renewer, once or always on. */

import { ReeveError } from '../../../enclave/link/errors.ts';
import { confirm } from '../../cli/confirm.ts';
import { usageError } from '../../cli/failures.ts';
import { EXIT } from '../../cli/io.ts';
import { parseRemote } from '../../cli/remote.ts';
import { escapeText, formatJson, formatTime } from '../../cli/text.ts';
import type { Keeper, RenewOutcome } from '../../renewer/keeper.ts';
import { runLoop } from '../../renewer/loop.ts';
import { RENEWER_SOCKET } from '../../renewer/remote-keeper.ts';
import { serveKeeper } from '../../renewer/server.ts';
import { pinsToJson, readKeptPolicy, readPins } from '../copy.ts';
import { profileFile } from '../profile.ts';
import type { Session } from '../session.ts';
import {
  defineOwnerCommand,
  localRenewerSocket,
  openLocalKeeper,
  PROFILE_OPTIONS,
  RENEWER_OPTION,
} from '../session.ts';

/** Seconds between two looks at every wallet, unless --every says otherwise. */
const EVERY_SECONDS = 15;

export const lease = defineOwnerCommand(
  {
    usage: 'reeve owner lease --once | --auto',
    summary: 'Leases wallets whose fresh attestation holds: one pass, or as the renewer until it is told to stop.',
    words: 0,
    options: {
      ...PROFILE_OPTIONS,
      ...RENEWER_OPTION,
      once: { text: 'one pass; exit 1 if a wallet got no lease it should have' },
      auto: { text: 'stay, renew, and serve the witness to the other commands' },
      wallet: { value: 'NAME', text: 'only this wallet; may be repeated', multiple: true },
      every: { value: 'SECONDS', text: `between two looks (${EVERY_SECONDS})` },
      seconds: { value: 'SECONDS', text: 'length of a lease; the policy’s longest by default, never more' },
      serve: { value: 'unix:PATH', text: 'socket of the renewer (renewer.sock in the witness folder)' },
      enroll: {
        value: 'WALLET',
        text: 'start a witness for a wallet of the owner’s copy; its first lease needs --recover-lost',
      },
      'recover-lost': { text: 'your word that witness or receipts were lost: every window counts as full' },
    },
  },
  async (session) => {
    const { context } = session;
    const enrolled = context.option('enroll');
    if (enrolled !== undefined) return enroll(session, enrolled);
    if (context.flag('once') === context.flag('auto')) throw usageError('--once or --auto');
    return context.flag('once') ? leaseOnce(session) : leaseAlways(session);
  },
);

async function enroll(session: Session, wallet: string): Promise<number> {
  const { context, profile } = session;
  const { bytes } = readKeptPolicy(profile, wallet);
  await (await session.keeper()).enroll(pinsToJson(readPins(profile, wallet)), bytes, false);
  context.report({ wallet, enrolled: true }, [
    `Enrolled: ${wallet}. What was leased before is not known here: its first lease needs --recover-lost.`,
  ]);
  return EXIT.done;
}

async function leaseOnce(session: Session): Promise<number> {
  const { context } = session;
  const seconds = readSeconds(session, 'seconds');
  const recoverLost = context.flag('recover-lost');
  if (recoverLost) await confirmLost(session);
  const keeper = seconds === undefined ? await session.keeper() : await openLocalKeeper(session, seconds * 1000);
  const outcomes = await keeper.renew(wanted(session), { recoverLost });
  if (seconds !== undefined) keeper.close();
  const lines = outcomes.length === 0 ? ['The witness holds no wallet.'] : outcomes.map(describeOutcome);
  context.report({ outcomes }, lines);
  return outcomes.every(isWell) ? EXIT.done : EXIT.failed;
}

/** The witness cannot say what was leased before: only the owner can know that nothing else did this. */
async function confirmLost({ context }: Session): Promise<void> {
  const names = context.options('wallet').map(escapeText).join(', ');
  context.say('A host that rolled its store back, and a thief of the renew key, look just like a loss.');
  context.say('Every window of what was lost counts as full until all earlier leases have ended.');
  await confirm(context, `Were receipts or the witness of ${names === '' ? 'EVERY wallet' : names} lost?`);
}

function wanted({ context }: Session): readonly string[] | null {
  const names = context.options('wallet');
  return names.length === 0 ? null : names;
}

function readSeconds({ context }: Session, name: string): number | undefined {
  const text = context.option(name);
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!/^[0-9]+(\.[0-9]+)?$/.test(text) || seconds === 0) throw usageError(`--${name} takes a number of seconds`);
  return seconds;
}

function isWell({ result }: RenewOutcome): boolean {
  return result === 'leased' || result === 'holds' || result === 'idle';
}

async function leaseAlways(session: Session): Promise<number> {
  const { context, profile } = session;
  if (context.flag('recover-lost')) throw usageError('--recover-lost is given once, with --once');
  const seconds = readSeconds(session, 'seconds');
  const everyMs = (readSeconds(session, 'every') ?? EVERY_SECONDS) * 1000;
  const socket = readServe(context.option('serve')) ?? localRenewerSocket(profileFile(profile, profile.witness));
  const keeper = await openLocalKeeper(session, seconds === undefined ? undefined : seconds * 1000);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  try {
    return await serveAndRenew(session, keeper, socket, everyMs, stop.signal);
  } finally {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
    keeper.close();
  }
}

function readServe(text: string | undefined): string | null {
  if (text === undefined) return null;
  const address = parseRemote(text, RENEWER_SOCKET);
  if (address.kind !== 'unix') throw usageError('--serve takes unix:PATH');
  return address.path;
}

async function serveAndRenew(
  session: Session,
  keeper: Keeper,
  socket: string,
  everyMs: number,
  signal: AbortSignal,
): Promise<number> {
  const { context } = session;
  const server = await serveKeeper(keeper, socket);
  context.report({ ready: true, renewer: `unix:${socket}`, mode: session.profile.mode }, [
    `Renewer ready on unix:${socket} (mode ${session.profile.mode}).`,
  ]);
  try {
    const wallets = wanted(session);
    const onChange = (outcome: RenewOutcome) => logOutcome(session, outcome);
    const well = await runLoop(keeper, { wallets, everyMs, signal, onChange });
    return well ? EXIT.done : EXIT.failed;
  } finally {
    await server.close();
  }
}

/** Alarms and failures go to stderr, what is well to stdout. */
function logOutcome({ context }: Session, outcome: RenewOutcome): void {
  const stream = isWell(outcome) ? context.io.stdout : context.io.stderr;
  stream.write(`${context.json ? formatJson(outcome) : describeOutcome(outcome)}\n`);
}

function describeOutcome({ wallet, result, code, detail, number, until }: RenewOutcome): string {
  switch (result) {
    case 'leased':
      return `${wallet}: lease ${number} until ${formatTime(until ?? 0)}`;
    case 'holds':
      return `${wallet}: lease ${number} holds until ${formatTime(until ?? 0)}`;
    case 'idle':
      return `${wallet}: no lease, ${code}`;
    case 'alarm':
      return `ALARM ${wallet}: no lease: ${code}${detail === undefined ? '' : `: ${escapeText(detail)}`}`;
    case 'failed':
      return `${wallet}: failed, will be tried again: ${code}: ${escapeText(detail ?? '')}`;
    default:
      throw new ReeveError('internal', { result: result satisfies never });
  }
}
