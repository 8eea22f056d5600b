/** Version 1 messages and lookup tables. */
import t from 'tap';
import { resolveKeys } from '../../policy/lookups.ts';
import type { Message } from '../../policy/message.ts';
import { decodeMessage, encodeMessage } from '../../policy/message.ts';
import { SYSTEM_PROGRAM } from '../../policy/programs/addresses.ts';
import type { Pubkey } from '../../policy/types.ts';
import { buildMessage, bytesOf, testKey } from './messages.ts';

const call = { program: SYSTEM_PROGRAM, accounts: [testKey(1), testKey(2)], data: bytesOf(2, 0, 0, 0, 1_000n) };
const base: Message = { ...buildMessage([testKey(1)], [call]), version: 1, config: {} };
const wire = encodeMessage(base);
/** Where things stand in `wire`: mask 4, instruction count 40, key count 41, keys 42, instruction header 138, accounts 142, data 144. */
const AT = { mask: 4, instructions: 40, keys: 41, header: 138 };

const with_ = (change: Partial<Message>) => encodeMessage({ ...base, ...change });
const patch = (at: number, remove: number, ...insert: number[]) =>
  bytesOf(wire.subarray(0, at), Uint8Array.from(insert), wire.subarray(at + remove));

function codeOf(bytes: Uint8Array): string {
  const result = decodeMessage(bytes);
  return result.ok ? 'ok' : result.refusal.code;
}

t.test('version 1, one rule a row', async (t) => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => testKey(i + 1));
  const empty = { program: 2, accounts: new Uint8Array(0), data: new Uint8Array(0) };
  const sized = (size: number) =>
    with_({ instructions: [{ ...empty, data: new Uint8Array(size - wire.length + 14) }] });
  const rows: [what: string, bytes: Uint8Array, code: string][] = [
    ['plain', wire, 'ok'],
    [
      'all values',
      with_({ config: { priorityFee: 1n, computeUnitLimit: 2, loadedAccountsDataSizeLimit: 3, heapSize: 32_768 } }),
      'ok',
    ],
    ['half the bits of the fee', patch(AT.mask, 1, 1), 'config-invalid'],
    ['the other half', patch(AT.mask, 1, 2), 'config-invalid'],
    ['bit 5', patch(AT.mask, 1, 32), 'config-invalid'],
    ['bit 31', patch(AT.mask + 3, 1, 128), 'config-invalid'],
    ['values announced and absent', patch(AT.mask, 1, 3), 'undecodable'],
    ['an unknown value, and cut short', patch(AT.mask, 1, 32).subarray(0, AT.keys + 3), 'undecodable'],
    [
      'values that are said to be absent',
      with_({ config: { priorityFee: undefined, heapSize: undefined } as never }),
      'ok',
    ],
    ['heap of 31 KiB', with_({ config: { heapSize: 31 * 1024 } }), 'config-invalid'],
    ['heap of 256 KiB', with_({ config: { heapSize: 256 * 1024 } }), 'ok'],
    ['heap of 257 KiB', with_({ config: { heapSize: 257 * 1024 } }), 'config-invalid'],
    ['heap and a byte', with_({ config: { heapSize: 32 * 1024 + 1 } }), 'config-invalid'],
    ['a byte behind', bytesOf(wire, 0), 'trailing-bytes'],
    ['payer read only', with_({ readonlySigned: 1 }), 'header-invalid'],
    ['a key twice', with_({ keys: [testKey(1), testKey(1), SYSTEM_PROGRAM] }), 'duplicate-key'],
    ['64 keys', with_({ keys: [...many(63), SYSTEM_PROGRAM] }), 'ok'],
    ['65 keys', with_({ keys: [...many(64), SYSTEM_PROGRAM] }), 'header-invalid'],
    ['12 signers', with_({ keys: [...many(13), SYSTEM_PROGRAM], requiredSignatures: 12 }), 'ok'],
    ['13 signers', with_({ keys: [...many(13), SYSTEM_PROGRAM], requiredSignatures: 13 }), 'header-invalid'],
    ['64 instructions', with_({ instructions: Array(64).fill(empty) }), 'ok'],
    ['65 instructions', with_({ instructions: Array(65).fill(empty) }), 'too-many-instructions'],
    ['program 0', patch(AT.header, 1, 0), 'index-invalid'],
    ['program beyond the keys', patch(AT.header, 1, 3), 'index-invalid'],
    ['account beyond the keys', patch(AT.header + 4, 1, 3), 'index-invalid'],
    ['4,032 bytes with one signer', sized(4032), 'ok'],
    ['4,033 bytes with one signer', sized(4033), 'message-too-large'],
    ['4,097 bytes', bytesOf(wire, new Uint8Array(4097 - wire.length)), 'message-too-large'],
  ];
  for (const [what, bytes, code] of rows) t.equal(codeOf(bytes), code, what);
  for (let length = 1; length < wire.length; length += 1) t.not(codeOf(wire.subarray(0, length)), 'ok');
});

t.test('lookup tables stand for what the policy pins of them', async (t) => {
  const [tableA, tableB] = [testKey(0xa0), testKey(0xb0)];
  const pinned = new Map<Pubkey, Pubkey[]>([
    [tableA, [testKey(0xa1), testKey(0xa2), testKey(0xa3)]],
    [tableB, [testKey(0xb1), testKey(1)]],
  ]);
  const lookup = (table: Pubkey, writable: number[], readonly: number[]) => ({
    table,
    writable: Uint8Array.from(writable),
    readonly: Uint8Array.from(readonly),
  });
  const v0 = buildMessage([testKey(1)], [call]);
  const rows: [what: string, lookups: NonNullable<Message['lookups']>, outcome: string[] | string][] = [
    ['one side', [lookup(tableA, [], [2])], ['a3']],
    ['writable ones of all tables first', [lookup(tableA, [1], [0]), lookup(tableB, [0], [])], ['a2', 'b1', 'a1']],
    ['beyond what is pinned', [lookup(tableA, [3], [])], 'lookup-table-unpinned'],
    ['a table that is not pinned', [lookup(testKey(0xc0), [0], [])], 'lookup-table-unpinned'],
    ['a key of the message', [lookup(tableB, [1], [])], 'duplicate-key'],
    ['a place twice', [lookup(tableA, [1], [1])], 'duplicate-key'],
  ];
  for (const [what, lookups, outcome] of rows) {
    const message = { ...v0, lookups };
    const decoded = decodeMessage(encodeMessage(message));
    t.same(decoded, { ok: true, value: message }, `${what}: decoded`);
    const resolved = resolveKeys(message, pinned);
    const seen = resolved.ok ? resolved.value.slice(3).map((key) => key.slice(0, 2)) : resolved.refusal.code;
    t.same(seen, outcome, what);
  }
  t.same(resolveKeys(v0, undefined), { ok: true, value: v0.keys });
});

t.test('what a message with lookups may point at', async (t) => {
  const lookups = [{ table: testKey(0xa0), writable: Uint8Array.of(0), readonly: Uint8Array.of(9) }];
  const point = (program: number, account: number) =>
    codeOf(
      encodeMessage({
        ...buildMessage([testKey(1)], []),
        keys: [testKey(1), SYSTEM_PROGRAM],
        lookups,
        instructions: [{ program, accounts: Uint8Array.of(account), data: bytesOf() }],
      }),
    );
  t.equal(point(1, 3), 'ok', 'the last loaded key');
  t.equal(point(1, 4), 'index-invalid', 'one beyond');
  t.equal(point(2, 0), 'index-invalid', 'a program from a table');
  const crowd = {
    table: testKey(0xa0),
    writable: Uint8Array.from({ length: 254 }, (_, i) => i),
    readonly: Uint8Array.of(254),
  };
  const many = (readonly: Uint8Array) =>
    codeOf(encodeMessage({ ...buildMessage([testKey(1)], []), keys: [testKey(1)], lookups: [{ ...crowd, readonly }] }));
  t.equal(many(Uint8Array.of(254)), 'ok', '256 keys');
  t.equal(many(Uint8Array.of(254, 255)), 'lookup-invalid', '257 keys');
});
