/** What the owner keeps of a wallet's multisig, beside the wallet's copy. All of it is on chain as well: losing the file loses names, not funds. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { ReeveError } from '../../enclave/link/errors.ts';
import { Address, Fields } from '../../enclave/link/schema/blocks.ts';
import { makeFolder, readJsonFile, writeDurably } from '../cli/files.ts';
import type { Profile } from '../owner/profile.ts';

const Record = Fields({
  format: Type.Literal('reeve/squads/v1'),
  shape: Type.Union([Type.Literal('spending'), Type.Literal('treasury')]),
  multisig: Address(),
  /** Through which the guardians recover a spending wallet: guardians, then a multisig with a time lock in which the owner may cancel. */
  recovery: Type.Optional(Fields({ guardians: Address(), multisig: Address() })),
});
export type SquadsRecord = Static<typeof Record>;

const place = ({ folder }: Profile, wallet: string) => join(folder, 'wallets', wallet, 'squads.json');

export function keepRecord(profile: Profile, wallet: string, record: SquadsRecord): void {
  makeFolder(join(profile.folder, 'wallets', wallet));
  writeDurably(place(profile, wallet), `${JSON.stringify(record, null, 2)}\n`);
}

/** Null where no multisig was made for the wallet with this profile. */
export function findRecord(profile: Profile, wallet: string): SquadsRecord | null {
  const path = place(profile, wallet);
  return existsSync(path) ? readJsonFile(path, Record, 'file-invalid') : null;
}

export function readRecord(profile: Profile, wallet: string): SquadsRecord {
  const record = findRecord(profile, wallet);
  if (record === null)
    throw new ReeveError('squads-account', {
      wallet,
      what: 'no multisig is known for this wallet: reeve squads create',
    });
  return record;
}
