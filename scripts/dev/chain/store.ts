/**
 * The chain's memory on disk: one SQLite file in the state folder, written in one database transaction per Solana transaction, so that a
 * killed process loses nothing it has answered for. The file is locked for as long as the chain runs: one chain per folder.
 * Survives the process being killed; a power cut may lose the last moments, never the file's integrity.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Genesis, Lifetime } from './slots.ts';

export interface StoredAccount {
  readonly address: string;
  readonly lamports: bigint;
  readonly owner: string;
  readonly executable: boolean;
  readonly data: Uint8Array;
}

/** A transaction that landed, failed ones included. `meta` is the JSON a client gets. */
export interface StoredTransaction {
  readonly signature: string;
  readonly slot: bigint;
  /** Unix seconds. */
  readonly time: number;
  readonly err: string | null;
  readonly memo: string | null;
  readonly wire: Uint8Array;
  readonly meta: string;
}

export interface HistoryQuery {
  readonly address: string;
  readonly before: string | null;
  readonly until: string | null;
  readonly limit: number;
}

export type ChainStore = ReturnType<typeof openChainStore>;

const SCHEMA = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value ANY) STRICT;
  CREATE TABLE IF NOT EXISTS blockhashes (hash TEXT PRIMARY KEY, last INTEGER) STRICT;
  CREATE TABLE IF NOT EXISTS accounts (address TEXT PRIMARY KEY, lamports TEXT, owner TEXT, executable INTEGER, data BLOB) STRICT;
  CREATE TABLE IF NOT EXISTS transactions (
    position INTEGER PRIMARY KEY, signature TEXT UNIQUE, slot INTEGER, time INTEGER, err TEXT, memo TEXT, wire BLOB, meta TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS history (address TEXT, position INTEGER, PRIMARY KEY (address, position)) STRICT, WITHOUT ROWID;
`;
const COLUMNS = 'signature, slot, time, err, memo, wire, meta';

/** Opens or makes the state folder. Throws an Error that names the folder when another chain holds it or the file is not ours. */
export function openChainStore(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = openDatabase(folder);
  const setFact = database.prepare('INSERT OR REPLACE INTO facts VALUES (?, ?)');
  const addBlockhash = database.prepare('INSERT OR REPLACE INTO blockhashes VALUES (?, ?)');
  const dropBlockhashes = database.prepare('DELETE FROM blockhashes WHERE last < ?');
  return {
    ...readers(database),
    ...writers(database),
    setFact: (name: string, value: Uint8Array | bigint) => void setFact.run(name, value),
    addBlockhash(lifetime: Lifetime, slot: bigint) {
      dropBlockhashes.run(slot);
      addBlockhash.run(lifetime.blockhash, lifetime.lastValidBlockHeight);
    },
    close: () => database.close(),
  };
}

/** The genesis kept in the store, or null for a new folder. */
export function readGenesis(store: Pick<ChainStore, 'readFact'>): Genesis | null {
  const seed = store.readFact('genesis.seed');
  const time = store.readFact('genesis.time');
  const slot = store.readFact('genesis.slot');
  if (!(seed instanceof Uint8Array) || typeof time !== 'bigint' || typeof slot !== 'bigint') return null;
  return { seed, time: Number(time), slot };
}

export function writeGenesis(store: Pick<ChainStore, 'setFact'>, genesis: Genesis): void {
  store.setFact('genesis.seed', genesis.seed);
  store.setFact('genesis.time', BigInt(genesis.time));
  store.setFact('genesis.slot', genesis.slot);
}

function openDatabase(folder: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, 'chain.sqlite'), { readBigInts: true });
  try {
    database.exec(SCHEMA);
    return database;
  } catch (error) {
    database.close();
    throw new Error(`The chain's state in ${folder} cannot be opened (another chain running on it, or not its file)`, {
      cause: error,
    });
  }
}

function readers(database: DatabaseSync) {
  const fact = database.prepare('SELECT value FROM facts WHERE name = ?');
  const accounts = database.prepare('SELECT * FROM accounts');
  const blockhashes = database.prepare('SELECT hash, last FROM blockhashes');
  const transaction = database.prepare(`SELECT ${COLUMNS} FROM transactions WHERE signature = ?`);
  const count = database.prepare('SELECT count(*) AS n FROM transactions');
  const history = database.prepare(`
    SELECT ${COLUMNS} FROM history JOIN transactions USING (position) WHERE address = :address
      AND position < coalesce((SELECT position FROM transactions WHERE signature = :before), 9e18)
      AND position > coalesce((SELECT position FROM transactions WHERE signature = :until), 0)
    ORDER BY position DESC LIMIT :limit`);
  return {
    readFact: (name: string): unknown => fact.get(name)?.['value'],
    readAccounts: () => accounts.all().map(toAccount),
    readBlockhashes: (): Lifetime[] =>
      blockhashes.all().map((row) => ({ blockhash: String(row['hash']), lastValidBlockHeight: row['last'] as bigint })),
    readTransaction(signature: string): StoredTransaction | null {
      const row = transaction.get(signature);
      return row === undefined ? null : toTransaction(row);
    },
    countTransactions: () => count.get()?.['n'] as bigint,
    readHistory: (query: HistoryQuery) => history.all({ ...query }).map(toTransaction),
  };
}

function writers(database: DatabaseSync) {
  const putAccount = database.prepare('INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?)');
  const addTransaction = database.prepare(
    `INSERT INTO transactions (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING position`,
  );
  const addHistory = database.prepare('INSERT INTO history VALUES (?, ?)');
  const putAccounts = (accounts: readonly StoredAccount[]) => {
    for (const { address, lamports, owner, executable, data } of accounts) {
      putAccount.run(address, lamports.toString(), owner, executable ? 1n : 0n, data);
    }
  };
  return {
    putAccounts,
    /** Records a landed transaction, the accounts it changed and the addresses it shall be found under: all or nothing. */
    recordTransaction(entry: StoredTransaction, changed: readonly StoredAccount[], addresses: readonly string[]) {
      atomically(database, () => {
        putAccounts(changed);
        const { signature, slot, time, err, memo, wire, meta } = entry;
        const row = addTransaction.get(signature, slot, time, err, memo, wire, meta);
        for (const address of addresses) addHistory.run(address, row?.['position'] as bigint);
      });
    },
  };
}

function atomically(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

type Row = Record<string, unknown>;

function toAccount(row: Row): StoredAccount {
  return {
    address: String(row['address']),
    lamports: BigInt(String(row['lamports'])),
    owner: String(row['owner']),
    executable: row['executable'] === 1n,
    data: row['data'] as Uint8Array,
  };
}

function toTransaction(row: Row): StoredTransaction {
  return {
    signature: String(row['signature']),
    slot: row['slot'] as bigint,
    time: Number(row['time']),
    err: row['err'] as string | null,
    memo: row['memo'] as string | null,
    wire: row['wire'] as Uint8Array,
    meta: String(row['meta']),
  };
}
