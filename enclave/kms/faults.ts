/** What went wrong with KMS, in our own codes. Of its answers only the error's name is kept: texts may quote ARNs and account numbers. */

import { isReeveError, ReeveError } from '../link/errors.ts';

const DENIED = new Set([
  'AccessDeniedException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'InvalidClientTokenId',
  'ExpiredTokenException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'MissingAuthenticationToken',
]);

/** The ciphertext is not of this key, wallet or owner. */
const NOT_THIS_SEAL = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

const TLS_CODE = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|^ERR_SSL|^EPROTO$|ISSUER/;

const THROTTLED = new Set(['ThrottlingException', 'TooManyRequestsException', 'RequestLimitExceeded']);
const DISABLED = new Set(['DisabledException', 'KMSInvalidStateException']);

/** Maps whatever the SDK threw. A peer with the wrong certificate is `kms-untrusted`, silence `kms-unreachable`, an answer by its name. */
export function mapKmsFault(error: unknown): ReeveError {
  if (isReeveError(error)) return error;
  const { name, code, answered } = readFault(error);
  if (TLS_CODE.test(code)) return new ReeveError('kms-untrusted', { reason: code });
  if (DENIED.has(name)) return new ReeveError('kms-denied', { reason: name });
  if (NOT_THIS_SEAL.has(name)) return new ReeveError('seal-invalid', { reason: name });
  if (THROTTLED.has(name)) return new ReeveError('kms-throttled', { reason: name });
  if (DISABLED.has(name)) return new ReeveError('kms-key-disabled', { reason: name });
  if (answered) return new ReeveError('kms-failed', { reason: name });
  return new ReeveError('kms-unreachable', { reason: code === '' ? name : code });
}

function readFault(error: unknown): { name: string; code: string; answered: boolean } {
  if (!(error instanceof Error)) return { name: 'unknown', code: '', answered: false };
  const { code } = error as { code?: unknown };
  const { $metadata: metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return {
    name: error.name.slice(0, 60),
    code: typeof code === 'string' ? code.slice(0, 60) : '',
    answered: metadata?.httpStatusCode !== undefined,
  };
}
