/** Solana's compact-u16: 7 bits a byte, low first. Also part of the published client: nothing newer than Node 20. */
export function encodeCompact(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodeCompact(value >> 7)];
}
