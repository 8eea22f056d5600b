import { getBase58Codec } from '@solana/kit';
import fc from 'fast-check';
import t from 'tap';
import { decodeBase58, encodeBase58, MAX_BASE58_LENGTH } from '../../policy/base58.ts';

const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
const bytes = (hex: string) => Uint8Array.fromHex(hex);

t.test('rows', async (t) => {
  const rows: [text: string, hex: string][] = [
    ['', ''],
    ['1', '00'],
    ['11', '0000'],
    ['2', '01'],
    ['z', '39'],
    ['21', '3a'],
    ['12', '0001'],
    ['5Q', 'ff'],
    ['11111111111111111111111111111111', '00'.repeat(32)],
    ['SysvarRecentB1ockHashes11111111111111111111', '06a7d517192c568ee08a845f73d29788cf035c3145b21ab344d8062ea9400000'],
  ];
  for (const [text, hex] of rows) {
    t.same(decodeBase58(text)?.toHex(), hex, `decode ${text}`);
    t.equal(encodeBase58(bytes(hex)), text, `encode ${hex}`);
  }
});

t.test('other characters and lengths are refused', async (t) => {
  for (const text of ['0', 'O', 'I', 'l', ' 2', '2 ', '2\n', '-2', '2.', 'é', '𝟐', '1'.repeat(MAX_BASE58_LENGTH + 1)]) {
    t.equal(decodeBase58(text), null, JSON.stringify(text));
  }
  t.equal(decodeBase58('1'.repeat(MAX_BASE58_LENGTH))?.length, MAX_BASE58_LENGTH);
});

t.test('agrees with kit for any bytes', async (t) => {
  const kit = getBase58Codec();
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (value) => {
        const text = encodeBase58(value);
        return text === kit.decode(value) && decodeBase58(text)?.toHex() === value.toHex();
      }),
      { seed: 58, numRuns: Math.ceil(50_000 * scale) },
    ),
  );
});
