/** `reeve owner reseal` and `rotate-owner`: wallets under another sealing key, or of another owner key. Cut short anywhere, the same command finishes it. */

import { ReeveError } from '../../../enclave/link/errors.ts';
import type { Statement } from '../../../enclave/link/schema/statement.ts';
import { EXIT } from '../../cli/io.ts';
import { escapeText, toHex } from '../../cli/text.ts';
import type { Pins } from '../attest.ts';
import { attestWallets, checkPins } from '../attest.ts';
import { listPinned, readKeptPolicy, readPins } from '../copy.ts';
import type { Order } from '../issue.ts';
import { issue, showAndConfirm } from '../issue.ts';
import { followSeal } from '../moved-seal.ts';
import type { ProfileData, SigningKey } from '../profile.ts';
import { profilePath, replaceKeys } from '../profile.ts';
import type { Session } from '../session.ts';
import { defineOwnerCommand, PROFILE_OPTIONS, RENEWER_OPTION } from '../session.ts';
import { toAddress } from '../show.ts';

/** Wallets that may be named at once. */
const WORDS_MAX = 256;
const OPTIONS = { ...PROFILE_OPTIONS, ...RENEWER_OPTION };

export const reseal = defineOwnerCommand(
  {
    usage: 'reeve owner reseal [WALLET...] [--seal-key ARN|new]',
    summary: 'Seals wallets with another KMS key; without names all that are not sealed with the profile’s.',
    words: [0, WORDS_MAX],
    options: { ...OPTIONS, 'seal-key': { value: 'ARN', text: 'the key from now on; `new` makes one' } },
  },
  async (session) => {
    const { context } = session;
    const named = context.option('seal-key');
    if (named !== undefined) {
      const arn = named === 'new' ? await session.kms().createKey('sealing', 'Reeve sealing key') : named;
      changeKeys(session, { ...session.profile.keys, seal: { arn } });
      context.say(
        `Sealing key of the profile: ${escapeText(arn)}. The old one is still needed until every wallet moved.`,
      );
    }
    const moved: string[] = [];
    for (const wallet of wanted(session)) {
      if (await moveWallet(session, wallet, null)) moved.push(wallet);
    }
    context.report({ sealKey: session.profile.keys.seal.arn, moved }, [
      moved.length === 0 ? 'Every wallet is sealed with the profile’s key.' : `Resealed: ${moved.join(', ')}.`,
      'Disable the old sealing key once no copy under it is wanted: whoever has an old copy could still restore it.',
    ]);
    return EXIT.done;
  },
);

export const rotateOwner = defineOwnerCommand(
  {
    usage: 'reeve owner rotate-owner [WALLET...] [--key ARN|new]',
    summary: 'Gives wallets another owner key. When the last one has it, it becomes the profile’s.',
    words: [0, WORDS_MAX],
    options: { ...OPTIONS, key: { value: 'ARN', text: 'the next owner key, given once; `new` makes one' } },
  },
  async (session) => {
    const { context } = session;
    const next = await readNext(session);
    const moved: string[] = [];
    for (const wallet of wanted(session)) if (await moveWallet(session, wallet, next)) moved.push(wallet);
    const left = listPinned(session.profile).filter(
      (wallet) => toHex(readPins(session.profile, wallet).owner) !== next.publicKey,
    );
    if (left.length === 0) {
      const { nextOwner: _, ...keys } = session.profile.keys;
      changeKeys(session, { ...keys, owner: next });
    }
    context.report({ owner: next, moved, left, finished: left.length === 0 }, [
      `Owner ${toAddress(Buffer.from(next.publicKey, 'hex'))}: ${moved.length} moved, ${left.length} left.`,
      ...(left.length === 0 ? ['The profile signs with the new key from now on.'] : []),
      'Against a stolen key this is half: reseal with a new sealing key too and disable the old one, or an old copy brings the old owner back.',
    ]);
    return EXIT.done;
  },
);

/** Written into the profile before any wallet moves, so that an interrupted rotation goes on with the same key. */
async function readNext(session: Session): Promise<SigningKey> {
  const { context, profile } = session;
  const named = context.option('key');
  const known = profile.keys.nextOwner;
  if (known !== undefined && (named === undefined || named === known.arn)) return known;
  if (known !== undefined) throw new ReeveError('usage', { detail: `a rotation to ${known.arn} is under way` });
  if (named === undefined) throw new ReeveError('usage', { detail: '--key is needed' });
  const kms = session.kms();
  const arn = named === 'new' ? await kms.createKey('signing', 'Reeve owner key') : named;
  const next = { arn, publicKey: toHex(await kms.readPublicKey(arn)) };
  changeKeys(session, { ...profile.keys, nextOwner: next });
  return next;
}

function changeKeys({ context, profile }: Session, keys: ProfileData['keys']): void {
  replaceKeys(profilePath(context), profile, keys);
}

function wanted({ context, profile }: Session): readonly string[] {
  return context.words.length > 0 ? context.words : listPinned(profile);
}

/** Moves one wallet, or finishes a move that the enclave has made already. False when there is nothing to do. */
async function moveWallet(session: Session, wallet: string, next: SigningKey | null): Promise<boolean> {
  const { profile } = session;
  const pins = readPins(profile, wallet);
  const owner = next === null ? pins.owner : new Uint8Array(Buffer.from(next.publicKey, 'hex'));
  const wantedPins: Pins = { ...pins, owner, kmsKeyArn: profile.keys.seal.arn };
  const isThere = (state: Pick<Pins, 'owner' | 'kmsKeyArn'>) =>
    state.kmsKeyArn === wantedPins.kmsKeyArn && Buffer.from(state.owner).equals(owner);
  if (isThere(pins)) return false;
  const [before] = await attestWallets(await session.admin(), profile, [wallet]);
  const statement = before as Statement;
  if (!isThere(statement)) {
    checkPins(statement, pins);
    await order(session, statement, wantedPins, next);
  }
  const [after] = await attestWallets(await session.admin(), profile, [wallet]);
  checkPins(after as Statement, wantedPins);
  await followSeal(session, after as Statement, pins);
  return true;
}

async function order(session: Session, target: Statement, to: Pins, next: SigningKey | null): Promise<void> {
  const { policyHash, policyVersion, wallet } = target;
  const kept = readKeptPolicy(session.profile, wallet).policy.hash;
  if (kept !== toHex(policyHash))
    throw new ReeveError('statement-mismatch', { field: 'policyHash', expected: kept, observed: toHex(policyHash) });
  const content = { kmsKeyArn: to.kmsKeyArn, policyHash, version: policyVersion + 1 };
  const meaning = [
    `sealed by ${to.kmsKeyArn}`,
    `policy ${kept} stays in force, counted as version ${content.version}; budgets and lease stay`,
  ];
  if (next === null) {
    const move: Order<'reseal'> = { name: 'reseal', content, target, meaning };
    await showAndConfirm(session, move);
    await issue(session, move);
    return;
  }
  const move: Order<'owner.rotate'> = {
    name: 'owner.rotate',
    content: { ...content, ownerPublicKey: to.owner },
    target,
    also: next,
    meaning: [`owned by ${toAddress(to.owner)} (${next.arn}) and nobody else`, ...meaning],
  };
  await showAndConfirm(session, move);
  await issue(session, move);
}
