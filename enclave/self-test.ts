/** Known answers at the start: where the built-in cryptography and noble do not both give them, the enclave does not come up. */

import { createCipheriv, createHash } from 'node:crypto';
import { sign as signNoble } from '@noble/ed25519';
import { verifyStrict } from './link/ed25519.ts';
import { ReeveError } from './link/errors.ts';
import { createSigningKey } from './signing-key.ts';

/** RFC 8032 section 7.1, tests 1 to 3: seed, public key, message, signature. */
const ED25519_ANSWERS = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;

/** The neutral element as key and R, S = 0: a lenient verifier accepts it for every message. */
const SMALL_ORDER_KEY = `01${'00'.repeat(31)}`;
const SMALL_ORDER_SIGNATURE = `01${'00'.repeat(63)}`;

/** FIPS 180-4, message "abc". */
const SHA256_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

/** GCM's own test case 14: AES-256, key, nonce and block all zero; ciphertext, then tag. */
const GCM_ANSWER = 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919';

/** Throws `startup-refused` at the first answer that is not the known one. */
export function runSelfTest(): void {
  for (const [seed, publicKey, message, signature] of ED25519_ANSWERS) {
    const key = createSigningKey(hex(seed));
    expect('Ed25519 public key', key.publicKey, publicKey);
    expect('Ed25519 built-in', key.sign(hex(message)), signature);
    expect('Ed25519 noble', signNoble(hex(message), hex(seed)), signature);
    expectVerdict(true, signature, message, publicKey);
    expectVerdict(false, signature, `${message}00`, publicKey);
  }
  expectVerdict(false, SMALL_ORDER_SIGNATURE, '', SMALL_ORDER_KEY);
  expect('SHA-256', createHash('sha256').update('abc').digest(), SHA256_ABC);
  expect('AES-256-GCM', encryptZeroBlock(), GCM_ANSWER);
}

function encryptZeroBlock(): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12));
  return Buffer.concat([cipher.update(Buffer.alloc(16)), cipher.final(), cipher.getAuthTag()]);
}

function hex(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}

function expect(what: string, observed: Uint8Array, expected: string): void {
  if (Buffer.from(observed).toString('hex') !== expected) throw new ReeveError('startup-refused', { selfTest: what });
}

function expectVerdict(verdict: boolean, signature: string, message: string, key: string): void {
  if (verifyStrict(hex(signature), hex(message), hex(key)) !== verdict) {
    throw new ReeveError('startup-refused', { selfTest: 'Ed25519 verification' });
  }
}
