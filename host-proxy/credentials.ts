/** IAM credentials for KMS, passed on to the enclave. They protect nothing (the key policy's attestation conditions do) and still are never logged. */

import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { askHttp } from './http/request.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** From the configuration itself, from a JSON file of the same fields that something else keeps fresh, or from the EC2 metadata service. */
export type CredentialSource = Credentials | { readonly file: string } | { readonly imds: true | string };

const IMDS_URL = 'http://169.254.169.254';
const IMDS_TIMEOUT_MS = 2000;
const IMDS_TOKEN_SECONDS = 300;
/** How often credentials are read again, milliseconds: AWS gives new ones at least five minutes before the old end. */
const REFRESH_MS = 60_000;
const RETRY_MS = 5000;

/** Calls `onChange` with the first credentials and with every later change, until closed. */
export function watchCredentials(
  source: CredentialSource,
  log: Logger,
  onChange: (credentials: Credentials) => Promise<void>,
): { close(): void } {
  let last = '';
  let timer: NodeJS.Timeout;
  async function refresh(): Promise<void> {
    let next = REFRESH_MS;
    try {
      const credentials = await readCredentials(source);
      const text = JSON.stringify(credentials);
      if (text !== last) await onChange(credentials);
      last = text;
    } catch (cause) {
      log.warn({ reason: (cause as Error).name }, 'credentials could not be read or handed over');
      next = RETRY_MS;
    }
    timer = setTimeout(() => void refresh(), next).unref();
  }
  timer = setTimeout(() => void refresh(), 0);
  return { close: () => clearTimeout(timer) };
}

/** The credentials as they are now. */
export async function readCredentials(source: CredentialSource): Promise<Credentials> {
  if ('file' in source) return pickCredentials(JSON.parse(await readFile(source.file, 'utf8')));
  if ('imds' in source) return askImds(source.imds === true ? IMDS_URL : source.imds);
  return source;
}

/** IMDSv2: a session token first, then the role's name, then its credentials. */
async function askImds(url: string): Promise<Credentials> {
  const tokenUrl = `${url}/latest/api/token`;
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': String(IMDS_TOKEN_SECONDS) };
  const token = await askHttp({ url: tokenUrl, method: 'PUT', headers: ttl, timeoutMs: IMDS_TIMEOUT_MS });
  const headers = { 'x-aws-ec2-metadata-token': token };
  const roles = `${url}/latest/meta-data/iam/security-credentials/`;
  const role = (await askHttp({ url: roles, method: 'GET', headers, timeoutMs: IMDS_TIMEOUT_MS })).split('\n')[0] ?? '';
  const answer = await askHttp({ url: roles + role, method: 'GET', headers, timeoutMs: IMDS_TIMEOUT_MS });
  return pickCredentials(JSON.parse(answer));
}

/** Takes the three fields in the spelling of our configuration or of the metadata service. */
function pickCredentials(value: Record<string, unknown>): Credentials {
  const read = (...names: string[]) => names.map((name) => value[name]).find((field) => typeof field === 'string');
  const accessKeyId = read('accessKeyId', 'AccessKeyId');
  const secretAccessKey = read('secretAccessKey', 'SecretAccessKey');
  const sessionToken = read('sessionToken', 'Token', 'SessionToken');
  if (accessKeyId === undefined || secretAccessKey === undefined) throw new Error('no credentials there');
  const session = sessionToken === undefined ? {} : { sessionToken: sessionToken as string };
  return { accessKeyId: accessKeyId as string, secretAccessKey: secretAccessKey as string, ...session };
}
