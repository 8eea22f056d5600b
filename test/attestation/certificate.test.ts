/** Certificate chains that are validly signed and wrong, each refused with its own code. */
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { verifyDocument } from '../../attestation/verify.ts';
import { integer, octetString, sequence } from '../../scripts/dev/der.ts';
import { basicConstraints, extension, generateEcKey, keyUsage } from '../../scripts/dev/pki.ts';
import type { Changes, Place } from './forge.ts';
import { extensionsOf, forge, NOW, PLACES, ROOT } from './forge.ts';

const HOUR = 3_600_000;
const ZERO = new Uint8Array(48);

function verdict(document: Uint8Array): string {
  const result = verifyDocument(document, { root: ROOT, at: NOW });
  return result.valid ? 'valid' : result.reason;
}

const certificate = (place: Place, change: NonNullable<NonNullable<Changes['certificates']>[Place]>): Changes => ({
  certificates: { [place]: change },
});
const extensions = (place: Place, ...list: Uint8Array[]): Changes => certificate(place, { extensions: list });
const more = (place: Place, ...list: Uint8Array[]): Changes => extensions(place, ...extensionsOf(place), ...list);
const p256 = generateEcKey('P-256');
const stranger = generateEcKey('P-384');
const DIGITAL_SIGNATURE = keyUsage(['digitalSignature']);
const UNKNOWN = '1.3.6.1.4.1.99999.1';

const CHAIN: readonly (readonly [reason: string, name: string, changes: Changes])[] = [
  ['root-untrusted', 'another root of the same name', certificate('root', {})],
  ['root-untrusted', 'bundle without its root', { without: ['root'] }],
  [
    'root-untrusted',
    'bundle that starts with a trailing byte after the root',
    { der: { root: (der) => Buffer.concat([der, Uint8Array.of(0)]) } },
  ],
  ...PLACES.slice(1).flatMap((place): [string, string, Changes][] => [
    [
      'certificate-expired',
      `${place} expired`,
      certificate(place, { notBefore: NOW - 2 * HOUR, notAfter: NOW - HOUR }),
    ],
    ['certificate-expired', `${place} expired a second ago`, certificate(place, { notAfter: NOW - 1000 })],
    ['certificate-not-yet-valid', `${place} begins in a second`, certificate(place, { notBefore: NOW + 1000 })],
    ['certificate-signature', `${place} signed by a stranger`, certificate(place, { signer: stranger.privateKey })],
    [
      'certificate-issuer',
      `${place} names another issuer`,
      certificate(place, { issuer: { O: 'Test', CN: 'someone' } }),
    ],
    [
      'certificate-malformed',
      `${place} with a trailing byte`,
      { der: { [place]: (der: Uint8Array) => Buffer.concat([der, Uint8Array.of(0)]) } },
    ],
    ['certificate-malformed', `${place} cut off`, { der: { [place]: (der: Uint8Array) => der.subarray(0, -1) } }],
    [
      'certificate-extension-unknown',
      `${place} with an unknown critical extension`,
      more(place, extension(UNKNOWN, true, sequence())),
    ],
    [
      'certificate-extension-unknown',
      `${place} with critical name constraints`,
      more(place, extension('2.5.29.30', true, sequence())),
    ],
    [
      'certificate-extension-duplicate',
      `${place} with two key usages`,
      more(place, keyUsage(['digitalSignature', 'keyCertSign'])),
    ],
    [
      'certificate-extension-malformed',
      `${place} with an unreadable key usage`,
      extensions(place, extension('2.5.29.15', true, octetString(ZERO))),
    ],
  ]),
  ...(['regional', 'zonal', 'instance'] as const).flatMap((place): [string, string, Changes][] => [
    [
      'certificate-not-ca',
      `${place} without CA mark`,
      extensions(place, basicConstraints(false), keyUsage(['keyCertSign'])),
    ],
    ['certificate-not-ca', `${place} without basic constraints`, extensions(place, keyUsage(['keyCertSign']))],
    [
      'certificate-key-usage',
      `${place} that may not sign certificates`,
      extensions(place, basicConstraints(true), DIGITAL_SIGNATURE),
    ],
    ['certificate-key-usage', `${place} without key usage`, extensions(place, basicConstraints(true))],
    ['certificate-algorithm', `${place} on P-256`, certificate(place, { publicKey: p256.publicKey })],
    ['certificate-algorithm', `${place} signed with SHA-256`, certificate(place, { hash: 'sha256' })],
  ]),
  [
    'certificate-path-length',
    'regional with path length 1',
    extensions('regional', basicConstraints(true, 1), keyUsage(['keyCertSign'])),
  ],
  [
    'certificate-path-length',
    'regional with path length 0',
    extensions('regional', basicConstraints(true, 0), keyUsage(['keyCertSign'])),
  ],
  [
    'certificate-path-length',
    'zonal with path length 0',
    extensions('zonal', basicConstraints(true, 0), keyUsage(['keyCertSign'])),
  ],
  [
    'certificate-extension-malformed',
    'path length without CA mark',
    extensions('zonal', extension('2.5.29.19', true, sequence(integer(Uint8Array.of(1))))),
  ],
  [
    'leaf-is-ca',
    'leaf marked as CA',
    extensions('leaf', basicConstraints(true), keyUsage(['digitalSignature', 'keyCertSign'])),
  ],
  [
    'leaf-signs-certificates',
    'leaf that may sign certificates',
    extensions('leaf', basicConstraints(false), keyUsage(['digitalSignature', 'keyCertSign'])),
  ],
  [
    'certificate-key-usage',
    'leaf that may not sign',
    extensions('leaf', basicConstraints(false), keyUsage(['nonRepudiation'])),
  ],
  ['certificate-key-usage', 'leaf without key usage', extensions('leaf', basicConstraints(false))],
  ['certificate-algorithm', 'leaf on P-256', certificate('leaf', { publicKey: p256.publicKey })],
  [
    'certificate-algorithm',
    'leaf on Ed25519',
    certificate('leaf', { publicKey: generateKeyPairSync('ed25519').publicKey }),
  ],
  ['certificate-issuer', 'an intermediate left out', { without: ['zonal'] }],
  ['certificate-issuer', 'all intermediates left out', { without: ['regional', 'zonal', 'instance'] }],
  ['document-signature', 'signed by a key that is not the leaf', { signer: stranger.privateKey }],
  ['document-signature', 'leaf for another key', certificate('leaf', { publicKey: stranger.publicKey })],
];

t.test('validly signed chains that are wrong, each refused with its own code', async (t) => {
  t.equal(verdict(forge()), 'valid', 'what all of them are changed from');
  t.equal(CHAIN.length, 79);
  for (const [reason, name, changes] of CHAIN) {
    t.equal(verdict(forge(changes)), reason, name);
  }
});

t.test('no bent certificate throws', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...PLACES.slice(1)), fc.nat(2000), fc.nat(255), (place, at, byte) => {
      const bend = (der: Uint8Array) => Uint8Array.from(der, (old, index) => (index === at % der.length ? byte : old));
      return typeof verdict(forge({ der: { [place]: bend } })) === 'string';
    }),
    { seed: 509, numRuns: Math.max(50, Math.round(2_000 * Number(process.env['REEVE_SCALE'] ?? 0.01))) },
  );
});
