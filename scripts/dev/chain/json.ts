/** JSON whose integers keep all 64 bits: written as plain digits, and read back as bigint when a number could not hold them. */

declare global {
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

/** Like `JSON.stringify`, with each bigint as a JSON number. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? JSON.rawJSON(item.toString()) : item,
  );
}

/** Like `JSON.parse`, with integers beyond 2^53 as bigint. Throws SyntaxError on anything that is not JSON. */
export function parseJson(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const exact = typeof value !== 'number' || Number.isSafeInteger(value) || !/^-?\d+$/.test(context?.source ?? '');
    return exact ? value : BigInt(context?.source ?? 0);
  };
  return JSON.parse(text, revive);
}
