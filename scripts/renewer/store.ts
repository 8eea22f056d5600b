/** The witness folder: one file per wallet, the policies they name, one lock over all. A write is on the disk when it returns. */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ReeveError } from '../../enclave/link/errors.ts';
import { parsePolicy } from '../../policy/compile.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Hash } from '../../policy/types.ts';
import { makeFolder, readBytesFile, writeDurably } from '../cli/files.ts';
import { takeLock } from './lock.ts';
import type { WitnessRecord } from './witness-file.ts';
import { readWitnessFile, writeWitnessText } from './witness-file.ts';

const WITNESS_FILE = /^([a-z0-9](?:-?[a-z0-9]){0,38})\.witness\.json$/;

export interface WitnessStore {
  readonly folder: string;
  list(): string[];
  has(wallet: string): boolean;
  /** `witness-unknown`, or `witness-invalid` for a file that cannot be read. */
  read(wallet: string): WitnessRecord;
  write(record: WitnessRecord): void;
  readPolicy(hash: Hash): Policy;
  /** Keeps a policy by its hash, or throws `policy-invalid`. */
  writePolicy(bytes: Uint8Array): Policy;
  close(): void;
}

/** Opens and locks a witness folder, or throws `witness-locked`. */
export function openWitnessStore(folder: string): WitnessStore {
  const policies = join(folder, 'policies');
  makeFolder(policies);
  const lock = takeLock(folder);
  const fileOf = (wallet: string) => join(folder, `${wallet}.witness.json`);
  const has = (wallet: string) => WITNESS_FILE.test(`${wallet}.witness.json`) && existsSync(fileOf(wallet));
  const compiled = new Map<Hash, Policy>();
  return {
    folder,
    has,
    list: () =>
      readdirSync(folder)
        .flatMap((name) => WITNESS_FILE.exec(name)?.[1] ?? [])
        .sort(),
    read(wallet) {
      if (!has(wallet)) throw new ReeveError('witness-unknown', { wallet: wallet.slice(0, 60) });
      const record = readWitnessFile(fileOf(wallet));
      if (record.witness.wallet === wallet && record.pins.wallet === wallet) return record;
      throw new ReeveError('witness-invalid', { file: fileOf(wallet), detail: 'the file is of another wallet' });
    },
    write: (record) => writeDurably(fileOf(record.witness.wallet), writeWitnessText(record)),
    readPolicy(hash) {
      const known = compiled.get(hash) ?? compilePolicy(readBytesFile(join(policies, `${hash}.json`)));
      if (known.hash !== hash) throw new ReeveError('witness-invalid', { file: `${hash}.json`, observed: known.hash });
      compiled.set(hash, known);
      return known;
    },
    writePolicy(bytes) {
      const policy = compilePolicy(bytes);
      const hash = createHash('sha256').update(bytes).digest('hex');
      writeDurably(join(policies, `${hash}.json`), bytes);
      return policy;
    },
    close: () => lock.release(),
  };
}

function compilePolicy(bytes: Uint8Array): Policy {
  const parsed = parsePolicy(bytes);
  if (parsed.ok) return parsed.value;
  throw new ReeveError('policy-invalid', { detail: parsed.refusal[0]?.detail ?? 'not a policy' });
}
