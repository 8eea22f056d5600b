/** Base58 as Solana writes addresses and signatures. Also part of the published client: nothing newer than Node 20. */

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Characters; a signature has at most 88. */
const TEXT_MAX = 128;

/** Digits taken off at once: the most whose value is still an exact number. */
const CHUNK_DIGITS = 9;
const CHUNK = 58n ** BigInt(CHUNK_DIGITS);

export function encodeBase58(bytes: Uint8Array): string {
  let text = '';
  let rest = BigInt(`0x0${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`);
  for (; rest >= CHUNK; rest /= CHUNK) text = writeDigits(Number(rest % CHUNK), CHUNK_DIGITS) + text;
  return '1'.repeat(countLeading(bytes, 0)) + writeDigits(Number(rest), 0) + text;
}

/** At least `least` digits of a number. */
function writeDigits(number: number, least: number): string {
  let text = '';
  for (let rest = number; rest > 0 || text.length < least; ) {
    const left = Math.floor(rest / 58);
    text = ALPHABET[rest - left * 58] + text;
    rest = left;
  }
  return text;
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
