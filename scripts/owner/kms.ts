/** AWS KMS for the owner's keys. Whoever may use these keys is the owner: credentials come from the caller's environment and are not kept. */

import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import {
  CreateKeyCommand,
  DisableKeyCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListGrantsCommand,
  MessageType,
  SignCommand,
  SigningAlgorithmSpec,
} from '@aws-sdk/client-kms';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Grant } from '../../attestation/key-policy.ts';
import { publicKeyFromSpki, verifyStrict } from '../../enclave/link/ed25519.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import { KMS_SIGN_BYTES } from '../../enclave/link/limits.ts';
import type { ProfileData } from './profile.ts';

/** Attempts of one call, the first included. */
const KMS_ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;

export interface KmsSettings {
  readonly region: string;
  readonly endpoint?: string | undefined;
  /** Absolute path of the CA of `endpoint`. */
  readonly caFile?: string | undefined;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

export interface Kms {
  /** The raw Ed25519 public key of a KMS key. */
  readPublicKey(arn: string): Promise<Uint8Array>;
  /** An Ed25519 signature by the key whose public half is `publicKey`, checked here: a wrong answer of KMS or of who plays it does not get further. */
  sign(arn: string, publicKey: Uint8Array, message: Uint8Array): Promise<Uint8Array>;
  createKey(kind: 'signing' | 'sealing', description: string): Promise<string>;
  disableKey(arn: string): Promise<void>;
  /** The key policy as JSON text. */
  readKeyPolicy(arn: string): Promise<string>;
  listGrants(arn: string): Promise<Grant[]>;
  close(): void;
}

/** A client with the profile's endpoint. Without static credentials the SDK finds them as the AWS command line does. */
export function openKms({ region, endpoint, caFile, credentials }: KmsSettings): Kms {
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile) };
  const client = new KMSClient({
    region,
    maxAttempts: KMS_ATTEMPTS,
    defaultsMode: 'standard',
    ...(endpoint === undefined ? {} : { endpoint }),
    // A copy: the SDK writes into what it is given.
    ...(credentials === undefined ? {} : { credentials: { ...credentials } }),
    requestHandler: new NodeHttpHandler({
      httpsAgent: new Agent({ keepAlive: true, ...ca }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
    }),
  });
  return {
    readPublicKey: (arn) => readPublicKey(client, arn),
    sign: (arn, publicKey, message) => signWithKms(client, arn, publicKey, message),
    createKey: (kind, description) => createKey(client, kind, description),
    disableKey: async (arn) => void (await named(client.send(new DisableKeyCommand({ KeyId: arn })))),
    async readKeyPolicy(arn) {
      const { Policy } = await named(client.send(new GetKeyPolicyCommand({ KeyId: arn, PolicyName: 'default' })));
      return Policy ?? '';
    },
    listGrants: (arn) => listGrants(client, arn),
    close: () => client.destroy(),
  };
}

/** The settings of a profile; `developmentCredentials` count only where the environment has none. */
export function kmsSettings(
  { kms }: Pick<ProfileData, 'kms'>,
  resolvePath: (path: string) => string,
  env: Readonly<Record<string, string | undefined>>,
): KmsSettings {
  const [accessKeyId, secretAccessKey] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  const fromEnvironment =
    accessKeyId === undefined || secretAccessKey === undefined
      ? undefined
      : { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  return {
    region: kms.region,
    endpoint: kms.endpoint,
    caFile: kms.caFile === undefined ? undefined : resolvePath(kms.caFile),
    credentials: fromEnvironment ?? kms.developmentCredentials,
  };
}

async function readPublicKey(client: KMSClient, arn: string): Promise<Uint8Array> {
  const answer = await named(client.send(new GetPublicKeyCommand({ KeyId: arn })));
  const key = publicKeyFromSpki(answer.PublicKey ?? new Uint8Array());
  if (key === null || answer.KeyId !== arn) throw new ReeveError('kms-signature', { what: 'public key', arn });
  return key;
}

async function signWithKms(
  client: KMSClient,
  arn: string,
  publicKey: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array> {
  if (message.length > KMS_SIGN_BYTES) throw new ReeveError('command-malformed', { limit: KMS_SIGN_BYTES });
  const answer = await named(
    client.send(
      new SignCommand({
        KeyId: arn,
        Message: message,
        MessageType: MessageType.RAW,
        SigningAlgorithm: SigningAlgorithmSpec.ED25519_SHA_512,
      }),
    ),
  );
  const signature = answer.Signature ?? new Uint8Array();
  if (!verifyStrict(signature, message, publicKey)) throw new ReeveError('kms-signature', { what: 'signature', arn });
  return signature;
}

async function createKey(client: KMSClient, kind: 'signing' | 'sealing', description: string): Promise<string> {
  const spec =
    kind === 'signing'
      ? ({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' } as const)
      : ({ KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT' } as const);
  const { KeyMetadata } = await named(client.send(new CreateKeyCommand({ ...spec, Description: description })));
  if (KeyMetadata?.Arn === undefined) throw new ReeveError('kms-failed', { what: 'no ARN' });
  return KeyMetadata.Arn;
}

async function listGrants(client: KMSClient, arn: string): Promise<Grant[]> {
  const grants: Grant[] = [];
  let marker: string | undefined;
  do {
    const page = await named(
      client.send(new ListGrantsCommand({ KeyId: arn, ...(marker === undefined ? {} : { Marker: marker }) })),
    );
    for (const { GrantId = '', Operations = [] } of page.Grants ?? [])
      grants.push({ id: GrantId, operations: Operations });
    marker = page.Truncated === true ? page.NextMarker : undefined;
  } while (marker !== undefined);
  return grants;
}

/** Errors of the SDK under our codes: its own name stays, its request does not. */
async function named<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (cause) {
    const { name, message, $metadata } = cause as Error & { $metadata?: { httpStatusCode?: number } };
    const status = $metadata?.httpStatusCode;
    if (status === undefined) throw new ReeveError('kms-unreachable', { detail: message }, cause);
    throw new ReeveError(codeOf(name, status), { error: name, detail: message }, cause);
  }
}

function codeOf(name: string, status: number) {
  if (name === 'DisabledException') return 'kms-key-disabled';
  if (name === 'ThrottlingException') return 'kms-throttled';
  return name === 'AccessDeniedException' || status === 403 ? 'kms-denied' : 'kms-failed';
}
