/** Every instruction of Squads v4 is known by the hash of its name; inner messages are read to their last byte, or not at all. */

import { createHash } from 'node:crypto';
import t from 'tap';
import { pubkeyToBytes } from '../../policy/keys.ts';
import { SQUADS_PROGRAM } from '../../policy/programs/addresses.ts';
import { decodeSquads } from '../../policy/programs/squads.ts';
import { deriveMultisig, deriveVault } from '../../policy/programs/squads-addresses.ts';
import type { InnerMessage } from '../../policy/programs/squads-message.ts';
import {
  decodeInnerMessage,
  encodeInnerMessage,
  measureVaultTransaction,
} from '../../policy/programs/squads-message.ts';
import { bytesOf, testKey } from './messages.ts';

/** Anchor's rule: the first eight bytes of SHA-256 over `global:` and the name with underscores. */
function discriminatorOf(name: string): Uint8Array {
  const snake = name.replace(/[A-Z0-9]+/g, (part) => (/[A-Z]/.test(part) ? `_${part.toLowerCase()}` : part));
  return new Uint8Array(createHash('sha256').update(`global:${snake}`).digest().subarray(0, 8));
}

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  membership: [
    'programConfigInit',
    'programConfigSetAuthority',
    'programConfigSetMultisigCreationFee',
    'programConfigSetTreasury',
    'multisigAddMember',
    'multisigRemoveMember',
    'multisigSetTimeLock',
    'multisigChangeThreshold',
    'multisigSetConfigAuthority',
    'multisigSetRentCollector',
    'multisigAddSpendingLimit',
    'multisigRemoveSpendingLimit',
  ],
  creation: ['multisigCreate', 'multisigCreateV2'],
  execution: ['configTransactionExecute', 'vaultTransactionExecute', 'batchExecuteTransaction'],
  buffer: [
    'transactionBufferCreate',
    'transactionBufferClose',
    'transactionBufferExtend',
    'vaultTransactionCreateFromBuffer',
  ],
  'foreign-content': [
    'batchCreate',
    'batchAddTransaction',
    'proposalActivate',
    'proposalReject',
    'proposalCancel',
    'proposalCancelV2',
  ],
  maintenance: [
    'configTransactionAccountsClose',
    'vaultTransactionAccountsClose',
    'vaultBatchTransactionAccountClose',
    'batchAccountsClose',
  ],
};

const decode = (data: Uint8Array) => decodeSquads({ program: SQUADS_PROGRAM, accounts: [], data } as never);
const textOf = (decoded: object) => JSON.stringify(decoded);

t.test('what is always refused, by name and class', async (t) => {
  let count = 0;
  for (const [why, names] of Object.entries(REFUSED)) {
    for (const name of names) {
      count += 1;
      const text = textOf(decode(bytesOf(discriminatorOf(name), 1n)));
      t.match(text, /"always-refused"/, name);
      t.match(text, new RegExp(`\\b${name}\\b`), `${name} is named`);
      t.match(text, new RegExp(`\\b${why}\\b`), `${name} is ${why}`);
    }
  }
  t.equal(count, 31);
  t.match(textOf(decode(bytesOf(discriminatorOf('configTransactionCreate')))), /instruction-malformed/);
  for (const name of ['vaultTransactionCreate', 'proposalCreate', 'proposalApprove', 'spendingLimitUse'])
    t.match(textOf(decode(discriminatorOf(name))), /instruction-malformed/, `${name} is decoded`);
  t.match(textOf(decode(discriminatorOf('nothingOfTheKind'))), /instruction-unknown/);
});

const keys = [1, 2, 3].map(testKey);
const lookups = [
  { table: testKey(9), writable: Uint8Array.of(4, 5), readonly: Uint8Array.of(6) },
  { table: testKey(10), writable: Uint8Array.of(), readonly: Uint8Array.of(1, 2, 3) },
];
const base: InnerMessage = {
  requiredSignatures: 1,
  writableSigners: 1,
  writableOthers: 1,
  keys,
  instructions: [{ program: 2, accounts: Uint8Array.of(0, 1, 8), data: Uint8Array.of(7, 7) }],
  lookups,
};
const change = (fields: Partial<InnerMessage>) => encodeInnerMessage({ ...base, ...fields });
const call = (program: number, ...accounts: number[]) => [
  { program, accounts: Uint8Array.from(accounts), data: new Uint8Array(300) },
];

/** The layout of facts of the program: single-byte counts, two-byte data lengths. */
const written = bytesOf(
  Uint8Array.of(1, 1, 1, 3),
  ...keys.map((key) => pubkeyToBytes(key)),
  Uint8Array.of(1, 2, 3, 0, 1, 8, 2, 0, 7, 7, 2),
  pubkeyToBytes(testKey(9)),
  Uint8Array.of(2, 4, 5, 1, 6),
  pubkeyToBytes(testKey(10)),
  Uint8Array.of(0, 3, 1, 2, 3),
);

t.test('an inner message with lookups is written and read as Squads lays it out', async (t) => {
  t.same(encodeInnerMessage(base), written);
  t.same(decodeInnerMessage(written), { ok: true, value: base });
  for (let length = 0; length < written.length; length += 1)
    t.equal(decodeInnerMessage(written.subarray(0, length)).ok, false, `cut to ${length} bytes`);
});

const rows: readonly (readonly [what: string, bytes: Uint8Array, refusal: RegExp | null])[] = [
  ['a byte behind the end', bytesOf(written, Uint8Array.of(0)), /^1 bytes follow its end$/],
  ['two bytes cut off', written.subarray(0, -2), /^it cannot be read to its end$/],
  ['all signers writable', change({ requiredSignatures: 2, writableSigners: 2 }), null],
  ['more writable than signers', change({ writableSigners: 2 }), /^more signers are writable than there are$/],
  ['all keys counted', change({ requiredSignatures: 2, writableOthers: 1 }), null],
  ['one counted that is not listed', change({ writableOthers: 3 }), /^more keys are counted than listed$/],
  ['a key twice', change({ keys: [testKey(1), testKey(2), testKey(1)] }), /^a key is listed twice$/],
  ['the payer as program', change({ instructions: call(0) }), /^program 0 of 3 keys$/],
  ['a program from a table', change({ instructions: call(3) }), /^program 3 of 3 keys$/],
  ['the last loaded key', change({ instructions: call(1, 8) }), null],
  ['one beyond it', change({ instructions: call(1, 9) }), /^account 9 of 9 keys$/],
  ['one beyond the keys, nothing loaded', change({ instructions: call(1, 3), lookups: [] }), /^account 3 of 3 keys$/],
];

t.test('inner messages that hold together, and those that do not', async (t) => {
  for (const [what, bytes, refusal] of rows) {
    const read = decodeInnerMessage(bytes);
    if (refusal === null) t.same(read.ok && encodeInnerMessage(read.value), bytes, what);
    else t.match(read, { ok: false, refusal }, what);
  }
});

t.test('the account of a vault transaction is as large as its parts', async (t) => {
  // Discriminator, multisig, creator, index, three bumps, an empty list of bumps; then the message with four-byte counts.
  const fixed = 8 + 32 + 32 + 8 + 3 + 4 + 3 + 3 * 4;
  const parts = 3 * 32 + (1 + 4 + 3 + 4 + 2) + (32 + 4 + 2 + 4 + 1) + (32 + 4 + 0 + 4 + 3);
  t.equal(measureVaultTransaction(base), fixed + parts);
});

t.test('a multisig’s address comes from its create key', async (t) => {
  const multisig = deriveMultisig(testKey(1));
  t.not(multisig, deriveMultisig(testKey(2)));
  t.not(multisig, deriveVault(testKey(1), 0));
});
