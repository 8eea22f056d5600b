/** Every real, broken and mutated attestation document of the shared vectors, with the verdict its index states. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fingerprint } from '../../attestation/certificate.ts';
import { measureOnce } from '../../attestation/measure.ts';
import { AWS_NITRO_ROOT_FINGERPRINT } from '../../attestation/roots.ts';
import type { Expectations } from '../../attestation/verify.ts';
import { verifyDocument } from '../../attestation/verify.ts';
import { findVectors } from '../vectors.ts';

const { dir, skip } = findVectors('attestation');
const read = (...path: string[]): Uint8Array => readFileSync(join(dir, ...path));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const ROOT = { root: AWS_NITRO_ROOT_FINGERPRINT } as const;
const ZERO = '0'.repeat(96);
/** The time at which the mutated documents' original is valid. */
const MUTATED_AT = 1668034320696;

function verdict(bytes: Uint8Array, expectations: Partial<Expectations>): string {
  const result = verifyDocument(bytes, { ...ROOT, at: 'document', ...expectations });
  return result.valid ? 'valid' : result.reason;
}

interface Row {
  readonly file: string;
  readonly timestamp: number;
  readonly map: string;
  readonly entries: number;
  readonly nonzero: readonly number[];
  readonly debug: boolean;
  readonly lengths: readonly (number | null)[];
  readonly sha256: string;
  readonly pcrs: readonly (readonly [number, string])[];
}

/** The two tables of the index about `valid/`: one row per file, by the file's name without its ending. */
function readIndex(): ReadonlyMap<string, Row> {
  const lines = readFileSync(join(dir, 'INDEX.md'), 'utf8').split('\n');
  const cells = lines
    .filter((line) => /^\| \d\d-/.test(line))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
  const values = new Map(cells.filter((row) => row.length === 9).map((row) => [row[0] ?? '', row]));
  const length = (cell = ''): number | null => (cell === 'null' ? null : Number(cell));
  const rows = cells
    .filter((row) => row.length === 13)
    .map((row): [string, Row] => {
      const name = (row[0] ?? '').replace('.cbor', '');
      const [, hash = '', ...pcrs] = values.get(name) ?? [];
      const [pcr0, pcr1, pcr2, pcr3, pcr4, pcr8, more = ''] = pcrs;
      const listed = [pcr0, pcr1, pcr2, pcr3, pcr4].map((value, index) => [index, value ?? ''] as const);
      const extra =
        more === '-'
          ? []
          : more.split(' ').map((item) => [Number(item.split('=')[0]), item.split('=')[1] ?? ''] as const);
      return [
        name,
        {
          file: row[0] ?? '',
          timestamp: Number(row[2]),
          map: row[5] ?? '',
          entries: Number(row[6]),
          nonzero: (row[7] ?? '').split(',').map(Number),
          debug: row[8] === 'YES',
          lengths: [length(row[9]), length(row[10]), length(row[11])],
          sha256: hash,
          pcrs: [...listed, [8, pcr8 ?? ''] as const, ...extra].map(
            ([index, value]) => [index, value === '0' ? ZERO : value] as const,
          ),
        },
      ];
    });
  return new Map(rows);
}

t.test('real documents: valid at their own time with exactly the listed contents', { skip }, async (t) => {
  const index = readIndex();
  const files = readdirSync(join(dir, 'valid'));
  t.equal(files.length, 20, 'every file that is there');
  for (const file of files) {
    const row = index.get(file.replace('.cbor', ''));
    const bytes = read('valid', file);
    if (row === undefined) {
      t.fail(`${file} is not in the index`);
      continue;
    }
    t.equal(sha256(bytes), row.sha256, file);
    const pcrs = Object.fromEntries(row.pcrs.map(([number, value]) => [number, Buffer.from(value, 'hex')]));
    const result = verifyDocument(bytes, { ...ROOT, at: 'document', pcrs, allowDebug: true });
    if (!result.valid) {
      t.fail(`${file}: ${result.reason} ${result.detail}`);
      continue;
    }
    const { document } = result;
    t.equal(document.timestamp, row.timestamp);
    t.equal(document.pcrs.size, row.entries);
    const nonzero = [...document.pcrs]
      .filter(([, value]) => value.some((byte) => byte !== 0))
      .map(([number]) => number);
    t.same(nonzero, row.nonzero);
    t.same(
      [document.publicKey, document.userData, document.nonce].map((field) => field?.length ?? null),
      row.lengths,
    );
    const instance = document.moduleId.split('-enc')[0] ?? '';
    t.same(document.pcrs.get(4), measureOnce(Buffer.from(instance)), 'PCR4 measures the instance id');
    t.equal(verdict(bytes, {}), row.debug ? 'debug' : 'valid', 'debug is refused without the word for it');
    t.equal(verdict(bytes, { at: Date.now(), allowDebug: true }), 'certificate-expired', 'expired today');
    t.equal(
      verdict(bytes, { at: row.timestamp - 4 * 3_600_000, allowDebug: true }),
      'certificate-not-yet-valid',
      'not yet valid before',
    );
  }
});

t.test('the pinned root', { skip }, async (t) => {
  const der = read('anchors', 'aws-nitro-enclaves-root-g1.der');
  const bytes = read('valid', '15-turnkey-2025-09-indef-a.cbor');
  t.equal(fingerprint(der), AWS_NITRO_ROOT_FINGERPRINT);
  t.equal(verdict(bytes, { root: der }), 'valid', 'given as DER');
  for (const file of ['fortanix-tampered-root.pem', 'fortanix-unknown-ca.pem']) {
    const pem = Buffer.from(read('anchors', file)).toString('latin1');
    const other = Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
    t.equal(verdict(bytes, { root: other }), 'root-untrusted', file);
  }
});

const MALFORMED: Readonly<Record<string, string>> = {
  'm01-veracruz-bad-signature.cbor': 'document-signature',
  'm02-fortanix-tampered-certificate.cbor': 'certificate-malformed',
  'm03-fortanix-tampered-signature.cbor': 'document-signature',
  'm04-eternis-invalid.cbor': 'document-signature',
  'm05-oyster-custom-root.cbor': 'root-untrusted',
  'm06-oyster-custom-root-pcr16.cbor': 'root-untrusted',
  'm07-veraison-cca-token-a.cbor': 'field-missing',
  'm08-veraison-cca-token-b.cbor': 'field-missing',
  'm09-dstack-scale-framed-a.bin': 'cbor-trailing',
  'm10-dstack-scale-framed-b.bin': 'cbor-trailing',
  'm11-nitroprover-trailing-abi.cbor': 'cbor-trailing',
};

const MUTATED: Readonly<Record<string, string>> = {
  'x01-tag18-prefixed.cbor': 'valid',
  'x03-double-tag18.cbor': 'cbor-unsupported',
  'x05-truncated-last-byte.cbor': 'cbor-truncated',
  'x07-three-elements.cbor': 'document-structure',
  'x09-outer-indefinite-array.cbor': 'cbor-unsupported',
  'x11-alg-eddsa.cbor': 'document-algorithm',
  'x13-alg-in-unprotected.cbor': 'document-algorithm',
  'x15-payload-nonminimal-length.cbor': 'cbor-not-minimal',
  'x17-payload-null-detached.cbor': 'document-structure',
  'x19-timestamp-bitflip.cbor': 'document-signature',
  'x21-signature-r-s-swapped.cbor': 'document-signature',
  'x23-signature-zero-64.cbor': 'signature-length',
  'x25-signature-der.cbor': 'signature-length',
  'x27-module-id-empty.cbor': 'module-id',
  'x29-timestamp-zero.cbor': 'timestamp',
  'x31-timestamp-float.cbor': 'cbor-unsupported',
  'x33-unknown-key.cbor': 'field-unknown',
  'x35-empty-cabundle.cbor': 'cabundle',
  'x37-cabundle-missing-intermediate.cbor': 'certificate-issuer',
  'x39-pcrs-empty.cbor': 'pcr-count',
  'x41-pcr-index-text.cbor': 'pcr-index',
  'x43-pcr-47-bytes.cbor': 'pcr-length',
  'x45-pcr0-missing.cbor': 'document-signature',
  'x47-user-data-1025.cbor': 'field-size',
  'x49-nonce-int.cbor': 'field-type',
  'x51-cbor-length-bomb.cbor': 'cbor-not-minimal',
  'x53-empty.cbor': 'document-size',
};

t.test('broken and foreign documents are refused at any time', { skip }, async (t) => {
  const files = readdirSync(join(dir, 'malformed-upstream'));
  t.same(files, Object.keys(MALFORMED));
  for (const file of files) {
    t.equal(verdict(read('malformed-upstream', file), { allowDebug: true }), MALFORMED[file], file);
    t.not(verdict(read('malformed-upstream', file), { allowDebug: true, at: Date.now() }), 'valid', `${file} today`);
  }
});

t.test('mechanical mutations', { skip }, async (t) => {
  const files = readdirSync(join(dir, 'mutated'));
  t.same(files, Object.keys(MUTATED));
  for (const file of files) {
    t.equal(verdict(read('mutated', file), { at: MUTATED_AT }), MUTATED[file], file);
  }
});
