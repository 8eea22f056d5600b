/**
 * Accounts of Squads v4, read from bytes. Only the program can write them, so their form is known; what is not exactly of it is
 * `squads-account`. That a node shows the account the chain holds is NOT checked and cannot be.
 */

import { ReeveError } from '../../enclave/link/errors.ts';
import type { Cursor } from '../../policy/bytes.ts';
import { openCursor } from '../../policy/bytes.ts';
import { pubkeyFromBase58, pubkeyToBase58 } from '../../policy/keys.ts';
import { SQUADS_PROGRAM } from '../../policy/programs/addresses.ts';
import { readField } from '../../policy/programs/layout.ts';
import type { ConfigAction, SquadsMember } from '../../policy/programs/squads-config.ts';
import { decodeConfigActions } from '../../policy/programs/squads-config.ts';
import type { InnerMessage } from '../../policy/programs/squads-message.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { ChainAccount } from '../chain/rpc.ts';

/** The first eight bytes of SHA-256("account:" + name). */
export const DISCRIMINATORS = {
  multisig: 'e07479ba44a14fec',
  proposal: '1a5ebdbb74883521',
  spendingLimit: '0ac91ba0dac3de98',
  vaultTransaction: 'a8faa264510ea2cf',
  configTransaction: '5e080423718b8b70',
  batch: '9cc2462c1658892c',
} as const;
export type AccountKind = keyof typeof DISCRIMINATORS;

/** Where accounts that belong to a multisig name it: right behind the discriminator. */
export const MULTISIG_OFFSET = 8;
/** Stands for "no key" where Squads has no option: an autonomous multisig's authority, the mint of SOL. */
export const NO_KEY = '0'.repeat(64) as Pubkey;

export interface MultisigAccount {
  readonly address: Pubkey;
  readonly configAuthority: Pubkey;
  readonly threshold: number;
  /** Seconds between a proposal's approval and its execution. */
  readonly timeLock: number;
  readonly transactionIndex: bigint;
  readonly staleIndex: bigint;
  readonly rentCollector: Pubkey | null;
  readonly members: readonly SquadsMember[];
}

export type Period = 'once' | 'day' | 'week' | 'month';
const PERIODS: readonly Period[] = ['once', 'day', 'week', 'month'];

export interface SpendingLimitAccount {
  readonly address: Pubkey;
  readonly multisig: Pubkey;
  readonly createKey: Pubkey;
  readonly vaultIndex: number;
  /** Null: SOL. */
  readonly mint: Pubkey | null;
  readonly amount: bigint;
  readonly period: Period;
  readonly remaining: bigint;
  readonly members: readonly Pubkey[];
  /** Empty: anybody. */
  readonly destinations: readonly Pubkey[];
}

export type ProposalState = 'draft' | 'active' | 'rejected' | 'approved' | 'executing' | 'executed' | 'cancelled';
const STATES: readonly ProposalState[] = [
  'draft',
  'active',
  'rejected',
  'approved',
  'executing',
  'executed',
  'cancelled',
];

export interface ProposalAccount {
  readonly address: Pubkey;
  readonly multisig: Pubkey;
  readonly index: bigint;
  readonly state: ProposalState;
  /** Unix seconds of the state, null for `executing`. */
  readonly since: bigint | null;
  readonly approved: readonly Pubkey[];
  readonly rejected: readonly Pubkey[];
  readonly cancelled: readonly Pubkey[];
}

export interface VaultTransactionAccount {
  readonly kind: 'vault';
  readonly multisig: Pubkey;
  readonly creator: Pubkey;
  readonly index: bigint;
  readonly vaultIndex: number;
  readonly ephemeralSigners: number;
  readonly message: InnerMessage;
}

export interface ConfigTransactionAccount {
  readonly kind: 'config';
  readonly multisig: Pubkey;
  readonly creator: Pubkey;
  readonly index: bigint;
  readonly actions: readonly ConfigAction[];
}

export function decodeMultisig(account: ChainAccount): MultisigAccount {
  return decode(account, 'multisig', (cursor, address) => {
    readField(cursor, 'key');
    const head = {
      address,
      configAuthority: readField(cursor, 'key'),
      threshold: readU16(cursor),
      timeLock: readField(cursor, 'u32'),
      transactionIndex: readField(cursor, 'u64'),
      staleIndex: readField(cursor, 'u64'),
      rentCollector: readField(cursor, 'key?'),
    };
    readField(cursor, 'u8');
    return { ...head, members: readMany(cursor, readMember) };
  });
}

export function decodeSpendingLimit(account: ChainAccount): SpendingLimitAccount {
  return decode(account, 'spendingLimit', (cursor, address) => {
    const [multisig, createKey] = [readField(cursor, 'key'), readField(cursor, 'key')];
    const vaultIndex = readField(cursor, 'u8');
    const mint = readField(cursor, 'key');
    const amount = readField(cursor, 'u64');
    const period = readWord(cursor, PERIODS);
    const remaining = readField(cursor, 'u64');
    readField(cursor, 'u64');
    readField(cursor, 'u8');
    const members = readMany(cursor, readKey);
    const destinations = readMany(cursor, readKey);
    const asset = mint === NO_KEY ? null : mint;
    return { address, multisig, createKey, vaultIndex, mint: asset, amount, period, remaining, members, destinations };
  });
}

export function decodeProposal(account: ChainAccount): ProposalAccount {
  return decode(account, 'proposal', (cursor, address) => {
    const multisig = readField(cursor, 'key');
    const index = readField(cursor, 'u64');
    const state = readWord(cursor, STATES);
    const since = state === 'executing' ? null : readField(cursor, 'u64');
    readField(cursor, 'u8');
    const [approved, rejected] = [readMany(cursor, readKey), readMany(cursor, readKey)];
    return { address, multisig, index, state, since, approved, rejected, cancelled: readMany(cursor, readKey) };
  });
}

/** A vault or config transaction by its discriminator. Batches have several messages in accounts of their own: `proposal-refused`. */
export function decodeTransactionAccount(account: ChainAccount): VaultTransactionAccount | ConfigTransactionAccount {
  const discriminator = Buffer.from(account.data.subarray(0, 8)).toString('hex');
  if (discriminator === DISCRIMINATORS.batch) throw new ReeveError('proposal-refused', { what: 'a batch' });
  if (discriminator === DISCRIMINATORS.configTransaction) return decode(account, 'configTransaction', readConfig);
  return decode(account, 'vaultTransaction', readVault);
}

function readVault(cursor: Cursor): VaultTransactionAccount {
  const [multisig, creator] = [readField(cursor, 'key'), readField(cursor, 'key')];
  const index = readField(cursor, 'u64');
  readField(cursor, 'u8');
  const vaultIndex = readField(cursor, 'u8');
  readField(cursor, 'u8');
  const ephemeralSigners = readField(cursor, 'bytes').length;
  return { kind: 'vault', multisig, creator, index, vaultIndex, ephemeralSigners, message: readMessage(cursor) };
}

function readMessage(cursor: Cursor): InnerMessage {
  return {
    requiredSignatures: readField(cursor, 'u8'),
    writableSigners: readField(cursor, 'u8'),
    writableOthers: readField(cursor, 'u8'),
    keys: readMany(cursor, readKey),
    instructions: readMany(cursor, () => ({
      program: readField(cursor, 'u8'),
      accounts: readField(cursor, 'bytes'),
      data: readField(cursor, 'bytes'),
    })),
    lookups: readMany(cursor, () => ({
      table: readField(cursor, 'key'),
      writable: readField(cursor, 'bytes'),
      readonly: readField(cursor, 'bytes'),
    })),
  };
}

function readConfig(cursor: Cursor): ConfigTransactionAccount {
  const [multisig, creator] = [readField(cursor, 'key'), readField(cursor, 'key')];
  const index = readField(cursor, 'u64');
  readField(cursor, 'u8');
  // In the instruction a memo follows the actions: none, here.
  const decoded = decodeConfigActions(Uint8Array.of(...readField(cursor, 'rest'), 0));
  if (!decoded.ok) cursor.fault ??= 'undecodable';
  return { kind: 'config', multisig, creator, index, actions: decoded.ok ? decoded.value.actions : [] };
}

/** These are as long as they may grow, and keep what stood there when they shrink: what follows their end means nothing. */
const GROWING: readonly AccountKind[] = ['multisig', 'proposal'];

function decode<Value>(
  account: ChainAccount,
  kind: AccountKind,
  read: (cursor: Cursor, address: Pubkey) => Value,
): Value {
  const wrong = (what: string) => new ReeveError('squads-account', { address: account.address, wanted: kind, what });
  if (account.owner !== pubkeyToBase58(SQUADS_PROGRAM)) throw wrong('another program owns it');
  if (Buffer.from(account.data.subarray(0, 8)).toString('hex') !== DISCRIMINATORS[kind]) throw wrong('another kind');
  const cursor = openCursor(account.data, 8);
  const value = read(cursor, pubkeyFromBase58(account.address) as Pubkey);
  if (cursor.fault !== null) throw wrong('cut short');
  if (!GROWING.includes(kind) && cursor.at !== account.data.length) throw wrong('bytes follow its end');
  return value;
}

function readMany<Item>(cursor: Cursor, read: (cursor: Cursor) => Item): Item[] {
  const count = readField(cursor, 'u32');
  const items: Item[] = [];
  while (items.length < count && cursor.fault === null) items.push(read(cursor));
  return items;
}

function readKey(cursor: Cursor): Pubkey {
  return readField(cursor, 'key');
}

function readMember(cursor: Cursor): SquadsMember {
  return { key: readField(cursor, 'key'), permissions: readField(cursor, 'u8') };
}

function readU16(cursor: Cursor): number {
  return readField(cursor, 'u8') | (readField(cursor, 'u8') << 8);
}

function readWord<Word>(cursor: Cursor, words: readonly Word[]): Word {
  const word = words[readField(cursor, 'u8')];
  if (word === undefined) cursor.fault ??= 'undecodable';
  return word ?? (words[0] as Word);
}
