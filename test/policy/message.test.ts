/** Messages: every rule as a row, and what changes to good messages give. That kit reads them alike stands in `differential.test.ts`. */
import fc from 'fast-check';
import t from 'tap';
import { equalBytes } from '../../policy/bytes.ts';
import type { Message } from '../../policy/message.ts';
import { decodeMessage, encodeMessage, findSigner, MAX_INSTRUCTIONS, refuse } from '../../policy/message.ts';
import { SYSTEM_PROGRAM } from '../../policy/programs/addresses.ts';
import type { Pubkey } from '../../policy/types.ts';
import { messages, mutations } from './message-arbitraries.ts';
import { buildMessage, bytesOf, testKey } from './messages.ts';

const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
const transferData = bytesOf(2, 0, 0, 0, 1_000n);
const call = { program: SYSTEM_PROGRAM, accounts: [testKey(1), testKey(2)], data: transferData };
const base = buildMessage([testKey(1)], [call]);
const wire = encodeMessage(base);
/** Where things stand in `wire`: version, header 1 to 3, count of keys 4, keys 5, blockhash 101, instructions 133. */
const AT = { required: 1, readonlySigned: 2, readonlyUnsigned: 3, keyCount: 4, keys: 5, instructions: 133 };

function codeOf(bytes: Uint8Array): string {
  const result = decodeMessage(bytes);
  return result.ok ? 'ok' : result.refusal.code;
}

/** `wire` with `remove` bytes at `at` replaced. */
function patch(at: number, remove: number, ...insert: number[]): Uint8Array {
  return bytesOf(wire.subarray(0, at), Uint8Array.from(insert), wire.subarray(at + remove));
}

function with_(change: Partial<Message>): Uint8Array {
  return encodeMessage({ ...base, ...change });
}

t.test('one rule a row', async (t) => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => testKey(i + 1));
  const instruction = base.instructions[0] as Message['instructions'][number];
  const rows: [what: string, bytes: Uint8Array, code: string][] = [
    ['version 0', wire, 'ok'],
    ['legacy', with_({ version: 'legacy' }), 'ok'],
    ['no instruction', with_({ instructions: [] }), 'ok'],
    ['nothing', new Uint8Array(0), 'undecodable'],
    ['version byte alone', Uint8Array.of(0x80), 'undecodable'],
    ['version 1 with the layout of version 0', patch(0, 1, 0x81), 'config-invalid'],
    ['version 2', patch(0, 1, 0x82), 'message-version-unsupported'],
    ['version 127, an off-chain message', patch(0, 1, 0xff), 'message-version-unsupported'],
    ['no signer', patch(AT.required, 1, 0), 'header-invalid'],
    ['payer read only', patch(AT.readonlySigned, 1, 1), 'header-invalid'],
    ['all keys sign or are read only', patch(AT.readonlyUnsigned, 1, 2), 'ok'],
    ['more counted than listed', patch(AT.readonlyUnsigned, 1, 3), 'header-invalid'],
    ['more signers than keys', patch(AT.required, 1, 4), 'header-invalid'],
    ['key count in two bytes', patch(AT.keyCount, 1, 0x83, 0x00), 'not-canonical'],
    ['key count in three bytes', patch(AT.keyCount, 1, 0x83, 0x80, 0x00), 'not-canonical'],
    ['key count over 65,535', patch(AT.keyCount, 1, 0x83, 0x80, 0x04), 'not-canonical'],
    ['key count of 65,535', patch(AT.keyCount, 1, 0xff, 0xff, 0x03), 'undecodable'],
    ['a key twice', with_({ keys: [testKey(1), testKey(1), SYSTEM_PROGRAM] }), 'duplicate-key'],
    ['instruction count beyond the bytes', patch(AT.instructions, 1, 0xff, 0xff, 0x03), 'undecodable'],
    ['program 0', with_({ instructions: [{ ...instruction, program: 0 }] }), 'index-invalid'],
    ['program beyond the keys', with_({ instructions: [{ ...instruction, program: 3 }] }), 'index-invalid'],
    [
      'account beyond the keys',
      with_({ instructions: [{ ...instruction, accounts: Uint8Array.of(0, 3) }] }),
      'index-invalid',
    ],
    ['the last key as account', with_({ instructions: [{ ...instruction, accounts: Uint8Array.of(0, 2) }] }), 'ok'],
    [
      '64 instructions',
      with_({ instructions: Array(MAX_INSTRUCTIONS).fill({ ...instruction, data: new Uint8Array(0) }) }),
      'ok',
    ],
    [
      '65 instructions',
      with_({ instructions: Array(MAX_INSTRUCTIONS + 1).fill({ ...instruction, data: new Uint8Array(0) }) }),
      'too-many-instructions',
    ],
    ['a lookup table', patch(wire.length - 1, 1, 1, ...new Uint8Array(32), 1, 0, 0), 'ok'],
    ['a lookup of nothing', patch(wire.length - 1, 1, 1, ...new Uint8Array(32), 0, 0), 'lookup-invalid'],
    ['a lookup cut short', patch(wire.length - 1, 1, 1, ...new Uint8Array(32), 1, 0), 'undecodable'],
    ['a lookup count beyond the bytes', patch(wire.length - 1, 1, 0xff, 0xff, 0x03), 'undecodable'],
    ['lookup count missing', wire.subarray(0, -1), 'undecodable'],
    ['lookup count in two bytes', patch(wire.length - 1, 1, 0x80, 0x00), 'not-canonical'],
    ['a byte behind', bytesOf(wire, 0), 'trailing-bytes'],
    ['a byte behind legacy', bytesOf(with_({ version: 'legacy' }), 0), 'trailing-bytes'],
    ['12 signers fit', with_({ keys: [...many(12), SYSTEM_PROGRAM], requiredSignatures: 12, instructions: [] }), 'ok'],
    [
      '13 do not',
      with_({ keys: [...many(13), SYSTEM_PROGRAM], requiredSignatures: 13, instructions: [] }),
      'message-too-large',
    ],
    ['1,167 bytes with one signer', sized(1167), 'ok'],
    ['1,168 bytes with one signer', sized(1168), 'message-too-large'],
    ['1,233 bytes', sized(1233), 'message-too-large'],
  ];
  for (const [what, bytes, code] of rows) t.equal(codeOf(bytes), code, what);
});

/** A message of exactly so many bytes, between 300 and 16,000. */
function sized(size: number): Uint8Array {
  const overhead = wire.length - transferData.length + 1;
  return encodeMessage(buildMessage([testKey(1)], [{ ...call, data: new Uint8Array(size - overhead) }]));
}

t.test('every shorter prefix is refused', async (t) => {
  for (let length = 0; length < wire.length; length += 1)
    t.not(codeOf(wire.subarray(0, length)), 'ok', `${length} bytes`);
});

t.test('the result is a copy', async (t) => {
  const bytes = Buffer.from(wire);
  const result = decodeMessage(bytes);
  bytes.fill(0xff);
  t.same(result.ok && encodeMessage(result.value), wire);
});

t.test('a refusal says where', async (t) => {
  const instruction = { program: 2, accounts: Uint8Array.of(9), data: transferData };
  const result = decodeMessage(with_({ instructions: [...base.instructions, instruction] }));
  t.match(result, { ok: false, refusal: { code: 'index-invalid', path: 'instructions[1]' } });
  t.same(Object.keys(refuse('undecodable', 'no place')), ['code', 'detail'], 'or has no place');
});

t.test('who signs', async (t) => {
  const message = buildMessage([testKey(1), testKey(5)], [call]);
  const rows: [Pubkey, number][] = [
    [testKey(1), 0],
    [testKey(5), 1],
    [testKey(2), -1],
    [testKey(9), -1],
  ];
  for (const [key, index] of rows) t.equal(findSigner(message, key), index);
});

t.test('no mutation throws, and what is still accepted is canonical', async (t) => {
  let accepted = 0;
  const property = fc.property(messages, mutations, (message, change) => {
    const bytes = change(encodeMessage(message));
    const result = decodeMessage(bytes);
    if (!result.ok) return true;
    accepted += 1;
    return equalBytes(encodeMessage(result.value), bytes);
  });
  t.doesNotThrow(() => fc.assert(property, { seed: 4, numRuns: Math.ceil(100_000 * scale) }));
  t.ok(accepted > 0, `${accepted} mutants are messages`);
});

t.test('random bytes never throw', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1300 }), (bytes) => {
        const result = decodeMessage(bytes);
        return !result.ok || equalBytes(encodeMessage(result.value), bytes);
      }),
      { seed: 5, numRuns: Math.ceil(100_000 * scale) },
    ),
  );
});
