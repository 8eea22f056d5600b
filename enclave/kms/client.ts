/**
 * The two calls to AWS KMS this enclave makes, both with a Recipient: the answer is readable in here alone. A plain text in an answer, an
 * answer of another key, or none for the recipient is refused.
 */

import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { KMS_ATTEMPTS, KMS_TIMEOUT_MS } from '../limits.ts';
import { ReeveError } from '../link/errors.ts';
import { mapKmsFault } from './faults.ts';
import type { KmsHost } from './host.ts';
import { findKmsHost } from './host.ts';
import type { Recipient } from './recipient.ts';
import { createRelayAgent } from './relay.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** What the seal is for: the encryption context, made of the enclave's own values. */
export interface KeyUse {
  readonly keyArn: string;
  readonly wallet: string;
  readonly owner: Uint8Array;
}

export interface KmsClient {
  setCredentials(credentials: Credentials): void;
  /** A new data key: its bytes, which the caller wipes, and the form KMS can open again. */
  generateDataKey(use: KeyUse, recipient: Recipient): Promise<{ dataKey: Uint8Array; wrappedKey: Uint8Array }>;
  /** The data key's bytes, which the caller wipes. */
  decrypt(use: KeyUse, wrappedKey: Uint8Array, recipient: Recipient): Promise<Uint8Array>;
}

const PURPOSE = 'agent-key';

interface Answer {
  readonly KeyId?: string | undefined;
  readonly Plaintext?: Uint8Array | undefined;
  readonly CiphertextForRecipient?: Uint8Array | undefined;
}

/** A client that reaches KMS through the relay at `relayPath` and trusts `roots` alone. Errors are the `kms-*` codes and `seal-invalid`. */
export function createKmsClient(relayPath: string, roots: readonly string[]): KmsClient {
  const handlers = new Map<string, NodeHttpHandler>();
  // A client keeps the credentials it was made with for good: new ones need new clients. The connections are shared.
  const clients = new Map<string, KMSClient>();
  let credentials: Credentials | null = null;

  function clientFor(keyArn: string): KMSClient {
    if (credentials === null) throw new ReeveError('kms-credentials', {});
    const kms = findKmsHost(keyArn);
    const handler = handlers.get(kms.host) ?? createHandler(relayPath, kms.host, roots);
    handlers.set(kms.host, handler);
    const client = clients.get(kms.host) ?? createClient(kms, credentials, handler);
    clients.set(kms.host, client);
    return client;
  }

  async function generateDataKey(use: KeyUse, recipient: Recipient) {
    const command = new GenerateDataKeyCommand({ ...common(use, recipient), KeySpec: 'AES_256' });
    const answer = await attempt((options) => clientFor(use.keyArn).send(command, options));
    const dataKey = openAnswer(use, recipient, answer);
    if (answer.CiphertextBlob === undefined) throw new ReeveError('kms-envelope', { what: 'CiphertextBlob' });
    return { dataKey, wrappedKey: new Uint8Array(answer.CiphertextBlob) };
  }

  async function decrypt(use: KeyUse, wrappedKey: Uint8Array, recipient: Recipient) {
    const command = new DecryptCommand({ ...common(use, recipient), CiphertextBlob: wrappedKey });
    return openAnswer(use, recipient, await attempt((options) => clientFor(use.keyArn).send(command, options)));
  }

  return {
    setCredentials(given) {
      credentials = given;
      clients.clear();
    },
    generateDataKey,
    decrypt,
  };
}

function createHandler(relayPath: string, host: string, roots: readonly string[]): NodeHttpHandler {
  return new NodeHttpHandler({
    httpsAgent: createRelayAgent(relayPath, host, roots),
    connectionTimeout: KMS_TIMEOUT_MS,
    requestTimeout: KMS_TIMEOUT_MS,
  });
}

function createClient({ region, host }: KmsHost, credentials: Credentials, requestHandler: NodeHttpHandler): KMSClient {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return new KMSClient({
    region,
    endpoint: `https://${host}`,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    requestHandler,
    // Everything the SDK would otherwise look up in files or the environment.
    defaultsMode: 'standard',
    retryMode: 'standard',
    maxAttempts: KMS_ATTEMPTS,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
  });
}

function common({ keyArn, wallet, owner }: KeyUse, { document }: Recipient) {
  return {
    KeyId: keyArn,
    EncryptionContext: {
      'reeve:wallet': wallet,
      'reeve:owner': Buffer.from(owner).toString('hex'),
      'reeve:purpose': PURPOSE,
    },
    Recipient: { AttestationDocument: document, KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' as const },
  };
}

async function attempt<Value>(call: (options: { abortSignal: AbortSignal }) => Promise<Value>): Promise<Value> {
  try {
    return await call({ abortSignal: AbortSignal.timeout(KMS_TIMEOUT_MS) });
  } catch (error) {
    throw mapKmsFault(error);
  }
}

function openAnswer(use: KeyUse, recipient: Recipient, answer: Answer): Uint8Array {
  if (answer.KeyId !== use.keyArn) throw new ReeveError('kms-other-key', {});
  if (answer.Plaintext !== undefined && answer.Plaintext.length > 0) {
    answer.Plaintext.fill(0);
    throw new ReeveError('kms-plaintext', {});
  }
  if (answer.CiphertextForRecipient === undefined) throw new ReeveError('kms-envelope', { what: 'no envelope' });
  return recipient.open(answer.CiphertextForRecipient);
}
