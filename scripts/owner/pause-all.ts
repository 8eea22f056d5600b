/** `reeve owner pause --all`: the renew key is disabled in KMS. It needs no host and no renewer, and nobody but the owner can undo it. */

import { LEASE_SECONDS_MAX } from '../../policy/limits.ts';
import { confirm } from '../cli/confirm.ts';
import { readFailure } from '../cli/failures.ts';
import { EXIT } from '../cli/io.ts';
import { escapeText, formatTime } from '../cli/text.ts';
import { listPinned, readKeptPolicy } from './copy.ts';
import type { Session } from './session.ts';

/** Says what it means: what runs goes on until its lease ends, and no longer than the longest lease a policy allows. */
export async function pauseAll(session: Session): Promise<number> {
  const { context, profile } = session;
  const { arn } = profile.keys.renew;
  const wallets = listPinned(profile);
  context.say(
    `Disables ${escapeText(arn)} in KMS. No lease is given to any wallet any more: ${wallets.length} in this profile.`,
  );
  context.say('Leases that run are NOT ended: each wallet may spend what is left of its lease until that ends.');
  await confirm(context, 'Disable the renew key?');
  await session.kms().disableKey(arn);
  const until = Date.now() + longestLease(session, wallets);
  const exposure = await readExposure(session);
  const uncovered = wallets.filter((wallet) => !isLeasedByRenewKey(session, wallet));
  context.report({ disabled: arn, wallets, uncovered, silentBy: until, witness: exposure }, [
    `Disabled. Every wallet is silent by ${formatTime(until)} at the latest, the longest lease of its policy from now.`,
    exposure === null
      ? 'The witness was not asked; `reeve owner status` shows what each lease leaves.'
      : `By the witness the last lease ends ${formatTime(exposure.until)}.`,
    ...(uncovered.length === 0
      ? []
      : [`NOT stopped by this, their policy names another renew key or none: ${uncovered.join(', ')}`]),
    `To go on: aws kms enable-key --key-id ${escapeText(arn)}`,
  ]);
  return EXIT.done;
}

/** Milliseconds. A policy of the owner's copy that cannot be read counts as the longest the schema allows. */
function longestLease({ profile }: Session, wallets: readonly string[]): number {
  const lengths = wallets.map((wallet) => {
    try {
      return readKeptPolicy(profile, wallet).policy.lease.maxSeconds;
    } catch {
      return LEASE_SECONDS_MAX;
    }
  });
  return Math.max(0, ...lengths) * 1000;
}

/** A wallet whose policy does not name the renew key alone is leased by another key too. */
function isLeasedByRenewKey({ profile }: Session, wallet: string): boolean {
  try {
    const { renew } = readKeptPolicy(profile, wallet).policy.keys;
    return renew.length === 1 && renew[0] === profile.keys.renew.publicKey;
  } catch {
    return false;
  }
}

/** Only for what it says: the key is disabled already, so a renewer that does not answer changes nothing. */
async function readExposure(session: Session): Promise<{ until: number } | null> {
  try {
    const summaries = await (await session.keeper()).read();
    return { until: Math.max(0, ...summaries.map(({ until }) => until)) };
  } catch (error) {
    session.context.say(`The witness did not answer: ${readFailure(error).code}.`);
    return null;
  }
}
