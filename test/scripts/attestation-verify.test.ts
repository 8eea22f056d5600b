/** `reeve attestation verify` as its user meets it: files in, one line of JSON and an exit code out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import t from 'tap';
import { run } from '../../scripts/attestation/verify.ts';
import { toPem } from '../../scripts/dev/pki.ts';
import { forge, IMAGE, NONCE, NOW, pcrs, ROOT } from '../attestation/forge.ts';

const folder = mkdtempSync(join(tmpdir(), 'reeve-verify-'));
t.teardown(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array | string): string {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

const DOCUMENT = file('document', forge());
const TEXT = file('document.b64', `${Buffer.from(forge()).toString('base64')}\n`);
const DEBUG = file('debug', forge({ fields: { pcrs: pcrs({ 0: new Uint8Array(48) }) } }));
const HIDDEN = file('hidden', forge({ fields: { module_id: 'i-\u202e\u0007x' } }));
const PEM = file('root.pem', toPem(ROOT));
const AT = new Date(NOW).toISOString();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

async function call(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const collect = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, done) {
        text[name] += String(chunk);
        done();
      },
    });
  const code = await run(argv, { stdout: collect('out'), stderr: collect('err'), stdin: Readable.from([]), env: {} });
  return { code, ...text };
}

/** What a socket answers, but that its statement is `[]` in CBOR. */
function answerWith(change: object): string {
  const document = Buffer.from(forge()).toString('base64');
  return JSON.stringify({ nonce: '00', statement: 'gIA=', document, ...change });
}

const TRUSTED = ['--root', PEM, '--at', AT];
const ROWS: readonly (readonly [name: string, argv: readonly string[], code: number, reason: string | null])[] = [
  ['valid at a time', ['--document', DOCUMENT, ...TRUSTED], 0, null],
  ['as base64', ['--document', TEXT, ...TRUSTED], 0, null],
  ['at its own time', ['--document', DOCUMENT, '--root', PEM, '--at', 'document'], 0, null],
  [
    'with all expectations',
    [
      '--document',
      DOCUMENT,
      ...TRUSTED,
      '--pcr',
      `0=${hex(IMAGE.pcr0)}`,
      '--pcr',
      `1=${hex(IMAGE.pcr1).toUpperCase()}`,
      '--nonce',
      hex(NONCE),
      '--user-data',
      hex(Buffer.from('user data')),
    ],
    0,
    null,
  ],
  ['today', ['--document', DOCUMENT, '--root', PEM], 1, 'certificate-expired'],
  ['under the AWS root', ['--document', DOCUMENT, '--at', AT], 1, 'root-untrusted'],
  ['another PCR', ['--document', DOCUMENT, ...TRUSTED, '--pcr', `2=${hex(IMAGE.pcr0)}`], 1, 'pcr-mismatch'],
  ['another nonce', ['--document', DOCUMENT, ...TRUSTED, '--nonce', '00'], 1, 'nonce-mismatch'],
  ['other user data', ['--document', DOCUMENT, ...TRUSTED, '--user-data', ''], 1, 'user-data-mismatch'],
  ['too old', ['--document', DOCUMENT, ...TRUSTED, '--max-age', '60'], 1, 'stale'],
  ['debug', ['--document', DEBUG, ...TRUSTED], 1, 'debug'],
  ['debug allowed', ['--document', DEBUG, ...TRUSTED, '--allow-debug'], 0, null],
  ['not a document', ['--document', PEM, ...TRUSTED], 1, 'cbor-trailing'],
];

t.test('verdicts', async (t) => {
  for (const [name, argv, code, reason] of ROWS) {
    const found = await call(...argv, '--json');
    t.equal(found.code, code, name);
    t.match(JSON.parse(found.out), { valid: code === 0, reason }, name);
  }
  const shown = JSON.parse((await call('--document', DOCUMENT, ...TRUSTED, '--json')).out) as {
    document: { pcrs: Record<string, string> };
  };
  t.equal(shown.document.pcrs['0'], hex(IMAGE.pcr0));
  t.match(shown.document, { moduleId: /^i-/, timestamp: NOW, publicKey: null, nonce: hex(NONCE) });
});

t.test('wrong use is exit 2, a file that cannot be read exit 1', async (t) => {
  const rows: readonly (readonly [string, readonly string[], number])[] = [
    ['no document', [], 2],
    ['unknown option', ['--document', DOCUMENT, '--trust-me'], 2],
    ['PCR32', ['--document', DOCUMENT, '--pcr', `32=${hex(IMAGE.pcr0)}`], 2],
    ['PCR too short', ['--document', DOCUMENT, '--pcr', '0=00'], 2],
    ['PCR twice', ['--document', DOCUMENT, '--pcr', `0=${hex(IMAGE.pcr0)}`, '--pcr', `0=${hex(IMAGE.pcr1)}`], 2],
    ['nonce not hex', ['--document', DOCUMENT, '--nonce', 'xyz'], 2],
    ['nonce of half a byte', ['--document', DOCUMENT, '--nonce', '0'], 2],
    ['time without a zone', ['--document', DOCUMENT, '--at', '2026-01-01T00:00:00'], 2],
    ['no time', ['--document', DOCUMENT, '--at', '2026-13-01T00:00:00Z'], 2],
    ['age not a number', ['--document', DOCUMENT, '--max-age', '1h'], 2],
    ['no such file', ['--document', join(folder, 'none')], 1],
    ['an answer and a document', ['--document', DOCUMENT, '--answer', DOCUMENT], 2],
    ['an answer and user data', ['--answer', DOCUMENT, '--user-data', ''], 2],
    ['an answer that is none', ['--answer', DOCUMENT], 1],
    ['an answer with more in it', ['--answer', file('more.json', answerWith({ valid: true }))], 1],
    ['an answer that is not base64', ['--answer', file('text.json', answerWith({ document: 'a*b=' }))], 1],
    ['a statement that is none', ['--answer', file('none.json', answerWith({}))], 1],
    ['no such root', ['--document', DOCUMENT, '--root', join(folder, 'none')], 1],
    ['root that is none', ['--document', DOCUMENT, '--root', DOCUMENT], 1],
  ];
  for (const [name, argv, code] of rows) {
    const found = await call(...argv);
    t.equal(found.code, code, name);
    t.match(found.err, /^reeve: [a-z-]+: /, name);
    t.equal(found.out, '');
  }
});

t.test('for people: the verdict first, nothing hidden', async (t) => {
  const good = await call('--document', DOCUMENT, ...TRUSTED);
  t.match(good.out, /^valid\n {2}moduleId: i-/);
  const bad = await call('--document', HIDDEN, '--at', AT);
  t.match(bad.out, /^NOT VALID: root-untrusted: /);
  t.match(bad.out, /what it claims, unproven:/);
  t.match(bad.out, /i-\\u\{202e\}\\u\{7\}x/);
  t.notOk(bad.out.includes('\u202e') || bad.out.includes('\u0007'));
});
