/** The small transaction encoder against kit: the same meaning, and for base58 and derived accounts the same bytes. */

import {
  address,
  decompileTransactionMessage,
  getAddressDecoder,
  getAddressEncoder,
  getBase58Encoder,
  getCompiledTransactionMessageDecoder,
  getTransactionDecoder,
} from '@solana/kit';
import { findAssociatedTokenPda } from '@solana-program/token';
import fc from 'fast-check';
import t from 'tap';
import { decodeBase58, encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import { encodeCompact } from '../../host-proxy/transactions/compact.ts';
import {
  addMemo,
  createTokenAccount,
  deriveTokenAccount,
  transferSol,
  transferToken,
} from '../../host-proxy/transactions/instructions.ts';
import { compileMessage } from '../../host-proxy/transactions/message.ts';
import { attachSignature, wrapMessage } from '../../host-proxy/transactions/wire.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const runs = (full: number) => ({ seed: 7, numRuns: Math.ceil(full * SCALE) });
const bytes32 = () => fc.uint8Array({ minLength: 32, maxLength: 32 });
const key = (fill: number) => new Uint8Array(32).fill(fill);

t.test('base58 is kit’s, both ways', async (t) => {
  const property = fc.property(bytes32(), fc.nat({ max: 32 }), (bytes, zeros) => {
    bytes.fill(0, 0, zeros);
    const text = encodeBase58(bytes);
    t.equal(text, String(getAddressDecoder().decode(bytes)));
    t.same(decodeBase58(text, 32), bytes);
    t.same(getBase58Encoder().encode(text), bytes);
  });
  fc.assert(property, runs(5000));
  for (const [text, length] of [
    ['', 32],
    ['0', 1],
    ['I', 1],
    ['1', 2],
    ['11', 1],
    ['z'.repeat(200), 32],
    ['2', 0],
    ['é', 1],
  ] as const) {
    t.equal(decodeBase58(text, length), null, JSON.stringify(text));
  }
  t.same(decodeBase58('1', 1), Uint8Array.of(0));
});

t.test('associated token accounts are kit’s', async (t) => {
  const programs = {
    token: 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA',
    'token-2022': 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb',
  } as const;
  const property = fc.asyncProperty(
    bytes32(),
    bytes32(),
    fc.constantFrom('token' as const, 'token-2022' as const),
    async (owner, mint, program) => {
      const decode = (bytes: Uint8Array) => getAddressDecoder().decode(bytes);
      const [expected] = await findAssociatedTokenPda({
        owner: decode(owner),
        mint: decode(mint),
        tokenProgram: address(programs[program]),
      });
      t.equal(encodeBase58(deriveTokenAccount(owner, mint, program)), expected);
    },
  );
  await fc.assert(property, runs(2000));
});

t.test('what is compiled is read back by kit with the same instructions', (t) => {
  const token = {
    owner: key(1),
    recipient: key(2),
    mint: key(3),
    tokenProgram: 'token' as const,
    decimals: 6,
    amount: 2n ** 64n - 1n,
  };
  const sets = [
    [transferSol(key(1), key(2), 5n)],
    [transferSol(key(1), key(1), 0n), addMemo('ünïcode')],
    [transferToken(token)],
    [createTokenAccount(token), transferToken(token), addMemo('x'.repeat(300))],
  ];
  for (const instructions of sets) {
    const wire = wrapMessage(compileMessage(key(1), instructions, key(9)), 1);
    const { messageBytes } = getTransactionDecoder().decode(wire);
    const read = decompileTransactionMessage(getCompiledTransactionMessageDecoder().decode(messageBytes) as never);
    t.same(getAddressEncoder().encode(read.feePayer.address), key(1));
    for (const [index, { program, accounts, data }] of instructions.entries()) {
      const other = read.instructions[index];
      t.equal(String(other?.programAddress), encodeBase58(program));
      t.same(
        other?.accounts?.map((account) => String(account.address)) ?? [],
        accounts.map((account) => encodeBase58(account.key)),
      );
      t.same(Buffer.from(other?.data ?? []), Buffer.from(data));
    }
  }
  t.end();
});

t.test('version 1: the signatures stand behind the message', (t) => {
  const head = [0x81, 2, 0, 1, 0, 0, 0, 0, ...key(9), 0, 3];
  const message = Uint8Array.from([...head, ...key(1), ...key(2), ...key(3)]);
  const wire = Uint8Array.from([...message, ...new Uint8Array(128)]);
  const signed = attachSignature(wire, key(2), new Uint8Array(64).fill(7));
  t.same(signed.subarray(0, message.length + 64), wire.subarray(0, message.length + 64));
  t.same(signed.subarray(message.length + 64), new Uint8Array(64).fill(7));
  for (const [what, bytes] of [
    ['a key that does not sign', wire],
    ['cut short', Uint8Array.from([0x81, 12, 0, 0])],
  ] as const) {
    t.throws(() => attachSignature(bytes, key(3), new Uint8Array(64)), { code: 'transaction-malformed' }, what);
  }
  t.end();
});

t.test('a signature goes into the slot of its key, or nowhere', (t) => {
  const message = (version: number[]) => [...version, 2, 0, 1, 3, ...key(1), ...key(2), ...key(3), ...key(9), 0];
  const wire = (version: number[]) => Uint8Array.from([2, ...new Uint8Array(128), ...message(version)]);
  for (const version of [[], [0x80]]) {
    const signed = attachSignature(wire(version), key(2), new Uint8Array(64).fill(7));
    t.same(signed.subarray(1, 65), new Uint8Array(64));
    t.same(signed.subarray(65, 129), new Uint8Array(64).fill(7));
    t.same(signed.subarray(129), wire(version).subarray(129));
    t.throws(() => attachSignature(wire(version), key(3), new Uint8Array(64)), { code: 'transaction-malformed' });
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        attachSignature(bytes, key(1), new Uint8Array(64));
        return false;
      } catch (cause) {
        return (cause as { code?: string }).code === 'transaction-malformed';
      }
    }),
    runs(20_000),
  );
  t.strictSame([0, 0x7f, 0x80, 0x3fff, 0x4000, 0xffff].map(encodeCompact), [
    [0],
    [0x7f],
    [0x80, 1],
    [0xff, 0x7f],
    [0x80, 0x80, 1],
    [0xff, 0xff, 3],
  ]);
  t.end();
});
