/** Checks the AWS Signature Version 4 of a request against the one development credential. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { fail } from './faults.ts';

/** The credential pair of the development stack. It is public and opens nothing but a development KMS. */
export const devCredentials = {
  accessKeyId: 'AKIAREEVEDEVELOPMENT',
  secretAccessKey: 'reeve-development-secret-not-for-aws',
} as const;

/** How far `X-Amz-Date` may be from the KMS's time: milliseconds. */
const MAX_SKEW_MS = 5 * 60_000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([A-Za-z0-9]+)\/(\d{8})\/([a-z0-9-]+)\/kms\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

export interface SignedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** Returns when `request` (always `POST /`) is signed by the development credential for `region` at about `now`; else raises AWS's error. */
export function authenticate({ headers, body }: SignedRequest, region: string, now: number): void {
  const { authorization } = headers;
  if (authorization === undefined) {
    fail('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
  }
  const [, accessKeyId, date = '', scopeRegion, names = '', signature = ''] = AUTHORIZATION.exec(authorization) ?? [];
  if (accessKeyId === undefined || scopeRegion !== region) {
    fail('InvalidSignatureException', `Credential should be scoped to kms in ${region}`);
  }
  if (accessKeyId !== devCredentials.accessKeyId) {
    fail('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  const amzDate = String(headers['x-amz-date']);
  checkDate(amzDate, date, now);
  const signed = names.split(';');
  if (!['host', 'x-amz-date', 'x-amz-target'].every((name) => signed.includes(name))) {
    fail('InvalidSignatureException', 'host, x-amz-date and x-amz-target must be signed');
  }
  const scope = `${date}/${region}/kms/aws4_request`;
  const expected = hmac(
    signingKey(date, region),
    stringToSign(amzDate, scope, canonicalRequest(headers, signed, body)),
  );
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    fail('InvalidSignatureException', 'The request signature we calculated does not match the signature you provided.');
  }
}

function checkDate(amzDate: string, scopeDate: string, now: number): void {
  const [, year, month, day, hour, minute, second] = AMZ_DATE.exec(amzDate) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (!amzDate.startsWith(`${scopeDate}T`) || !(Math.abs(at - now) <= MAX_SKEW_MS)) {
    fail('InvalidSignatureException', `Signature expired: ${amzDate} is not within 5 minutes of the service's time`);
  }
}

function canonicalRequest(headers: IncomingHttpHeaders, signed: readonly string[], body: Uint8Array): string {
  const lines = signed.map(
    (name) =>
      `${name}:${String(headers[name] ?? '')
        .trim()
        .replace(/ +/g, ' ')}\n`,
  );
  return ['POST', '/', '', lines.join(''), signed.join(';'), sha256(body)].join('\n');
}

function stringToSign(amzDate: string, scope: string, canonical: string): string {
  return ['AWS4-HMAC-SHA256', amzDate, scope, sha256(Buffer.from(canonical))].join('\n');
}

function signingKey(date: string, region: string): Buffer {
  const start = Buffer.from(`AWS4${devCredentials.secretAccessKey}`);
  return [date, region, 'kms', 'aws4_request'].reduce(hmac, start);
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
