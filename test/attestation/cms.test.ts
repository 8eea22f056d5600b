/** KMS envelopes: AWS's own samples opened, mutations refused as listed, and our writer byte-equal to AWS. */
import type { KeyObject } from 'node:crypto';
import {
  constants,
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContentInfo, EnvelopedData } from '@peculiar/asn1-cms';
import { AsnConvert } from '@peculiar/asn1-schema';
import fc from 'fast-check';
import t from 'tap';
import { openCiphertextForRecipient, parseEnvelope } from '../../attestation/cms.ts';
import type { EnvelopeVariant } from '../../scripts/dev/kms/envelope.ts';
import { sealForRecipient, writeEnvelope } from '../../scripts/dev/kms/envelope.ts';
import { findVectors } from '../vectors.ts';

const RUNS = Math.max(100, Math.round(20_000 * Number(process.env['REEVE_SCALE'] ?? 0.01)));
const VARIANTS: readonly EnvelopeVariant[] = ['constructed', 'primitive'];
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const spki = rsa.publicKey.export({ type: 'spki', format: 'der' });
const plaintext = Buffer.from('a data key of thirty-two bytes..');

function open(ber: Uint8Array, key: KeyObject = rsa.privateKey, recipient: Uint8Array = spki): string {
  const opened = openCiphertextForRecipient(ber, key, recipient);
  return opened.ok ? Buffer.from(opened.value).toString('hex') : opened.refusal.reason;
}

const { dir, skip } = findVectors('attestation');
const read = (name: string): Uint8Array => readFileSync(join(dir, 'cms', name));

/** Opened with the key of c1. `bent` opens, since the envelope has no integrity, and gives another plaintext. */
const SAMPLES: Readonly<Record<string, string>> = {
  'c1-edgebit-datakey.ber': 'plaintext',
  'c2-sdkc-constructed-content.ber': 'cms-recipient',
  'c3-sdkc-primitive-content.ber': 'cms-recipient',
  'cx1-ciphertext-bitflip.ber': 'bent',
  'cx2-encrypted-key-bitflip.ber': 'cms-key',
  'cx3-ski-bitflip.ber': 'cms-recipient',
  'cx4-iv-flip.ber': 'bent',
  'cx5-truncated.ber': 'cms-encoding',
  'cx6-version-0.ber': 'cms-version',
  'cx7-trailing.ber': 'cms-encoding',
  'cx8-aes128-oid.ber': 'cms-algorithm',
  'cx9-oaep-hash-sha384.ber': 'cms-algorithm',
};

t.test('samples and their mutations', { skip }, async (t) => {
  const key = createPrivateKey(Buffer.from(read('c1-edgebit-recipient-key.pem')));
  const recipient = createPublicKey(key as never).export({ type: 'spki', format: 'der' });
  const wanted = Buffer.from(read('c1-edgebit-plaintext.bin')).toString('hex');
  const files = readdirSync(join(dir, 'cms')).filter((name) => name.endsWith('.ber'));
  t.same(files, Object.keys(SAMPLES));
  for (const file of files) {
    const found = open(read(file), key, recipient);
    const outcome = found === wanted ? 'plaintext' : /^[0-9a-f]{64}$/.test(found) ? 'bent' : found;
    t.equal(outcome, SAMPLES[file], file);
  }
});

t.test('the parts of the samples without a key, and the same bytes written again', { skip }, async (t) => {
  const rows = [
    ['c1-edgebit-datakey.ber', 'constructed', null],
    ['c2-sdkc-constructed-content.ber', 'constructed', 'c2-sdkc'],
    ['c3-sdkc-primitive-content.ber', 'primitive', 'c3-sdkc'],
  ] as const;
  for (const [file, variant, stem] of rows) {
    const parsed = parseEnvelope(read(file));
    if (!parsed.ok) {
      t.fail(`${file}: ${parsed.refusal.detail}`);
      continue;
    }
    t.same(
      Buffer.from(writeEnvelope(parsed.value, variant)),
      Buffer.from(read(file)),
      `${file} written as AWS wrote it`,
    );
    if (stem !== null) {
      const parts = ['encrypted-key', 'iv', 'ciphertext'].map((part) => Buffer.from(read(`${stem}-${part}.bin`)));
      const { encryptedKey, iv, ciphertext } = parsed.value;
      t.same(
        [encryptedKey, iv, ciphertext].map((part) => Buffer.from(part)),
        parts,
        stem,
      );
    }
  }
});

t.test('what our writer seals, our reader opens, and an independent parser sees the same parts', async (t) => {
  for (const variant of VARIANTS) {
    for (const bits of [2048, 3072]) {
      const pair = generateKeyPairSync('rsa', { modulusLength: bits });
      const recipient = pair.publicKey.export({ type: 'spki', format: 'der' });
      for (const length of bits === 2048 ? [0, 1, 15, 16, 48, 1024] : [32]) {
        const secret = randomBytes(length);
        t.equal(
          open(sealForRecipient(secret, recipient, variant), pair.privateKey, recipient),
          secret.toString('hex'),
          `${variant} ${bits} ${length}`,
        );
      }
    }
    const ber = sealForRecipient(plaintext, spki, variant);
    const parsed = parseEnvelope(ber);
    const { content } = AsnConvert.parse(ber, ContentInfo);
    const { recipientInfos, encryptedContentInfo } = AsnConvert.parse(content, EnvelopedData);
    const transport = recipientInfos[0]?.ktri;
    const keyId = Buffer.from(transport?.rid.subjectKeyIdentifier?.buffer ?? new ArrayBuffer(0));
    const encryptedKey = Buffer.from(transport?.encryptedKey.buffer ?? new ArrayBuffer(0));
    const encrypted = encryptedContentInfo.encryptedContent;
    const chunks = encrypted?.value === undefined ? (encrypted?.constructedValue ?? []) : [encrypted.value];
    const ciphertext = Buffer.concat(chunks.map(({ buffer }) => Buffer.from(buffer)));
    t.ok(parsed.ok);
    t.same(
      parsed.ok
        ? [parsed.value.keyId, parsed.value.encryptedKey, parsed.value.ciphertext].map((part) => Buffer.from(part))
        : [],
      [keyId, encryptedKey, ciphertext],
    );
  }
});

/** An envelope around any content key and ciphertext, correctly addressed. */
function craft(
  contentKey: Uint8Array,
  ciphertext: Uint8Array,
  iv: Uint8Array = Buffer.alloc(16),
  oaepHash = 'sha256',
): Uint8Array {
  const encryptedKey = publicEncrypt(
    { key: rsa.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash },
    contentKey,
  );
  return writeEnvelope(
    { keyId: createHash('sha256').update(spki).digest(), encryptedKey, iv, ciphertext },
    'primitive',
  );
}

t.test('refused, each with its code', async (t) => {
  const key = randomBytes(32);
  const block = createCipheriv('aes-256-cbc', key, Buffer.alloc(16)).setAutoPadding(false);
  const unpadded = Buffer.concat([block.update(Buffer.alloc(32)), block.final()]);
  const good = sealForRecipient(plaintext, spki, 'primitive');
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const larger = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const rows: readonly (readonly [reason: string, name: string, found: string])[] = [
    ['cms-content', 'padding that is none', open(craft(key, unpadded))],
    ['cms-key', 'content key of 16 bytes', open(craft(randomBytes(16), unpadded))],
    ['cms-key', 'OAEP with SHA-1', open(craft(key, unpadded, Buffer.alloc(16), 'sha1'))],
    ['cms-structure', 'IV of 15 bytes', open(craft(key, unpadded, Buffer.alloc(15)))],
    ['cms-structure', 'no content', open(craft(key, new Uint8Array(0)))],
    ['cms-structure', 'half a block', open(craft(key, new Uint8Array(24)))],
    [
      'cms-recipient',
      'another recipient',
      open(good, other.privateKey, other.publicKey.export({ type: 'spki', format: 'der' })),
    ],
    ['cms-key', 'the right name on another key', open(good, other.privateKey)],
    ['cms-key', 'the right name on a larger key', open(good, larger.privateKey)],
    ['cms-size', 'nothing', open(new Uint8Array(0))],
    ['cms-size', 'too much', open(new Uint8Array(6145))],
    ['cms-encoding', 'an indefinite length that never ends', open(Buffer.from('3080308030803080', 'hex'))],
    ['cms-encoding', 'a length of four bytes', open(Buffer.from('308400000000', 'hex'))],
    ['cms-encoding', 'a length that is not shortest', open(Buffer.from('30810100', 'hex'))],
    ['cms-encoding', 'very deep', open(Buffer.alloc(4000, Buffer.from('3080', 'hex')))],
    ['cms-structure', 'an empty sequence', open(Buffer.from('3000', 'hex'))],
  ];
  for (const [reason, name, found] of rows) {
    t.equal(found, reason, name);
  }
});

t.test('no bent envelope throws, and outside key, IV and content none is taken', async () => {
  const ber = sealForRecipient(plaintext, spki, 'constructed');
  const parsed = parseEnvelope(ber);
  const free = parsed.ok ? [parsed.value.encryptedKey, parsed.value.iv, parsed.value.ciphertext] : [];
  const starts = free.map((part) => [Buffer.from(ber).indexOf(part), part.length] as const);
  fc.assert(
    fc.property(fc.nat(ber.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bent = Uint8Array.from(ber);
      bent[at] = (bent[at] ?? 0) ^ change;
      const found = open(bent);
      return found.startsWith('cms-') || starts.some(([start, length]) => at >= start && at < start + length);
    }),
    { seed: 5652, numRuns: RUNS },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => open(bytes).startsWith('cms-')),
    { seed: 5653, numRuns: RUNS * 5 },
  );
});
