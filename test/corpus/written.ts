/** The corpus as it is written: its rows, and its policies compiled. */
import { readFileSync } from 'node:fs';
import type { Policy } from '../../policy/policy.ts';
import type { Row } from './generate.ts';
import { compileAll } from './judge-row.ts';

export const text = readFileSync(new URL('corpus.jsonl', import.meta.url), 'utf8');

const lines = text
  .split('\n')
  .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row & { readonly document?: object }]));

export const documents: Readonly<Record<string, object>> = Object.fromEntries(
  lines.flatMap(({ policy, document }) => (document ? [[policy, document]] : [])),
);
export const rows: readonly Row[] = lines.filter(({ document }) => document === undefined);

const compiled = compileAll(documents);

export function policyOf({ policy }: Row): Policy {
  const known = compiled.get(policy);
  if (known === undefined) throw new Error(`no policy ${policy}`);
  return known;
}

/** The decision and the codes in their order. */
export function expectedOf({ decision, codes }: Row): string {
  return [decision, ...codes].join(' ');
}
