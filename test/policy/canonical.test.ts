import fc from 'fast-check';
import t from 'tap';
import type { Json } from '../../policy/canonical.ts';
import { canonicalizeJson, canonicalizePolicy, readCanonical } from '../../policy/canonical.ts';

const SCALE = Number(process.env['REEVE_SCALE'] ?? 0.01);

t.test('RFC 8785, row by row', async (t) => {
  const rows: readonly [text: string, canonical: string][] = [
    ['{"b":1,"a":2}', '{"a":2,"b":1}'],
    ['[ 56, {"d":true, "10":null, "1":[ ]} ]', '[56,{"1":[],"10":null,"d":true}]'],
    [
      '{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}',
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    ],
    [
      '[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0]',
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
    ],
    ['"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/"', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
  ];
  for (const [text, canonical] of rows) t.equal(canonicalizeJson(JSON.parse(text) as Json), canonical, text);
});

t.test('refused', async (t) => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const rows: readonly [name: string, text: string, code: string][] = [
    ['not JSON', '{', 'policy-not-json'],
    ['nothing', '', 'policy-not-json'],
    ['a comment', '{/* */}', 'policy-not-json'],
    ['a key twice', '{"a":1,"a":2}', 'policy-not-json'],
    ['a key twice, deep', '[{"a":{"b":[{"c":1,"c":1}]}}]', 'policy-not-json'],
    ['a key twice, one escaped', '{"a":1,"\\u0061":2}', 'policy-not-json'],
    ['a lone surrogate', '"\\ud800"', 'policy-not-json'],
    ['a lone surrogate as key', '{"\\ud800":1}', 'policy-not-json'],
    ['17 levels', deep(18), 'policy-not-json'],
    ['100,000 levels', deep(100_000), 'policy-not-json'],
    ['more than 256 KiB', `"${'x'.repeat(256 * 1024)}"`, 'policy-too-large'],
    ['more than 256 KiB of UTF-8', `"${'€'.repeat(100_000)}"`, 'policy-too-large'],
  ];
  for (const [name, text, code] of rows) {
    const result = canonicalizePolicy(text);
    t.equal(result.ok ? 'accepted' : result.refusal[0]?.code, code, name);
  }
  t.equal(canonicalizePolicy(`"${'\\\\'.repeat(60_000)}"`).ok, true, 'one long string is nothing special');
  t.equal(canonicalizePolicy('{"a":"b\\":","c":": \\""}').ok, true, 'colons inside of strings are no keys');
});

t.test('canonical bytes read back as the same value, and as themselves', async (t) => {
  const json = fc.jsonValue({ maxDepth: 5 }).filter((value) => canonicalizeJson(value as Json) !== null);
  const property = fc.property(json, (value) => {
    const canonical = canonicalizePolicy(JSON.stringify(value));
    if (!canonical.ok) return false;
    const back = readCanonical(canonical.value);
    return back.ok && canonicalizeJson(back.value) === canonicalizeJson(value as Json);
  });
  fc.assert(property, { seed: 8785, numRuns: Math.ceil(20_000 * SCALE) });
  t.pass();
});

t.test('any bytes: a value or a refusal, never an error', async (t) => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 64 }),
    (bytes) => typeof readCanonical(bytes).ok === 'boolean',
  );
  fc.assert(property, { seed: 1, numRuns: Math.ceil(50_000 * SCALE) });
  t.pass();
});
