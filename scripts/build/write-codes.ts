/** Writes the README's list of codes from the tables: `node scripts/build/write-codes.ts` (make schema). */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attestationCodes } from '../../attestation/codes.ts';
import { ERRORS } from '../../enclave/link/errors.ts';
import { policyCodes } from '../../policy/codes.ts';

const README = join(import.meta.dirname, '..', '..', 'README.md');
const LIST = /<!-- codes -->\n[\s\S]*<!-- \/codes -->/;

/** The list as it must stand between the README's two markers: a line a folder. */
export function listCodes(): string {
  const range = (from: number) =>
    Object.entries(ERRORS).filter(([, { number }]) => number >= from && number < from + 1000);
  const http = (from: number) => range(from).map(([code, { status }]) => `\`${code}\` ${status}`);
  const plain = (table: object) => Object.keys(table).map((code) => `\`${code}\``);
  return [
    `**policy**: ${plain(policyCodes).join(' ')}`,
    `**attestation**: ${plain(attestationCodes).join(' ')}`,
    `**enclave** (with the HTTP status): ${http(3000).join(' ')}`,
    `**host proxy**: ${http(4000).join(' ')}`,
    `**scripts**: ${http(5000).join(' ')}`,
  ].join('\n\n');
}

/** The README with its list made anew. */
export function updateReadme(text: string): string {
  return text.replace(LIST, `<!-- codes -->\n${listCodes()}\n<!-- /codes -->`);
}

if (import.meta.main) writeFileSync(README, updateReadme(readFileSync(README, 'utf8')));
