/** `reeve audit verify`: a wallet's receipts, checked offline against a head somebody trustworthy vouches for. */

import { ReeveError } from '../../enclave/link/errors.ts';
import type { Receipt } from '../../enclave/link/receipts.ts';
import { openHead } from '../../enclave/link/receipts.ts';
import { openAdmin } from '../cli/admin.ts';
import type { Context } from '../cli/command.ts';
import { defineCommand } from '../cli/command.ts';
import { usageError } from '../cli/failures.ts';
import { readBytesFile } from '../cli/files.ts';
import { EXIT } from '../cli/io.ts';
import { escapeText, formatTime, toHex } from '../cli/text.ts';
import { attestPinned } from '../owner/attest.ts';
import { readPins } from '../owner/copy.ts';
import { profileFile, profilePath, readProfile } from '../owner/profile.ts';
import { readWitnessFile } from '../renewer/witness-file.ts';
import type { HeadClaim } from './chain.ts';
import { checkChain, fetchReceipts, readSegments } from './chain.ts';

export const verify = defineCommand(
  {
    usage: 'reeve audit verify WALLET (--receipts FOLDER | --admin ADDRESS)',
    summary: 'Checks order, hashes and completeness of receipts up to a head; says so where the tail is not proven.',
    words: 1,
    options: {
      receipts: { value: 'FOLDER', text: 'a folder of .seg files' },
      admin: { value: 'ADDRESS', text: 'fetch from a host: unix:PATH or ssh:USER@HOST[:PATH]' },
      profile: { value: 'FILE', text: 'owner profile: pinned keys, and the witness for the head' },
      attest: { text: 'take the head from a fresh attestation (with --admin and a profile)' },
      witness: { text: 'take the head from the profile’s witness' },
      head: { value: 'SEQ:HASH', text: 'a head you know' },
      'signed-head': { value: 'FILE', text: 'head.cbor: shows who wrote the chain, not that it is whole' },
    },
  },
  async (context) => {
    const wallet = context.words[0] as string;
    const head = await readHead(context, wallet);
    const chain = checkChain(wallet, await readReceipts(context, wallet), head);
    const author = checkAuthor(context, wallet, chain.receipts, chain.end);
    const proven = head !== null;
    const value = {
      wallet,
      valid: true,
      receipts: chain.receipts.length,
      head: { seq: chain.end.seq, hash: toHex(chain.end.hash) },
      tailProven: proven && chain.beyond === 0,
      provenUpTo: head?.seq ?? 0,
      author,
      kinds: countKinds(chain.receipts),
    };
    context.report(value, describe(value, chain.receipts));
    return EXIT.done;
  },
);
export const { run } = verify;

async function readReceipts(context: Context, wallet: string): Promise<Uint8Array[]> {
  const folder = context.option('receipts');
  if (folder !== undefined) return readSegments(folder);
  return withAdmin(context, (admin) => fetchReceipts(admin, wallet));
}

async function withAdmin<Value>(
  context: Context,
  use: (admin: Awaited<ReturnType<typeof openAdmin>>) => Promise<Value>,
): Promise<Value> {
  const address = context.option('admin');
  if (address === undefined) throw usageError('--receipts or --admin is needed');
  const admin = await openAdmin(address, context.io.env);
  try {
    return await use(admin);
  } finally {
    admin.close();
  }
}

/** Where the head comes from; null: nobody vouches for one. The head is read before the receipts, so that all of it must be among them. */
async function readHead(context: Context, wallet: string): Promise<HeadClaim | null> {
  const known = context.option('head');
  if (known !== undefined) {
    const match = /^([0-9]{1,10}):([0-9a-f]{64})$/.exec(known);
    if (match?.[2] === undefined) throw usageError('--head takes SEQ:HASH');
    return { seq: Number(match[1]), hash: match[2] };
  }
  if (context.flag('attest')) {
    const profile = readProfile(profilePath(context));
    const pins = readPins(profile, wallet);
    const { head } = await withAdmin(context, (admin) => attestPinned(admin, profile, pins));
    return { seq: head.seq, hash: toHex(head.hash) };
  }
  if (!context.flag('witness')) return null;
  const profile = readProfile(profilePath(context));
  const record = readWitnessFile(profileFile(profile, `${profile.witness}/${wallet}.witness.json`));
  return record.head;
}

/** Whether the pinned receipt key signed a head of this chain. */
function checkAuthor(
  context: Context,
  wallet: string,
  receipts: readonly Receipt[],
  end: { readonly seq: number; readonly hash: Uint8Array },
): 'signed' | 'not checked' {
  const file = context.option('signed-head');
  if (file === undefined) return 'not checked';
  const { receiptKey } = readPins(readProfile(profilePath(context)), wallet);
  const head = openHead(readBytesFile(file), receiptKey);
  const next = receipts[head.seq];
  const hash = head.seq === end.seq ? end.hash : next?.prev;
  if (head.wallet !== wallet || hash === undefined || !Buffer.from(hash).equals(head.hash))
    throw new ReeveError('chain-invalid', { what: 'the signed head is not of this chain', seq: head.seq });
  return 'signed';
}

function countKinds(receipts: readonly Receipt[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of receipts) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function describe(
  value: { wallet: string; tailProven: boolean; provenUpTo: number; author: string; kinds: Record<string, number> },
  receipts: readonly Receipt[],
): string[] {
  const last = receipts.at(-1);
  const kinds = Object.entries(value.kinds).map(([kind, count]) => `${count} ${kind}`);
  const tail = value.tailProven
    ? 'complete up to its head'
    : value.provenUpTo > 0
      ? `complete up to receipt ${value.provenUpTo}; tail not proven`
      : 'tail not proven: nobody vouches for a head';
  return [
    `${escapeText(value.wallet)}: ${receipts.length} receipts in order (${kinds.join(', ')}), ${tail}.`,
    `Signature of the receipt key: ${value.author}.`,
    ...(last === undefined ? [] : [`Newest: ${last.kind} at ${formatTime(last.time)}.`]),
  ];
}
