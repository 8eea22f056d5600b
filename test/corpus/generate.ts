/** Writes the corpus: `node test/corpus/generate.ts`. A test holds the written files against the rows. */
import { writeFileSync } from 'node:fs';
import { pubkeyToBase58 } from '../../policy/keys.ts';
import { policies } from './policies.ts';
import { drafts } from './rows.ts';
import type { Draft, Spent } from './world.ts';
import { AGENT, NOON, wireOf } from './world.ts';

/** A row as it is written: see the README for what each field means. */
export interface Row {
  readonly name: string;
  readonly why: string;
  readonly policy: string;
  readonly agent: string;
  readonly at: string;
  readonly owners: readonly string[];
  readonly spent: readonly Spent[];
  readonly bytes: string;
  readonly decision: string;
  readonly codes: readonly string[];
}

export function writeRow({ name, why, policy, what, expect, owners = [], at = NOON, spent = [] }: Draft): Row {
  const [decision = '', ...codes] = expect.split(' ');
  const wire = what instanceof Uint8Array ? what : wireOf(what);
  return {
    name,
    why,
    policy,
    agent: pubkeyToBase58(AGENT),
    at,
    owners: owners.map(pubkeyToBase58),
    spent,
    bytes: wire.toBase64(),
    decision,
    codes,
  };
}

/** One JSON object a line: first the policies, then the rows. */
export function formatCorpus(): string {
  const documents = Object.entries(policies).map(([name, document]) => ({ policy: name, document }));
  const lines = [...documents, ...drafts.map(writeRow)].map((line) => JSON.stringify(line));
  return `${lines.join('\n')}\n`;
}

/** The walks as tables for people. */
export function formatWalks(): string {
  const parts = ['payments', 'trader', 'treasury'].map((policy) => {
    const title = `walk ${policy}: `;
    const steps = drafts.filter(({ name }) => name.startsWith(title));
    const lines = steps.map(({ name, why, expect }) => {
      const [decision, ...codes] = expect.split(' ');
      return `| ${name.slice(title.length)} | ${why} | ${decision} | ${codes.join(' ')} |`;
    });
    const head = `## ${policy}\n\n| the agent asks for | | decision | codes |\n| --- | --- | --- | --- |`;
    return `${head}\n${lines.join('\n')}\n`;
  });
  const intro =
    '# Walks\n\nWhat an owner would want of each published example. Made by `generate.ts` from the corpus.\n';
  return [intro, ...parts].join('\n');
}

const CORPUS_FILE = new URL('corpus.jsonl', import.meta.url);
export const WALKS_FILE = new URL('walks.md', import.meta.url);

if (import.meta.main) {
  writeFileSync(CORPUS_FILE, formatCorpus());
  writeFileSync(WALKS_FILE, formatWalks());
}
