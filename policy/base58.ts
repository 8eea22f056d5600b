/// <reference lib="esnext.typedarrays" />
/**
 * Base58 with Bitcoin's alphabet, as Solana writes addresses and signatures. For the edges only: inside, keys are hex.
 * One text has one value: every leading `1` is a zero byte, nothing is trimmed, no checksum, no other characters.
 */

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

const DIGITS: ReadonlyMap<string, number> = new Map([...ALPHABET].map((letter, digit) => [letter, digit]));

/** Characters; the longest thing we read is a signature, at most 88. The work grows with the square of the length. */
export const MAX_BASE58_LENGTH = 128;

/** Multiplies the little-endian number by its old base, adds `carry`, and writes it in base `to`. */
function mix(number: number[], times: number, carry: number, to: number): void {
  let rest = carry;
  for (let i = 0; i < number.length; i += 1) {
    rest += (number[i] ?? 0) * times;
    number[i] = rest % to;
    rest = Math.floor(rest / to);
  }
  while (rest > 0) {
    number.push(rest % to);
    rest = Math.floor(rest / to);
  }
}

/** Digits taken off at once: the most whose value is still an exact number. */
const CHUNK_DIGITS = 9;
const CHUNK = 58n ** BigInt(CHUNK_DIGITS);

export function encodeBase58(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros += 1;
  let text = '';
  let rest = zeros === bytes.length ? 0n : BigInt(`0x${bytes.toHex()}`);
  for (; rest >= CHUNK; rest /= CHUNK) text = writeDigits(Number(rest % CHUNK), CHUNK_DIGITS) + text;
  return '1'.repeat(zeros) + writeDigits(Number(rest), 0) + text;
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

/** The bytes of a base58 text, or null for another character or more than 128 of them. The length in bytes is for the caller to check. */
export function decodeBase58(text: string): Uint8Array | null {
  if (text.length > MAX_BASE58_LENGTH) return null;
  const number: number[] = [];
  let zeros = 0;
  while (text[zeros] === '1') zeros += 1;
  for (const letter of text) {
    const digit = DIGITS.get(letter);
    if (digit === undefined) return null;
    mix(number, 58, digit, 256);
  }
  const bytes = new Uint8Array(zeros + number.length);
  bytes.set(number.reverse(), zeros);
  return bytes;
}
