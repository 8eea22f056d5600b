/** Every row of the corpus through the engine, subject by subject. */
import t from 'tap';
import { knownPubkey } from '../../policy/keys.ts';
import type { Row } from './generate.ts';
import { judgeBytes } from './judge-row.ts';
import { expectedOf, policyOf, rows } from './written.ts';

function verdictOf(row: Row): string {
  const owners = row.owners.map(knownPubkey);
  const { decision, codes } = judgeBytes(policyOf(row), Uint8Array.fromBase64(row.bytes), { ...row, owners });
  return [decision, ...codes].join(' ');
}

/** The program a row is about, or what else its name begins with. */
function subjectOf({ name }: Row): string {
  return /^[a-z0-9-]+/.exec(name)?.[0] ?? name;
}

for (const [subject, some] of Map.groupBy(rows, subjectOf)) {
  t.test(`the engine decides each row as it should: ${subject}`, async (t) => {
    for (const row of some) t.equal(verdictOf(row), expectedOf(row), row.name);
  });
}
