/** Policy documents, as a person writes them and as they are signed. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPolicy } from '../../../policy/check.ts';
import { canonicalizePolicy, parsePolicy } from '../../../policy/compile.ts';
import { draft } from '../../policy/policies.ts';
import type { Answer, Target } from '../harness.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'policy', 'examples');
const examples = globSync('*.json', { cwd: folder }).sort();
const utf8 = new TextEncoder();

/** A document's own words, and values that stand at a border of what a field may be. */
const tokens =
  `"any" "SOL" "signatures" "self" "deny" "0" "1" "18446744073709551615" "18446744073709551616" "-1" "" "__proto__" "constructor" "$comment"
 "11111111111111111111111111111111" "\\ud800" "\\u0000" null true false {} [] 0 -0 -1 1.5 1e400 9007199254740993 [[[[[[[[ , : "assets": "owners": "windows": "max": "calls": "effects":`.split(
    /\s+/,
  );

/** Where strings, numbers, words and marks begin. */
function cuts(input: Uint8Array): number[] {
  const text = Buffer.from(input).toString('latin1');
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g)].map(({ index }) => index);
}

function run(input: Uint8Array): Answer {
  const canonical = canonicalizePolicy(Buffer.from(input).toString('utf8'));
  // The bytes as they are must be refused, or be canonical already.
  const raw = parsePolicy(input);
  if (!canonical.ok) {
    if (raw.ok) throw new Error('bytes that cannot be canonicalized are a policy');
    return { code: canonical.refusal[0]?.code ?? 'no code' };
  }
  const policy = parsePolicy(canonical.value);
  const again = canonicalizePolicy(Buffer.from(canonical.value).toString('utf8'));
  if (!again.ok || Buffer.compare(again.value, canonical.value) !== 0)
    throw new Error('its canonical form has another');
  if (!policy.ok) return { code: `${policy.refusal[0]?.code} ${policy.refusal[0]?.path?.split('/')[1]}` };
  if (!Array.isArray(checkPolicy(policy.value))) throw new Error('the linter gives no list');
  return { code: 'ok', ...(raw.ok ? { encoded: canonical.value } : {}) };
}

function canonicalOf(text: string): Uint8Array[] {
  const canonical = canonicalizePolicy(text);
  return canonical.ok ? [canonical.value] : [];
}

const texts = [...examples.map((name) => readFileSync(join(folder, name), 'utf8')), JSON.stringify(draft(), null, 1)];
export const policies: Target = {
  name: 'policies',
  inputs: 100_000,
  longest: 12_000,
  seeds: [...texts.map((text) => utf8.encode(text)), ...texts.flatMap(canonicalOf)],
  tokens: tokens.map((token) => utf8.encode(token)),
  cuts,
  run,
};
