import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { pubkeyToBase58 } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import { decodeMessage, encodeMessage } from '../../policy/message.ts';
import { decodeTransaction } from '../../policy/transaction.ts';
import type { Pubkey } from '../../policy/types.ts';

const folder = join(process.env['REEVE_VECTORS'] ?? '../shared/vectors', 'transactions');
const skip = existsSync(folder) ? false : `no vectors at ${folder}`;

interface Expected {
  readonly file: string;
  readonly kind: 'tx' | 'msg';
  readonly version: 'legacy' | 0 | 1;
  readonly header: string;
  readonly feePayer: string;
  readonly staticKeys: number;
  readonly lookups: readonly { table: string; writable: readonly number[]; readonly: readonly number[] }[];
  readonly lifetimeToken: string;
  readonly instructions: readonly { program: string; accounts: readonly string[]; dataHex: string }[];
}

function readVector(name: string): Uint8Array {
  return Uint8Array.fromBase64(readFileSync(join(folder, name), 'utf8').trim());
}

function decode(vector: Expected, bytes: Uint8Array) {
  if (vector.kind === 'msg') return decodeMessage(bytes);
  const transaction = decodeTransaction(bytes);
  return transaction.ok ? { ok: true as const, value: transaction.value.message } : transaction;
}

/** Of the messages made for a hardware wallet's parser, seven have no writable fee payer and one lists a key twice: no validator takes them. */
function expectedOutcome({ file, header }: Expected): string {
  if (file.startsWith('040-')) return 'duplicate-key';
  return header.startsWith('1/1/') ? 'header-invalid' : 'decoded';
}

/** A message in the words of the expectation file: what a lookup table adds is `alt#` and its number. */
function describe(message: Message) {
  const text = (position: number) => {
    const key = message.keys[position];
    return key === undefined ? `alt#${position - message.keys.length}` : pubkeyToBase58(key);
  };
  return {
    version: message.version,
    header: `${message.requiredSignatures}/${message.readonlySigned}/${message.readonlyUnsigned}`,
    feePayer: text(0),
    staticKeys: message.keys.length,
    lookups: (message.lookups ?? []).map(({ table, writable, readonly }) => ({
      table: pubkeyToBase58(table),
      writable: [...writable],
      readonly: [...readonly],
    })),
    lifetimeToken: pubkeyToBase58(message.lifetime as string as Pubkey),
    instructions: message.instructions.map(({ program, accounts, data }) => ({
      program: text(program),
      accounts: [...accounts].map(text),
      dataHex: data.toHex(),
    })),
  };
}

t.test('real transactions decode to what is expected of them', { skip }, async (t) => {
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<string, Expected>;
  const vectors = Object.values(expected).map((vector) => ({
    ...vector,
    file: vector.file.endsWith('.b64') ? vector.file : `${vector.file}.${vector.kind}.b64`,
  }));
  const files = readdirSync(folder).filter((name) => name.endsWith('.b64'));
  t.same(vectors.map(({ file }) => file).sort(), files.sort(), 'every file has its expectation');

  const outcomes: Record<string, number> = {};
  for (const vector of vectors) {
    const bytes = readVector(vector.file);
    let result = decode(vector, bytes);
    const outcome = result.ok ? 'decoded' : result.refusal.code;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    t.equal(outcome, expectedOutcome(vector), vector.file);
    if (outcome === 'header-invalid') {
      // With a payer that is writable the rest must read as expected.
      bytes[1] = 0;
      result = decode(vector, bytes);
    }
    if (!result.ok) continue;
    const { version, header, feePayer, staticKeys, lookups, lifetimeToken } = vector;
    const instructions = vector.instructions.map(({ program, accounts, dataHex }) => ({ program, accounts, dataHex }));
    t.strictSame(
      describe(result.value),
      {
        version,
        header: outcome === 'decoded' ? header : header.replace('1/1/', '1/0/'),
        feePayer,
        staticKeys,
        lookups,
        lifetimeToken,
        instructions,
      },
      vector.file,
    );
    if (vector.kind === 'msg') t.same(encodeMessage(result.value), bytes);
  }
  t.same(outcomes, { decoded: 37, 'header-invalid': 7, 'duplicate-key': 1 });
});

t.test('malformed messages are refused, each for its own reason', { skip }, async (t) => {
  const rows: Record<string, string> = {
    '01-ok-legacy-baseline': 'decoded',
    '02-ok-v0-baseline': 'decoded',
    '03-ok-v1-baseline': 'decoded',
    '05-v0-trailing-byte': 'trailing-bytes',
    '07-v0-shortvec-alias-2byte': 'not-canonical',
    '09-legacy-header-too-many-signers': 'header-invalid',
    '11-legacy-program-index-0': 'index-invalid',
    '13-legacy-account-index-oob': 'index-invalid',
    '15-v0-empty-lookup': 'lookup-invalid',
    '17-offchain-prefix': 'message-version-unsupported',
    '19-v1-unknown-mask-bit': 'config-invalid',
    '21-v1-trailing-byte': 'trailing-bytes',
    '23-empty': 'undecodable',
    '25-tkhq-invalid-a': 'trailing-bytes',
    '27-tkhq-invalid-c': 'trailing-bytes',
  };
  const files = readdirSync(join(folder, 'malformed')).filter((name) => name.endsWith('.b64'));
  t.equal(files.length, 15);
  for (const file of files) {
    const result = decodeMessage(readVector(join('malformed', file)));
    t.equal(result.ok ? 'decoded' : result.refusal.code, rows[file.replace('.msg.b64', '')], file);
  }
});
