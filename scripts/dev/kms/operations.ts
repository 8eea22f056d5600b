/** The operations of the development KMS, one function each, in one table by the names of the wire. */

import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import type { Anchor } from '../../../attestation/certificate.ts';
import { decryptBlob, encryptBlob, keyIdOf, MAX_BLOB_BYTES } from './blob.ts';
import { fail } from './faults.ts';
import type { Input } from './input.ts';
import { blob, choice, optionalCount, optionalFlag, optionalMap, optionalText, text } from './input.ts';
import type { Interferer } from './interference.ts';
import { forge } from './interference.ts';
import { authorize, parsePolicy, STANDARD_POLICY } from './policy.ts';
import type { Recipient } from './recipient.ts';
import { attestationConditions, readRecipient } from './recipient.ts';
import type { KeyStore, KmsKey } from './store.ts';
import { ACCOUNT } from './store.ts';

/** Bytes of a message for Sign and Verify. */
const MAX_MESSAGE_BYTES = 4096;
/** Bytes of a data key. */
const MAX_DATA_KEY_BYTES = 1024;
/** Grants in one answer, unless the request asks otherwise. */
const GRANTS_PER_PAGE = 50;
const MAX_GRANTS_PER_PAGE = 100;
const SIGNING_ALGORITHMS = ['ED25519_SHA_512', 'ED25519_PH_SHA_512'] as const;

export interface KmsContext {
  readonly keys: KeyStore;
  readonly nsmRootDer: Anchor;
  readonly now: () => number;
  readonly seal: (plaintext: Uint8Array, recipient: Recipient) => string;
  readonly interferer?: Interferer | undefined;
}

export type Output = Readonly<Record<string, unknown>>;
type Operation = (context: KmsContext, input: Input) => Output;

export const operations: Readonly<Record<string, Operation>> = {
  CreateKey: createKey,
  DescribeKey: ({ keys }, input) => ({ KeyMetadata: metadata(permitted(keys, input, 'DescribeKey')) }),
  EnableKey: (context, input) => setEnabled(context, input, 'EnableKey', true),
  DisableKey: (context, input) => setEnabled(context, input, 'DisableKey', false),
  GetPublicKey: getPublicKey,
  Sign: signMessage,
  Verify: verifyMessage,
  GenerateDataKey: generateDataKey,
  Decrypt: decrypt,
  PutKeyPolicy: putKeyPolicy,
  GetKeyPolicy: getKeyPolicy,
  CreateGrant: createGrant,
  ListGrants: listGrants,
};

/** The key a request names, once its policy allows the action. */
function permitted(
  keys: KeyStore,
  input: Input,
  action: string,
  conditions: Iterable<readonly [string, string]> = [],
): KmsKey {
  const key = keys.find(text(input, 'KeyId'));
  const isGranted = key.grants?.some(({ operations }) => operations.includes(action)) ?? false;
  authorize(key.policy, `kms:${action}`, key.arn, new Map(conditions), isGranted);
  return key;
}

/** The same, for operations that use the key's material. */
function usable(key: KmsKey, usage: 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT', action: string): KmsKey {
  if (!key.enabled) {
    return fail('DisabledException', `${key.arn} is disabled.`);
  }
  const actual = usageOf(key);
  return usage === actual
    ? key
    : fail('InvalidKeyUsageException', `${key.arn} key usage is ${actual} which is not valid for ${action}.`);
}

function usageOf({ spec }: Pick<KmsKey, 'spec'>): 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT' {
  return spec === 'SYMMETRIC_DEFAULT' ? 'ENCRYPT_DECRYPT' : 'SIGN_VERIFY';
}

function createKey({ keys }: KmsContext, input: Input): Output {
  const spec = choice(input, 'KeySpec', ['SYMMETRIC_DEFAULT', 'ECC_NIST_EDWARDS25519'], 'SYMMETRIC_DEFAULT');
  const usage = choice(input, 'KeyUsage', ['SIGN_VERIFY', 'ENCRYPT_DECRYPT'], 'ENCRYPT_DECRYPT');
  if (usage !== usageOf({ spec })) {
    return fail('ValidationException', `KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
  }
  const policy = optionalText(input, 'Policy') ?? STANDARD_POLICY;
  parsePolicy(policy);
  return { KeyMetadata: metadata(keys.create(spec, optionalText(input, 'Description') ?? '', policy)) };
}

function metadata(key: KmsKey): Output {
  const algorithms =
    key.spec === 'SYMMETRIC_DEFAULT'
      ? { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] }
      : { SigningAlgorithms: SIGNING_ALGORITHMS };
  return {
    AWSAccountId: ACCOUNT,
    Arn: key.arn,
    CreationDate: key.created,
    CustomerMasterKeySpec: key.spec,
    Description: key.description,
    Enabled: key.enabled,
    KeyId: key.id,
    KeyManager: 'CUSTOMER',
    KeySpec: key.spec,
    KeyState: key.enabled ? 'Enabled' : 'Disabled',
    KeyUsage: usageOf(key),
    MultiRegion: false,
    Origin: 'AWS_KMS',
    ...algorithms,
  };
}

function setEnabled({ keys }: KmsContext, input: Input, action: string, enabled: boolean): Output {
  keys.replace({ ...permitted(keys, input, action), enabled });
  return {};
}

function getPublicKey({ keys }: KmsContext, input: Input): Output {
  const key = permitted(keys, input, 'GetPublicKey');
  if (key.spec === 'SYMMETRIC_DEFAULT') {
    return fail('UnsupportedOperationException', 'GetPublicKey needs an asymmetric key');
  }
  const { arn } = usable(key, 'SIGN_VERIFY', 'GetPublicKey');
  const spki = createPublicKey(privateKeyOf(key)).export({ type: 'spki', format: 'der' });
  return {
    KeyId: arn,
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    KeyUsage: usageOf(key),
    PublicKey: spki.toString('base64'),
    SigningAlgorithms: SIGNING_ALGORITHMS,
  };
}

function privateKeyOf({ material }: KmsKey): ReturnType<typeof createPrivateKey> {
  return createPrivateKey({ key: Buffer.from(material, 'base64'), format: 'der', type: 'pkcs8' });
}

/** The key and message of Sign and Verify. ED25519_SHA_512 takes raw messages only; the prehashed form is not made here. */
function readMessage({ keys }: KmsContext, input: Input, action: string): { key: KmsKey; message: Uint8Array } {
  const message = blob(input, 'Message', 0, MAX_MESSAGE_BYTES);
  const type = choice(input, 'MessageType', ['RAW', 'DIGEST', 'EXTERNAL_MU'], 'RAW');
  const algorithm = text(input, 'SigningAlgorithm');
  const key = usable(permitted(keys, input, action), 'SIGN_VERIFY', action);
  if (algorithm === 'ED25519_PH_SHA_512' && type === 'DIGEST') {
    return fail('UnsupportedOperationException', 'The development KMS does not sign with ED25519_PH_SHA_512');
  }
  if (algorithm !== 'ED25519_SHA_512' && algorithm !== 'ED25519_PH_SHA_512') {
    return fail('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
  }
  return algorithm === 'ED25519_SHA_512' && type === 'RAW'
    ? { key, message }
    : fail('ValidationException', `Message type ${type} is incompatible with signing algorithm ${algorithm}.`);
}

function signMessage(context: KmsContext, input: Input): Output {
  const { key, message } = readMessage(context, input, 'Sign');
  const signature = sign(null, message, privateKeyOf(key));
  return { KeyId: key.arn, Signature: signature.toString('base64'), SigningAlgorithm: 'ED25519_SHA_512' };
}

function verifyMessage(context: KmsContext, input: Input): Output {
  const { key, message } = readMessage(context, input, 'Verify');
  if (!verify(null, message, createPublicKey(privateKeyOf(key)), blob(input, 'Signature', 1, 6144))) {
    return fail('KMSInvalidSignatureException', '');
  }
  return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: 'ED25519_SHA_512' };
}

/** What conditions of a key policy can look at: the encryption context and the attested PCRs. */
function conditionsOf(input: Input, recipient: Recipient | null): readonly (readonly [string, string])[] {
  const context = [...optionalMap(input, 'EncryptionContext')].map(([name, value]): [string, string] => [
    `kms:EncryptionContext:${name}`,
    value,
  ]);
  return [...context, ...attestationConditions(recipient)];
}

/** The answer's secret part: sealed to the recipient when there is one, and then never in the clear. */
function release(context: KmsContext, plaintext: Uint8Array, recipient: Recipient | null): Output {
  return recipient === null
    ? { Plaintext: Buffer.from(plaintext).toString('base64') }
    : { CiphertextForRecipient: context.seal(forge(context.interferer, plaintext), recipient) };
}

function generateDataKey(context: KmsContext, input: Input): Output {
  const recipient = readRecipient(input, context.nsmRootDer, context.now());
  const length = dataKeyLength(input);
  const allowed = permitted(context.keys, input, 'GenerateDataKey', conditionsOf(input, recipient));
  const key = usable(allowed, 'ENCRYPT_DECRYPT', 'GenerateDataKey');
  const plaintext = randomBytes(length);
  const ciphertext = encryptBlob(key, plaintext, optionalMap(input, 'EncryptionContext'));
  const released = release(context, plaintext, recipient);
  plaintext.fill(0);
  return { KeyId: key.arn, CiphertextBlob: Buffer.from(ciphertext).toString('base64'), ...released };
}

function dataKeyLength(input: Input): number {
  const count = optionalCount(input, 'NumberOfBytes', MAX_DATA_KEY_BYTES);
  if ((count === undefined) === (optionalText(input, 'KeySpec') === undefined)) {
    return fail('ValidationException', 'Please specify either number of bytes or key spec.');
  }
  return count ?? (choice(input, 'KeySpec', ['AES_256', 'AES_128']) === 'AES_256' ? 32 : 16);
}

function decrypt(context: KmsContext, input: Input): Output {
  const recipient = readRecipient(input, context.nsmRootDer, context.now());
  const ciphertext = blob(input, 'CiphertextBlob', 1, MAX_BLOB_BYTES);
  choice(input, 'EncryptionAlgorithm', ['SYMMETRIC_DEFAULT'], 'SYMMETRIC_DEFAULT');
  const madeBy = keyIdOf(ciphertext);
  const named = { KeyId: optionalText(input, 'KeyId') ?? madeBy };
  const allowed = permitted(context.keys, named, 'Decrypt', conditionsOf(input, recipient));
  const key = usable(allowed, 'ENCRYPT_DECRYPT', 'Decrypt');
  if (key.id !== madeBy) {
    return fail(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  }
  const plaintext = decryptBlob(key, ciphertext, optionalMap(input, 'EncryptionContext'));
  const released = release(context, plaintext, recipient);
  plaintext.fill(0);
  return { KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', ...released };
}

function putKeyPolicy({ keys }: KmsContext, input: Input): Output {
  const key = permitted(keys, input, 'PutKeyPolicy');
  const policy = text(input, 'Policy');
  choice(input, 'PolicyName', ['default'], 'default');
  if (!optionalFlag(input, 'BypassPolicyLockoutSafetyCheck')) {
    checkLockout(policy, key.arn);
  }
  parsePolicy(policy);
  keys.replace({ ...key, policy });
  return {};
}

function checkLockout(policy: string, arn: string): void {
  try {
    authorize(policy, 'kms:PutKeyPolicy', arn, new Map());
  } catch (error) {
    if (error instanceof Error && error.name === 'AccessDeniedException') {
      fail(
        'MalformedPolicyDocumentException',
        'The new key policy will not allow you to update the key policy in the future.',
      );
    }
    throw error;
  }
}

function getKeyPolicy({ keys }: KmsContext, input: Input): Output {
  choice(input, 'PolicyName', ['default'], 'default');
  return { Policy: permitted(keys, input, 'GetKeyPolicy').policy, PolicyName: 'default' };
}

/** To the one caller there is, without constraints: enough to see that a Deny beats it. */
function createGrant({ keys }: KmsContext, input: Input): Output {
  const key = permitted(keys, input, 'CreateGrant');
  text(input, 'GranteePrincipal');
  const operations = input['Operations'];
  if (!Array.isArray(operations) || !operations.every((operation) => typeof operation === 'string')) {
    return fail('ValidationException', 'Operations must be a list of strings');
  }
  const id = randomBytes(32).toString('hex');
  keys.replace({ ...key, grants: [...(key.grants ?? []), { id, operations }] });
  return { GrantId: id, GrantToken: id };
}

/** In pages, as AWS lists them; a marker is the id of the last grant of the page before. */
function listGrants({ keys }: KmsContext, input: Input): Output {
  const { arn, grants = [] } = permitted(keys, input, 'ListGrants');
  const size = optionalCount(input, 'Limit', MAX_GRANTS_PER_PAGE) ?? GRANTS_PER_PAGE;
  const marker = optionalText(input, 'Marker');
  const start = marker === undefined ? 0 : grants.findIndex(({ id }) => id === marker) + 1;
  if (marker !== undefined && start === 0) return fail('InvalidMarkerException', '');
  const page = grants.slice(start, start + size);
  const Grants = page.map(({ id, operations }) => ({ KeyId: arn, GrantId: id, Operations: operations }));
  const isLast = start + size >= grants.length;
  return isLast ? { Grants, Truncated: false } : { Grants, Truncated: true, NextMarker: page.at(-1)?.id };
}
