import { address, getProgramDerivedAddress, isOffCurveAddress } from '@solana/kit';
import { findAssociatedTokenPda } from '@solana-program/token';
import fc from 'fast-check';
import t from 'tap';
import {
  deriveAddress,
  deriveTokenAccount,
  isOnCurve,
  knownPubkey,
  pubkeyFromBase58,
  pubkeyFromBytes,
  pubkeyToBase58,
  pubkeyToBytes,
} from '../../policy/keys.ts';
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from '../../policy/programs/addresses.ts';
import { SQUADS } from './messages.ts';

const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

t.test('conversions', async (t) => {
  const text = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
  const key = knownPubkey(text);
  t.match(key, /^[0-9a-f]{64}$/);
  t.equal(pubkeyToBase58(key), text);
  t.equal(pubkeyFromBytes(pubkeyToBytes(key)), key);
  for (const wrong of ['', '1'.repeat(31), '1'.repeat(33), `${text}1`, text.slice(1), '0'.repeat(43), `${text}\n`]) {
    t.equal(pubkeyFromBase58(wrong), null, JSON.stringify(wrong));
  }
  t.throws(() => knownPubkey('x'), TypeError);
  t.throws(() => pubkeyFromBytes(new Uint8Array(31)), RangeError);
});

t.test('on the curve', async (t) => {
  const rows: [what: string, hex: string, on: boolean][] = [
    ['the neutral point', `01${'00'.repeat(31)}`, true],
    ['the base point', `58${'66'.repeat(31)}`, true],
    ['y = 0, of order four', '00'.repeat(32), true],
    ['y = 2', `02${'00'.repeat(31)}`, false],
    ['y = 1 with a negative zero x', `01${'00'.repeat(30)}80`, true],
    ['y = p, not reduced', `ed${'ff'.repeat(30)}7f`, true],
    ['y = p + 1, not reduced', `ee${'ff'.repeat(30)}7f`, true],
    ['y = p + 2, not reduced', `ef${'ff'.repeat(30)}7f`, false],
  ];
  for (const [what, hex, on] of rows) t.equal(isOnCurve(Uint8Array.fromHex(hex)), on, what);
});

t.test('agrees with kit on what is off the curve', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(key32, (bytes) => {
        return isOnCurve(bytes) !== isOffCurveAddress(address(pubkeyToBase58(pubkeyFromBytes(bytes))));
      }),
      { seed: 25519, numRuns: Math.ceil(20_000 * scale) },
    ),
  );
});

t.test('a known address: the Squads program config', async (t) => {
  const seeds = ['multisig', 'program_config'].map((seed) => new TextEncoder().encode(seed));
  t.equal(pubkeyToBase58(deriveAddress(seeds, SQUADS)), 'BSTq9w3kZwNwpBXJEvTZz2G9ZTNyKBvoSeXMvwb4cNZr');
});

t.test('derived addresses agree with kit', async (t) => {
  await t.resolves(
    fc.assert(
      fc.asyncProperty(key32, key32, fc.boolean(), async (ownerBytes, mintBytes, old) => {
        const [owner, mint] = [pubkeyFromBytes(ownerBytes), pubkeyFromBytes(mintBytes)];
        const program = old ? TOKEN_PROGRAM : TOKEN_2022_PROGRAM;
        const [expected] = await findAssociatedTokenPda({
          owner: address(pubkeyToBase58(owner)),
          mint: address(pubkeyToBase58(mint)),
          tokenProgram: address(pubkeyToBase58(program)),
        });
        const [plain] = await getProgramDerivedAddress({
          programAddress: address(pubkeyToBase58(SQUADS)),
          seeds: [ownerBytes, mintBytes],
        });
        return (
          pubkeyToBase58(deriveTokenAccount(owner, mint, program)) === expected &&
          pubkeyToBase58(deriveAddress([ownerBytes, mintBytes], SQUADS)) === plain
        );
      }),
      { seed: 7, numRuns: Math.ceil(5_000 * scale) },
    ),
  );
});
