/** The errors of AWS KMS that the development KMS answers, by AWS's own names, and how one is raised. */

/** HTTP status of each error. */
export const kmsFaults = {
  AccessDeniedException: 400,
  DisabledException: 400,
  IncorrectKeyException: 400,
  InvalidCiphertextException: 400,
  InvalidKeyUsageException: 400,
  InvalidMarkerException: 400,
  InvalidSignatureException: 400,
  KMSInternalException: 500,
  KMSInvalidSignatureException: 400,
  MalformedPolicyDocumentException: 400,
  MissingAuthenticationTokenException: 400,
  NotFoundException: 400,
  SerializationException: 400,
  ThrottlingException: 400,
  UnknownOperationException: 400,
  UnrecognizedClientException: 400,
  UnsupportedOperationException: 400,
  ValidationException: 400,
} as const satisfies Record<string, number>;

export type KmsFault = keyof typeof kmsFaults;

/** Leaves the current operation with an AWS error. The server writes it as AWS does; it holds no key material. */
export function fail(fault: KmsFault, message: string): never {
  throw Object.assign(new Error(message), { name: fault });
}

/** The AWS name of something thrown; anything unforeseen is an internal error. */
export function faultOf(error: unknown): KmsFault {
  return error instanceof Error && Object.hasOwn(kmsFaults, error.name)
    ? (error.name as KmsFault)
    : 'KMSInternalException';
}
