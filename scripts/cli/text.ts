/** Text for people: nothing from outside reaches a terminal unescaped. */

import { escapeText } from '../../policy/escape.ts';

export { escapeText };

/** Columns of equal width, two spaces between. Cells are escaped. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(escapeText));
  const widths: number[] = [];
  for (const row of cells) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** `2026-11-20T12:00:00Z` of Unix milliseconds; `never` for 0. */
export function formatTime(time: bigint | number): string {
  const millis = Number(time);
  if (millis === 0) return 'never';
  if (millis > MAX_DATE_MS) return `${time} ms`;
  return new Date(millis).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** The latest moment a Date can hold, Unix milliseconds. */
const MAX_DATE_MS = 8_640_000_000_000_000;

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** One JSON line: bigint as a decimal string, bytes as hex. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint') return item.toString();
    return item instanceof Uint8Array ? toHex(item) : item;
  });
}
