/**
 * What moves a wallet, or makes it, is cut short at every step: each call to KMS, before it is done or before its answer comes; each write of the
 * owner's files; each write of the host's store. (Each message is cut in owner-sealing.test.ts.) Done again, it ends where it should. At a small
 * scale some of the steps are tried, at full scale all of them.
 */

import { dirname } from 'node:path';
import type { Test } from 'tap';
import { readPins } from '../../scripts/owner/copy.ts';
import type { Custody } from './custody-support.ts';
import { startCustody } from './custody-support.ts';
import type { FaultyDisk } from './faulty-disk.ts';
import { createFaultyDisk } from './faulty-disk.ts';
import type { Ran } from './owner-support.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
/** Every how many steps of a kind one is tried. */
const STRIDE = SCALE >= 1 ? { kms: 1, disk: 1 } : { kms: 4, disk: 16 };
/** Milliseconds a file of these tests may take. */
export const TIMEOUT_MS = SCALE >= 1 ? 3_600_000 : 120_000;

export async function done(ran: Promise<Ran>): Promise<Record<string, never>> {
  const { code, err, json } = await ran;
  if (code !== 0) throw new Error(`${err} ${JSON.stringify(json)}`);
  return json;
}

export interface Place {
  readonly custody: Custody;
  readonly disk: FaultyDisk;
}

/** A machine with a leased wallet `w`, on a disk that can be cut. */
export async function startLeased(t: Test): Promise<Place> {
  const disk = await createFaultyDisk(t);
  const custody = await startCustody(t);
  await done(custody.owner('create', 'w', '--policy', custody.policyFile()));
  await done(custody.owner('lease', '--once'));
  return { custody, disk };
}

interface Fault {
  readonly stride: number;
  cut(place: Place, at: number): void;
  /** Ends the fault; whether it happened. */
  heal(place: Place): Promise<boolean>;
}

const FAULTS = {
  'KMS away before a call': kmsFault('before'),
  'KMS away after a call': kmsFault('after'),
  'the owner’s disk': {
    stride: STRIDE.disk,
    cut: ({ custody, disk }: Place, at: number) => disk.cut(dirname(custody.profilePath), at),
    heal: async ({ disk }: Place) => disk.heal(),
  },
  'the host’s disk, and host and enclave with it': {
    stride: STRIDE.disk,
    cut: ({ custody, disk }: Place, at: number) => disk.cut(custody.store(), at),
    async heal({ custody, disk }: Place) {
      const wasCut = disk.heal();
      if (wasCut) await custody.restart();
      return wasCut;
    },
  },
} as const satisfies Readonly<Record<string, Fault>>;

function kmsFault(when: 'before' | 'after'): Fault {
  return {
    stride: STRIDE.kms,
    cut: ({ custody }, at) => custody.cutKms(at, when),
    heal: async ({ custody }) => custody.healKms(),
  };
}

interface Flow {
  /** Before each round. */
  begin?(): Promise<unknown>;
  readonly argv: () => string[];
  /** What an owner does after it failed, if there is still anything to do. */
  readonly again: () => Promise<unknown>;
  readonly check: (name: string) => Promise<unknown>;
  /** The fault that cannot meet it. */
  readonly leaves?: keyof typeof FAULTS;
}

/** Cuts a flow with every fault at one step after the other, until one round goes through untouched. */
export async function cutEverywhere(t: Test, place: Place, flow: Flow): Promise<void> {
  for (const [kind, { stride, cut, heal }] of Object.entries(FAULTS)) {
    let rounds = 0;
    for (let at = 0; ; at += stride) {
      await flow.begin?.();
      cut(place, at);
      const first = await place.custody.owner(...flow.argv());
      const wasCut = await heal(place);
      if (first.code !== 0) await flow.again();
      await flow.check(`${kind}, step ${at}`);
      if (!wasCut) break;
      rounds += 1;
    }
    const isTouched = flow.leaves !== kind;
    t.equal(rounds > 0, isTouched, `${kind}: ${rounds} rounds`);
  }
}

/** The owner's files, the witness and the enclave agree, and the wallet can be leased. */
export async function isWell(t: Test, { custody }: Place, name: string, wallet = 'w'): Promise<void> {
  const profile = custody.profile();
  const pins = readPins(profile, wallet);
  t.equal(Buffer.from(pins.owner).toString('hex'), profile.keys.owner.publicKey, `${name}: the owner`);
  t.equal(pins.kmsKeyArn, profile.keys.seal.arn, `${name}: the sealing key`);
  const lease = await custody.owner('lease', '--once');
  t.match(lease, { code: 0, json: { outcomes: [{ result: /leased|holds/ }] } }, `${name}: leased`);
}
