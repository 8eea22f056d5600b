import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import type { Json } from '../../policy/canonical.ts';
import { checkPolicy } from '../../policy/check.ts';
import { canonicalizePolicy, parsePolicy } from '../../policy/compile.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);
const example = readFileSync(new URL('../../policy/examples/payments.json', import.meta.url), 'utf8');

/** Puts `value` where `choices` lead to, field by field. */
function replaceAt(json: Json, choices: readonly number[], value: Json): Json {
  const [choice, ...rest] = choices;
  if (choice === undefined || json === null || typeof json !== 'object') return value;
  const entries = Object.entries(json);
  const index = choice % Math.max(entries.length, 1);
  const changed = entries.map(([key, item], at): [string, Json] => [
    key,
    at === index ? replaceAt(item, rest, value) : item,
  ]);
  return Array.isArray(json) ? changed.map(([, item]) => item) : Object.fromEntries(changed);
}

t.test('a document with anything anywhere gives a policy or faults with places, never an error', async (t) => {
  const words = fc.constantFrom<Json>(
    'SOL',
    'any',
    '0',
    '18446744073709551616',
    '',
    '__proto__',
    -1,
    2 ** 53,
    [],
    {},
    null,
    true,
  );
  const value = fc.oneof(words, fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>);
  const choices = fc.array(fc.nat(30), { minLength: 1, maxLength: 5 });
  let accepted = 0;
  const property = fc.property(choices, value, (path, put) => {
    const canonical = canonicalizePolicy(JSON.stringify(replaceAt(JSON.parse(example) as Json, path, put)));
    if (!canonical.ok) return canonical.refusal.length > 0;
    const policy = parsePolicy(canonical.value);
    if (!policy.ok)
      return (
        policy.refusal.length > 0 && policy.refusal.every(({ path, detail }) => path !== undefined && detail !== '')
      );
    accepted += 1;
    return Array.isArray(checkPolicy(policy.value));
  });
  fc.assert(property, { seed: 9, numRuns: Math.ceil(50_000 * SCALE) });
  t.ok(accepted > 0, `${accepted} were accepted`);
});

t.test('a truncated or bent text never is a policy', async (t) => {
  const canonical = canonicalizePolicy(example);
  if (!canonical.ok) return t.fail('not canonicalized');
  const property = fc.property(fc.nat(canonical.value.length - 1), fc.nat(255), (at, byte) => {
    const bent = canonical.value.slice();
    bent[at] = byte;
    const whole = parsePolicy(bent);
    const same = bent.every((each, index) => each === canonical.value[index]);
    const { hash } = whole.ok ? whole.value : { hash: null };
    const other = parsePolicy(canonical.value.slice(0, at));
    return !other.ok && (same || hash === null || hash !== known);
  });
  const policy = parsePolicy(canonical.value);
  const known = policy.ok ? policy.value.hash : null;
  fc.assert(property, { seed: 10, numRuns: Math.ceil(20_000 * SCALE) });
  t.pass();
});
