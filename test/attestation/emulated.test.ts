/** Documents of an emulated NSM: read and believed only where someone asks for exactly that, and then nothing else is. */
import t from 'tap';
import type { CborValue } from '../../attestation/cbor.ts';
import { encodeCbor } from '../../attestation/cbor.ts';
import { parseDocument } from '../../attestation/document.ts';
import { UNSIGNED_EMULATION, verifyDocument } from '../../attestation/verify.ts';
import { forge, IMAGE, NONCE, NOW, ROOT } from './forge.ts';

const pcrs = new Map(
  [0, 1, 2, 3].map((index) => [index, [IMAGE.pcr0, IMAGE.pcr1, IMAGE.pcr2, new Uint8Array(48)][index] as Uint8Array]),
);
const zeros = new Uint8Array(64);

/** A document as QEMU's virtio-nsm writes it. */
function emulate({
  header = 'a10120',
  signature = zeros,
  ...fields
}: Record<string, CborValue> & { header?: string; signature?: Uint8Array } = {}): Uint8Array {
  const payload = {
    module_id: 'i-234-enc5678',
    digest: 'SHA384',
    timestamp: NOW,
    pcrs,
    certificate: zeros,
    cabundle: [zeros],
    public_key: null,
    user_data: null,
    nonce: NONCE,
    ...fields,
  };
  return encodeCbor([Buffer.from(header, 'hex'), new Map(), encodeCbor(new Map(Object.entries(payload))), signature]);
}

const unsigned = {
  root: UNSIGNED_EMULATION,
  at: NOW,
  now: NOW,
  maxAgeMs: 1000,
  nonce: NONCE,
  pcrs: { 0: IMAGE.pcr0 },
} as const;
const verdict = (bytes: Uint8Array, expectations: Parameters<typeof verifyDocument>[1] = unsigned) => {
  const found = verifyDocument(bytes, expectations);
  return found.valid ? 'valid' : found.reason;
};

t.test('what is asked of it still counts', async (t) => {
  const rows: [string, Uint8Array][] = [
    ['valid', emulate()],
    ['pcr-mismatch', emulate({ pcrs: new Map([...pcrs, [0, new Uint8Array(48).fill(1)]]) })],
    ['debug', emulate({ pcrs: new Map([...pcrs, [1, new Uint8Array(48)]]) })],
    ['nonce-mismatch', emulate({ nonce: null })],
    ['stale', emulate({ timestamp: NOW - 5000 })],
    ['field-missing', encodeCbor([Buffer.from('a10120', 'hex'), new Map(), encodeCbor(new Map()), zeros])],
    ['signature-length', emulate({ signature: new Uint8Array(64).fill(1) })],
    ['signature-length', emulate({ signature: new Uint8Array(96) })],
    ['document-algorithm', emulate({ header: 'a1013822' })],
  ];
  for (const [wanted, bytes] of rows) t.equal(verdict(bytes), wanted);
});

t.test('a signed document is not an unsigned one, nor the other way round', async (t) => {
  t.equal(verdict(forge()), 'document-algorithm');
  t.equal(verdict(forge(), { root: ROOT, at: NOW }), 'valid');
  t.equal(verdict(emulate(), { root: ROOT, at: NOW }), 'document-algorithm');
  t.equal(verdict(emulate({ header: 'a1013822' }), { root: ROOT, at: NOW }), 'signature-length');
  t.equal(
    verdict(emulate({ header: 'a1013822', signature: new Uint8Array(96) }), { root: ROOT, at: NOW }),
    'root-untrusted',
  );
  t.notOk(parseDocument(emulate()).ok);
});
