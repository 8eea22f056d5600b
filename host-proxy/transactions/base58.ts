/** Base58 as Solana writes addresses and signatures. Also part of the published client: nothing newer than Node 20. */

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Characters; a signature has at most 88. */
const TEXT_MAX = 128;

export function encodeBase58(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  let text = '';
  for (; value > 0n; value /= 58n) text = ALPHABET[Number(value % 58n)] + text;
  return '1'.repeat(countLeading(bytes, 0)) + text;
}

/** The `length` bytes a text stands for, or null for another character or another length. */
export function decodeBase58(text: string, length: number): Uint8Array | null {
  if (text.length > TEXT_MAX) return null;
  let value = 0n;
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0) return null;
    value = value * 58n + BigInt(digit);
  }
  const hex = value === 0n ? '' : value.toString(16);
  const body = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const bytes = new Uint8Array(countLeading([...text], '1') + body.length);
  bytes.set(body, bytes.length - body.length);
  return bytes.length === length ? bytes : null;
}

function countLeading<Item>(items: ArrayLike<Item>, item: Item): number {
  let count = 0;
  while (count < items.length && items[count] === item) count += 1;
  return count;
}
