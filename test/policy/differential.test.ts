/** This engine's decoder against kit's: whatever both read they read alike, and where this one refuses what kit reads, the reason is one of a list. */
import assert from 'node:assert/strict';
import {
  getCompiledTransactionMessageDecoder,
  getCompiledTransactionMessageEncoder,
  getTransactionDecoder,
} from '@solana/kit';
import fc from 'fast-check';
import t from 'tap';
import { equalBytes } from '../../policy/bytes.ts';
import { pubkeyToBase58 } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import type { Transaction } from '../../policy/transaction.ts';
import { decodeTransaction } from '../../policy/transaction.ts';
import type { Pubkey } from '../../policy/types.ts';
import { messages, mutations, toWire } from './message-arbitraries.ts';

const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
const kit = {
  transaction: getTransactionDecoder(),
  message: getCompiledTransactionMessageDecoder(),
  encoder: getCompiledTransactionMessageEncoder(),
};
type KitMessage = ReturnType<typeof kit.message.decode>;

/** What kit reads and this engine refuses, all of it refused by the chain as well; and why kit reads it. */
const STRICTER: Readonly<Record<string, string>> = {
  'header-invalid': 'kit does not hold the header’s counts against the keys',
  'duplicate-key': 'kit does not look for keys that stand twice',
  'index-invalid': 'kit reads indexes without following them',
  'message-too-large': 'kit has no limit for what it reads',
  'too-many-instructions': 'kit has no limit for what it reads',
  'lookup-invalid': 'kit reads lookups of nothing, and of more than can be pointed at',
  'config-invalid': 'kit reads any mask and any heap',
  'trailing-bytes': 'kit stops where the message ends',
  'not-canonical': 'kit reads every form of a compact-u16',
  'signature-count': 'kit does not hold the count of signatures against the header',
  undecodable: 'kit takes what is left for the data of the last field when a count claims more',
};

/** Kit's reading, or null when it refuses. */
function readWithKit(wire: Uint8Array): { message: KitMessage; messageBytes: Uint8Array } | null {
  try {
    const { messageBytes } = kit.transaction.decode(wire);
    return { message: kit.message.decode(messageBytes), messageBytes: Uint8Array.from(messageBytes) };
  } catch {
    return null;
  }
}

/** The same message in kit's words. */
function inKitsWords({ version, keys, lifetime, instructions, lookups, config = {}, ...header }: Message) {
  const common = {
    header: {
      numSignerAccounts: header.requiredSignatures,
      numReadonlySignerAccounts: header.readonlySigned,
      numReadonlyNonSignerAccounts: header.readonlyUnsigned,
    },
    staticAccounts: keys.map(pubkeyToBase58),
    lifetimeToken: pubkeyToBase58(lifetime as string as Pubkey),
    instructions: instructions.map(({ program, accounts, data }) => ({ program, accounts: [...accounts], data })),
  };
  if (version === 1) {
    const { priorityFee, computeUnitLimit, loadedAccountsDataSizeLimit, heapSize } = config;
    const values = [priorityFee, computeUnitLimit, loadedAccountsDataSizeLimit, heapSize];
    return { version, ...common, config: values.filter((value) => value !== undefined) };
  }
  const tables = (lookups ?? []).map(({ table, writable, readonly }) => ({
    table: pubkeyToBase58(table),
    writable: [...writable],
    readonly: [...readonly],
  }));
  return { version, ...common, tables };
}

function inOurShape(theirs: KitMessage) {
  const { version, header, staticAccounts, lifetimeToken } = theirs;
  const common = { header, staticAccounts, lifetimeToken };
  if (theirs.version === 1) {
    const instructions = theirs.instructionPayloads.map(({ instructionAccountIndices, instructionData }, index) => ({
      program: theirs.instructionHeaders[index]?.programAccountIndex,
      accounts: [...instructionAccountIndices],
      data: Uint8Array.from(instructionData),
    }));
    return { version, ...common, instructions, config: theirs.configValues.map(({ value }) => value) };
  }
  const instructions = theirs.instructions.map(({ programAddressIndex, accountIndices, data }) => ({
    program: programAddressIndex,
    accounts: [...(accountIndices ?? [])],
    data: Uint8Array.from(data ?? []),
  }));
  const lookups = theirs.version === 0 ? (theirs.addressTableLookups ?? []) : [];
  const tables = lookups.map(({ lookupTableAddress, writableIndexes, readonlyIndexes }) => ({
    table: lookupTableAddress,
    writable: [...writableIndexes],
    readonly: [...readonlyIndexes],
  }));
  return { version, ...common, instructions, tables };
}

/** What this engine reads kit reads alike, and writes as it was. */
function compare({ message, messageBytes }: Transaction, wire: Uint8Array): void {
  const theirs = readWithKit(wire);
  assert(theirs !== null, 'kit refuses what this engine reads');
  assert.deepEqual(theirs.messageBytes, new Uint8Array(messageBytes));
  assert.deepEqual(inOurShape(theirs.message), inKitsWords(message));
  assert(equalBytes(Uint8Array.from(kit.encoder.encode(theirs.message)), messageBytes), 'kit writes it otherwise');
}

t.test('both read every transaction alike', async (t) => {
  const seen = new Map<string, number>();
  const property = fc.property(messages, (message) => {
    const wire = toWire(message);
    const ours = decodeTransaction(wire);
    if (!ours.ok) throw new Error(ours.refusal.detail);
    assert.deepEqual(ours.value.message, message);
    compare(ours.value, wire);
    const kind = `${message.version}${message.lookups === undefined ? '' : ' with lookups'}`;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  });
  const runs = Math.ceil(100_000 * scale);
  t.doesNotThrow(() => fc.assert(property, { seed: 1232, numRuns: runs }));
  for (const kind of ['legacy', '0', '0 with lookups', '1'])
    t.ok((seen.get(kind) ?? 0) > runs / 20, `${seen.get(kind)} of ${kind}`);
});

t.test('of changed transactions, what only one reads is in the list', async (t) => {
  const counts = { both: 0, neither: 0, stricter: 0 };
  const stricter = new Set<string>();
  const property = fc.property(messages, mutations, (message, change) => {
    const wire = change(toWire(message));
    const ours = decodeTransaction(wire);
    if (ours.ok) {
      counts.both += 1;
      return compare(ours.value, wire);
    }
    if (readWithKit(wire) === null) {
      counts.neither += 1;
      return;
    }
    counts.stricter += 1;
    stricter.add(ours.refusal.code);
  });
  t.doesNotThrow(() => fc.assert(property, { seed: 1233, numRuns: Math.ceil(100_000 * scale) }));
  t.comment(JSON.stringify({ ...counts, codes: [...stricter] }));
  t.strictSame(
    [...stricter].filter((code) => STRICTER[code] === undefined),
    [],
  );
  for (const [what, count] of Object.entries(counts)) t.ok(count > 0, `${count} ${what}`);
});
