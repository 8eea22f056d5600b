/**
 * What happens to a transaction, in a validator's order: signatures present, lifetime, not processed before, a trial run unless the client
 * skips it, the run itself, the record on disk. One synchronous step, so transactions have one order and no two can share a signature.
 */
import { getAddressDecoder } from '@solana/kit';
import type { Bank, Outcome } from './bank.ts';
import { rpcFault } from './faults.ts';
import { computeFee } from './fee.ts';
import type { AccountsView } from './meta.ts';
import { createMeta, readMemo, viewAccounts } from './meta.ts';
import type { Slots } from './slots.ts';
import type { ChainStore, StoredAccount } from './store.ts';
import type { TransactionError } from './transaction-errors.ts';
import { describeTransactionError } from './transaction-errors.ts';
import type { WireMessage, WireTransaction } from './wire.ts';
import { isWritable } from './wire.ts';

/** What the chain is made of; every method works on one of these. `now` is milliseconds since the Unix epoch. */
export interface Ledger {
  readonly bank: Bank;
  readonly slots: Slots;
  readonly store: ChainStore;
  readonly now: () => number;
}

const SYSTEM_PROGRAM = '11111111111111111111111111111111';
/** The first four bytes of `AdvanceNonceAccount`, and where a nonce account (version 1, state 1) holds its value. */
const ADVANCE_NONCE = '04000000';
const NONCE_STATE = '0100000001000000';
const NONCE_VALUE_OFFSET = 40;
/** A lookup table's addresses start here in its account. */
const TABLE_HEADER_BYTES = 56;
const ADDRESS_BYTES = 32;

/**
 * Runs a transaction and records it; returns its signature. A failure that shows in the trial run is a `preflightFailure` fault with logs
 * and costs nothing. With `skipPreflight` a failing transaction lands and pays its fee, and one that cannot land is dropped silently:
 * the signature comes back all the same, as from a real node.
 */
export function submitTransaction(ledger: Ledger, wire: WireTransaction, skipPreflight: boolean): string {
  if (!wire.complete) throw rpcFault('signatureFailure', 'Transaction signature verification failure');
  const blocked = findLifetimeError(ledger, wire.message) ?? findRepeat(ledger, wire);
  if (blocked !== null && skipPreflight) return wire.signature;
  if (blocked !== null) throw preflightFault(failedOutcome(blocked));
  updateClock(ledger);
  if (!skipPreflight) {
    const trial = ledger.bank.simulate(wire, true);
    if (trial.err !== null) throw preflightFault(trial);
  }
  runTransaction(ledger, wire);
  return wire.signature;
}

/** A trial run that changes nothing. `checkLifetime` false stands for the client's `replaceRecentBlockhash`. */
export function simulateTransaction(
  ledger: Ledger,
  wire: WireTransaction,
  options: { verify: boolean; checkLifetime: boolean },
): Outcome & { readonly changed: readonly StoredAccount[] } {
  if (options.verify && !wire.complete)
    throw rpcFault('signatureFailure', 'Transaction signature verification failure');
  const blocked = options.checkLifetime ? (findLifetimeError(ledger, wire.message) ?? findRepeat(ledger, wire)) : null;
  if (blocked !== null) return { ...failedOutcome(blocked), changed: [] };
  updateClock(ledger);
  const trial = ledger.bank.simulate(wire, options.verify);
  if (trial.err === 'SignatureFailure') throw preflightFault(trial);
  return trial;
}

/** Null when the message's lifetime is a blockhash still good, or the value of the nonce account it advances first. */
export function findLifetimeError(ledger: Ledger, message: WireMessage): TransactionError | null {
  if (ledger.slots.findLifetime(message.lifetime) !== null) return null;
  return isNonceLifetime(ledger.bank, message) ? null : 'BlockhashNotFound';
}

/** The addresses that a v0 message loads from lookup tables; none for a table that is absent or too short. */
export function loadAddresses(bank: Bank, message: WireMessage): { writable: string[]; readonly: string[] } {
  const pick = (table: string, indexes: readonly number[]) => {
    const data = bank.readAccount(table)?.data ?? new Uint8Array();
    return indexes
      .map((index) => TABLE_HEADER_BYTES + index * ADDRESS_BYTES)
      .filter((offset) => offset + ADDRESS_BYTES <= data.length)
      .map((offset) => getAddressDecoder().decode(data, offset) as string);
  };
  return {
    writable: message.lookups.flatMap((lookup) => pick(lookup.table, lookup.writable)),
    readonly: message.lookups.flatMap((lookup) => pick(lookup.table, lookup.readonly)),
  };
}

/** Runs and records. When the record cannot be written (a full disk), the accounts are put back: memory never runs ahead of the disk. */
function runTransaction(ledger: Ledger, wire: WireTransaction): void {
  const { bank, store, slots } = ledger;
  const loaded = loadAddresses(bank, wire.message);
  const all = [...wire.message.accounts, ...loaded.writable, ...loaded.readonly];
  const writable = [...wire.message.accounts.filter((_, index) => isWritable(wire.message, index)), ...loaded.writable];
  const readWritable = () => writable.map((address) => readOrEmpty(bank, address));
  const undo = readWritable();
  const before = viewAccounts(bank, all);
  const outcome = bank.execute(wire);
  slots.rotate();
  const after = viewAccounts(bank, all);
  if (outcome.err !== null && !hasPaid(before, after)) return;
  const entry = {
    signature: wire.signature,
    slot: slots.current(),
    time: Math.floor(ledger.now() / 1000),
    err: outcome.err === null ? null : JSON.stringify(outcome.err),
    memo: readMemo(wire.message),
    wire: wire.bytes,
    meta: createMeta({ outcome, fee: computeFee(wire.message), before, after, loaded }),
  };
  try {
    store.recordTransaction(entry, readWritable(), all);
  } catch (error) {
    for (const account of undo) bank.writeAccount(account);
    throw error;
  }
}

/** A failed transaction landed if its fee payer paid: what fails before the fee never lands. */
function hasPaid(before: AccountsView, after: AccountsView): boolean {
  return before.balances[0] !== after.balances[0];
}

function readOrEmpty(bank: Bank, address: string): StoredAccount {
  const absent = { address, lamports: 0n, owner: SYSTEM_PROGRAM, executable: false, data: new Uint8Array() };
  return bank.readAccount(address) ?? absent;
}

function findRepeat(ledger: Ledger, wire: WireTransaction): TransactionError | null {
  return ledger.store.readTransaction(wire.signature) === null ? null : 'AlreadyProcessed';
}

function isNonceLifetime(bank: Bank, message: WireMessage): boolean {
  const first = message.instructions[0];
  if (first === undefined || message.accounts[first.program] !== SYSTEM_PROGRAM) return false;
  const address = message.accounts[first.accounts[0] ?? -1];
  if (Buffer.from(first.data).toString('hex') !== ADVANCE_NONCE || address === undefined) return false;
  const data = bank.readAccount(address)?.data;
  if (data === undefined || Buffer.from(data.slice(0, 8)).toString('hex') !== NONCE_STATE) return false;
  return (
    data.length >= NONCE_VALUE_OFFSET + 32 && getAddressDecoder().decode(data, NONCE_VALUE_OFFSET) === message.lifetime
  );
}

function updateClock(ledger: Ledger): void {
  ledger.bank.setClock(ledger.slots.current(), ledger.now());
}

function failedOutcome(err: TransactionError): Outcome {
  return { err, logs: [], units: 0n, returnData: null, inner: [] };
}

function preflightFault(outcome: Outcome): Error {
  const err = outcome.err ?? 'SanitizeFailure';
  if (err === 'SignatureFailure') return rpcFault('signatureFailure', 'Transaction signature verification failure');
  return rpcFault('preflightFailure', `Transaction simulation failed: ${describeTransactionError(err)}`, {
    accounts: null,
    err,
    innerInstructions: null,
    logs: outcome.logs,
    replacementBlockhash: null,
    returnData: null,
    unitsConsumed: outcome.units,
  });
}
