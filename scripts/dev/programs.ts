/**
 * The audited Squads v4 program as tests and a development chain use it: bytes in a cache outside the project, never part of it (its licence
 * is not ours). What is not the audited build, by both hashes, is refused. NOT checked: whether the chain could still upgrade it.
 */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { ReeveError } from '../../enclave/link/errors.ts';
import { Fields } from '../../enclave/link/schema/blocks.ts';
import { pubkeyToBase58 } from '../../policy/keys.ts';
import { SQUADS_PROGRAM } from '../../policy/programs/addresses.ts';
import { readBytesFile, readJsonFile } from '../cli/files.ts';

export const SQUADS_ADDRESS = pubkeyToBase58(SQUADS_PROGRAM);
/** The program's one configuration account: the fee of a new multisig and who gets it. */
export const SQUADS_CONFIG_ADDRESS = 'BSTq9w3kZwNwpBXJEvTZz2G9ZTNyKBvoSeXMvwb4cNZr';

/** SHA-256 of the whole dump, and of the dump without the zeroes at its end: the second stands in the auditors' reports. */
const DUMP_SHA256 = 'dec8d3e0fae58c7c8f2416e5f67c25e673f047afd6dd2bba4a47e0b29a01d34c';
const TRIMMED_SHA256 = 'd48660833989ecea3145ff726164fe640bd90696f03ce00dfd0cda258cbf2fac';
/** Bytes of the configuration account, and the eight it begins with. */
const CONFIG_BYTES = 144;
const CONFIG_DISCRIMINATOR = 'c4d25ae790958c3f';
/** Where the account holds the treasury's address: after discriminator, authority and fee. */
const TREASURY_OFFSET = 48;

const PROGRAM_FILE = 'squads_v4.so';
const CONFIG_FILE = 'squads-program-config.json';

const ConfigFile = Fields({
  pubkey: Type.Literal(SQUADS_CONFIG_ADDRESS),
  dataB64: Type.String({ pattern: '^[A-Za-z0-9+/]+=*$' }),
  owner: Type.Literal(SQUADS_ADDRESS),
  lamports: Type.Integer({ minimum: 1 }),
  space: Type.Literal(CONFIG_BYTES),
});

export interface SquadsProgram {
  readonly address: string;
  readonly code: Uint8Array;
  readonly config: { readonly address: string; readonly lamports: bigint; readonly data: Uint8Array };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `REEVE_PROGRAMS`, else `reeve/programs` in the user's cache. */
export function programsFolder(env: Environment): string {
  const cache = env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache');
  return env['REEVE_PROGRAMS'] ?? join(cache, 'reeve', 'programs');
}

export function programFiles(folder: string): { readonly program: string; readonly config: string } {
  return { program: join(folder, PROGRAM_FILE), config: join(folder, CONFIG_FILE) };
}

/** The cached program, null when there is none. Other bytes in its place are `program-invalid`. */
export function loadSquads(folder: string): SquadsProgram | null {
  const files = programFiles(folder);
  if (!existsSync(files.program) || !existsSync(files.config)) return null;
  const code = readBytesFile(files.program);
  checkProgram(code);
  const { dataB64, lamports } = readJsonFile(files.config, ConfigFile, 'program-invalid');
  const data = new Uint8Array(Buffer.from(dataB64, 'base64'));
  checkConfig(data);
  return {
    address: SQUADS_ADDRESS,
    code,
    config: { address: SQUADS_CONFIG_ADDRESS, lamports: BigInt(lamports), data },
  };
}

/** Refuses anything but the audited build. */
export function checkProgram(code: Uint8Array): void {
  const observed = [sha256(code), sha256(trimZeroes(code))] as const;
  if (observed[0] === DUMP_SHA256 && observed[1] === TRIMMED_SHA256) return;
  throw new ReeveError('program-invalid', { what: 'program', expected: TRIMMED_SHA256, observed: observed[1] });
}

export function checkConfig(data: Uint8Array): void {
  const discriminator = Buffer.from(data.subarray(0, 8)).toString('hex');
  if (data.length === CONFIG_BYTES && discriminator === CONFIG_DISCRIMINATOR) return;
  throw new ReeveError('program-invalid', {
    what: 'configuration account',
    expected: CONFIG_BYTES,
    observed: data.length,
  });
}

/** The form the cache keeps the configuration account in. */
export function writeConfig(data: Uint8Array, lamports: bigint): string {
  const dataB64 = Buffer.from(data).toString('base64');
  const fields = { owner: SQUADS_ADDRESS, lamports: Number(lamports), space: data.length };
  return `${JSON.stringify({ pubkey: SQUADS_CONFIG_ADDRESS, dataB64, ...fields }, null, 2)}\n`;
}

/** Who receives the fee of a new multisig: creating one names this account. */
export function readTreasury(config: Uint8Array): Uint8Array {
  return config.subarray(TREASURY_OFFSET, TREASURY_OFFSET + 32);
}

function trimZeroes(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
