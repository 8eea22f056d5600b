/** Payloads that are validly signed and wrong, each refused with its own code; and what a verifier may expect of a right one. */
import fc from 'fast-check';
import t from 'tap';
import { encodeCbor } from '../../attestation/cbor.ts';
import { attestationCodes } from '../../attestation/codes.ts';
import type { Expectations } from '../../attestation/verify.ts';
import { MAX_AHEAD_MS, verifyDocument } from '../../attestation/verify.ts';
import { octetString, oid, sequence, TRUE } from '../../scripts/dev/der.ts';
import { encodeIndefiniteMap, signDocument } from '../../scripts/dev/nsm-device.ts';
import { extension, generateEcKey } from '../../scripts/dev/pki.ts';
import type { Changes, Place } from './forge.ts';
import { extensionsOf, forge, IMAGE, NONCE, NOW, pcrs, ROOT } from './forge.ts';

const HOUR = 3_600_000;
const ZERO = new Uint8Array(48);

function verdict(document: Uint8Array, expectations: Partial<Expectations> = {}): string {
  const result = verifyDocument(document, { root: ROOT, at: NOW, ...expectations });
  return result.valid ? 'valid' : result.reason;
}

const certificate = (place: Place, change: NonNullable<NonNullable<Changes['certificates']>[Place]>): Changes => ({
  certificates: { [place]: change },
});
const more = (place: Place, ...list: Uint8Array[]): Changes =>
  certificate(place, { extensions: [...extensionsOf(place), ...list] });
const field = (name: string, value: Parameters<typeof encodeCbor>[0] | undefined): Changes => ({
  fields: { [name]: value },
});
const stranger = generateEcKey('P-384');
const UNKNOWN = '1.3.6.1.4.1.99999.1';

const FIELDS: readonly (readonly [reason: string, name: string, changes: Changes])[] = [
  ...[
    'module_id',
    'digest',
    'timestamp',
    'pcrs',
    'certificate',
    'cabundle',
    'public_key',
    'user_data',
    'nonce',
  ].flatMap((name): [string, string, Changes][] => [['field-missing', `without ${name}`, field(name, undefined)]]),
  ['field-unknown', 'a field more', field('extra', 1)],
  ['field-type', 'module_id as bytes', field('module_id', Buffer.from('i-0'))],
  ['module-id', 'empty module_id', field('module_id', '')],
  ['module-id', 'module_id of 257 characters', field('module_id', 'i'.repeat(257))],
  ['digest', 'digest SHA256', field('digest', 'SHA256')],
  ['digest', 'digest null', field('digest', null)],
  ['timestamp', 'timestamp 0', field('timestamp', 0)],
  ['timestamp', 'timestamp before the epoch', field('timestamp', -1)],
  ['timestamp', 'timestamp of 64 bits', field('timestamp', 2n ** 64n - 1n)],
  ['field-type', 'timestamp as text', field('timestamp', String(NOW))],
  ['field-type', 'pcrs as an array', field('pcrs', [IMAGE.pcr0])],
  ['pcr-count', 'no PCRs', field('pcrs', new Map())],
  ['pcr-count', '33 PCRs', field('pcrs', new Map(Array.from({ length: 33 }, (_, index) => [index, ZERO])))],
  ['pcr-index', 'PCR32', field('pcrs', pcrs({ 32: ZERO }))],
  ['pcr-index', 'PCR -1', field('pcrs', new Map([[-1, ZERO]]))],
  ['pcr-index', 'PCR index as text', field('pcrs', new Map([['0', ZERO]]))],
  ['pcr-length', 'PCR of 32 bytes', field('pcrs', pcrs({ 5: new Uint8Array(32) }))],
  ['field-type', 'PCR as text', field('pcrs', new Map([[0, 'x']]))],
  ['field-type', 'certificate null', field('certificate', null)],
  ['certificate-size', 'certificate empty', field('certificate', new Uint8Array(0))],
  ['certificate-size', 'certificate of 1025 bytes', field('certificate', new Uint8Array(1025))],
  ['field-type', 'cabundle holds text', field('cabundle', ['x'])],
  ['cabundle', 'cabundle empty', field('cabundle', [])],
  [
    'cabundle',
    'nine certificates',
    field(
      'cabundle',
      Array.from({ length: 9 }, () => ROOT),
    ),
  ],
  ['certificate-size', 'an empty certificate in cabundle', field('cabundle', [ROOT, new Uint8Array(0)])],
  ['field-type', 'public_key as text', field('public_key', 'x')],
  ['field-size', 'public_key empty', field('public_key', new Uint8Array(0))],
  ['field-size', 'public_key of 1025 bytes', field('public_key', new Uint8Array(1025))],
  ['field-size', 'user_data of 1025 bytes', field('user_data', new Uint8Array(1025))],
  ['field-size', 'nonce of 1025 bytes', field('nonce', new Uint8Array(1025))],
  ['field-type', 'nonce as a number', field('nonce', 1)],
  ['pcr-missing', 'no PCR0', field('pcrs', pcrs({ 0: null }))],
  ['pcr-missing', 'no PCR2', field('pcrs', pcrs({ 2: null }))],
  ['debug', 'PCR0 zero', field('pcrs', pcrs({ 0: ZERO }))],
  ['debug', 'PCR1 zero', field('pcrs', pcrs({ 1: ZERO }))],
  ['debug', 'PCR2 zero', field('pcrs', pcrs({ 2: ZERO }))],
];

t.test('validly signed payloads that are wrong, each refused with its own code', async (t) => {
  t.equal(verdict(forge()), 'valid', 'what all of them are changed from');
  t.equal(FIELDS.length, 45);
  for (const [reason, name, changes] of FIELDS) {
    t.equal(verdict(forge(changes)), reason, name);
  }
});

const EXPECTATIONS: readonly (readonly [outcome: string, name: string, expectations: Partial<Expectations>])[] = [
  ['valid', 'all PCRs of the image', { pcrs: { 0: IMAGE.pcr0, 1: IMAGE.pcr1, 2: IMAGE.pcr2, 3: ZERO } }],
  ['pcr-mismatch', 'another PCR0', { pcrs: { 0: IMAGE.pcr2 } }],
  ['pcr-mismatch', 'PCR0 right, PCR8 wrong', { pcrs: { 0: IMAGE.pcr0, 8: IMAGE.pcr0 } }],
  ['pcr-mismatch', 'a PCR0 that is cut short', { pcrs: { 0: IMAGE.pcr0.subarray(0, 47) } }],
  ['pcr-missing', 'a PCR that is not in the document', { pcrs: { 0: IMAGE.pcr0, 16: ZERO } }],
  ['valid', 'the nonce', { nonce: NONCE }],
  ['nonce-mismatch', 'a part of the nonce', { nonce: NONCE.subarray(0, 15) }],
  ['nonce-mismatch', 'another nonce', { nonce: Buffer.alloc(16) }],
  ['nonce-mismatch', 'no nonce', { nonce: null }],
  ['nonce-mismatch', 'an empty nonce', { nonce: new Uint8Array(0) }],
  ['valid', 'the user data', { userData: Buffer.from('user data') }],
  ['user-data-mismatch', 'other user data', { userData: Buffer.from('user dat') }],
  ['valid', 'no public key', { publicKey: null }],
  ['public-key-mismatch', 'a public key', { publicKey: Buffer.from('k') }],
  ['public-key-mismatch', 'an empty public key is not null', { publicKey: new Uint8Array(0) }],
  ['valid', 'exactly old enough', { maxAgeMs: 5000, now: NOW + 5000 }],
  ['stale', 'a millisecond too old', { maxAgeMs: 5000, now: NOW + 5001 }],
  ['valid', 'a little ahead of now', { maxAgeMs: 5000, now: NOW - MAX_AHEAD_MS }],
  ['future', 'too far ahead of now', { maxAgeMs: 5000, now: NOW - MAX_AHEAD_MS - 1 }],
  ['stale', 'age against `at`', { maxAgeMs: 5000, at: NOW + 6000 }],
  ['time-missing', 'age without a time', { maxAgeMs: 5000, at: 'document' }],
  ['certificate-expired', 'verified later', { at: NOW + 2 * HOUR }],
  ['valid', 'in the last second', { at: NOW + HOUR + 999 }],
  ['certificate-expired', 'a second after the last', { at: NOW + HOUR + 1000 }],
  ['certificate-not-yet-valid', 'a millisecond before the first', { at: NOW - HOUR - 1 }],
  ['certificate-not-yet-valid', 'no time at all', { at: Number.NaN }],
  ['root-untrusted', 'a root that is not the one', { root: '00'.repeat(32) }],
  ['root-untrusted', 'no root', { root: '' }],
];

t.test('what a verifier may expect', async (t) => {
  const document = forge();
  for (const [expected, name, expectations] of EXPECTATIONS) {
    t.equal(verdict(document, expectations), expected, name);
  }
  const debug = forge(field('pcrs', pcrs({ 0: ZERO, 1: ZERO, 2: ZERO })));
  t.equal(verdict(debug, { allowDebug: true }), 'valid', 'debug, when asked for');
  t.equal(verdict(debug, { allowDebug: true, pcrs: { 0: IMAGE.pcr0 } }), 'pcr-mismatch', 'but never as another image');
  t.equal(verdict(forge(field('pcrs', pcrs({ 0: null }))), { allowDebug: true }), 'pcr-missing');
});

t.test('right documents of every shape', async (t) => {
  t.equal(
    verdict(forge(field('user_data', new Uint8Array(0))), { userData: new Uint8Array(0) }),
    'valid',
    'empty user data',
  );
  t.equal(verdict(forge(field('user_data', new Uint8Array(1024)))), 'valid', '1024 bytes of user data');
  t.equal(
    verdict(forge(more('leaf', extension(UNKNOWN, false, sequence())))),
    'valid',
    'an unknown extension that is not critical',
  );
  t.equal(
    verdict(forge({ ...more('zonal', sequence(oid(UNKNOWN), TRUE, octetString(ZERO))) })),
    'certificate-extension-unknown',
  );
  const all = new Map([
    ...pcrs(),
    ...Array.from({ length: 16 }, (_, index): [number, Uint8Array] => [16 + index, ZERO]),
  ]);
  t.equal(verdict(forge(field('pcrs', all))), 'valid', '32 PCRs');
  const shorter = {
    without: ['zonal', 'instance'],
    certificates: { leaf: { issuer: { O: 'Test', CN: 'regional' } } },
  } as const;
  t.equal(verdict(forge(shorter)), 'certificate-signature', 'a shorter chain still needs each signature');
});

t.test('the envelope around a right payload', async (t) => {
  const leafKey = stranger.privateKey;
  const rows: readonly (readonly [string, Uint8Array])[] = [
    ['document-size', new Uint8Array(16_385)],
    ['document-structure', encodeCbor(new Map())],
    ['document-structure', encodeCbor([new Uint8Array(0), new Map(), null, new Uint8Array(96)])],
    [
      'document-algorithm',
      encodeCbor([Buffer.from('a10126', 'hex'), new Map(), new Uint8Array(1), new Uint8Array(96)]),
    ],
    [
      'document-algorithm',
      encodeCbor([
        Buffer.from('a1013822', 'hex'),
        new Map([[4, new Uint8Array(1)]]),
        new Uint8Array(1),
        new Uint8Array(96),
      ]),
    ],
    [
      'signature-length',
      encodeCbor([Buffer.from('a1013822', 'hex'), new Map(), new Uint8Array(1), new Uint8Array(95)]),
    ],
    ['payload-structure', signDocument(encodeCbor([]), { leafKey })],
    ['cbor-trailing', signDocument(Buffer.concat([encodeIndefiniteMap([]), Uint8Array.of(0)]), { leafKey })],
    ['cbor-unsupported', signDocument(Buffer.from('d2a0', 'hex'), { leafKey })],
    ['cbor-trailing', Buffer.concat([forge(), Uint8Array.of(0)])],
  ];
  for (const [reason, document] of rows) {
    t.equal(verdict(document), reason);
  }
});

t.test('no change of a byte is taken, and none throws', async () => {
  const document = forge();
  fc.assert(
    fc.property(fc.nat(document.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bent = Uint8Array.from(document);
      bent[at] = (bent[at] ?? 0) ^ change;
      return verdict(bent) !== 'valid';
    }),
    { seed: 384, numRuns: Math.max(100, Math.round(20_000 * Number(process.env['REEVE_SCALE'] ?? 0.01))) },
  );
});

t.test('codes: numbers of this folder, each once', async (t) => {
  const numbers = Object.values(attestationCodes).map(({ number }) => number);
  t.equal(new Set(numbers).size, numbers.length);
  t.ok(numbers.every((number) => number >= 2000 && number < 3000));
});
