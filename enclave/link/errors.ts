/**
 * The one error class and the one table of stable codes. A code is never removed, renamed or reused; numbers come in ranges per folder:
 * policy 1000, attestation 2000, enclave 3000, host-proxy 4000, scripts 5000. Policy refusals are values (`policy/codes.ts`), not errors.
 */

export interface ErrorEntry {
  readonly number: number;
  /** HTTP status on the agent socket. */
  readonly status: number;
  readonly text: string;
}

const entry = (number: number, status: number, text: string): ErrorEntry => ({ number, status, text });

export const ERRORS = {
  'frame-size': entry(3001, 413, 'The frame is empty or longer than this plane allows.'),
  'frame-checksum': entry(3002, 400, 'The frame checksum does not match its body.'),
  'cbor-malformed': entry(3003, 400, 'The bytes are not the one accepted CBOR encoding of a value.'),
  'request-malformed': entry(3004, 400, 'The request does not match its schema.'),
  'method-unknown': entry(3005, 404, 'This plane has no such method.'),
  'reply-mismatch': entry(3006, 502, 'The reply does not belong to the request.'),
  'connection-lost': entry(3007, 503, 'The connection to the enclave was lost.'),
  'address-malformed': entry(3008, 400, 'The address is neither unix:PATH nor hybrid:PATH:PORT.'),
  'wallet-unknown': entry(3010, 404, 'The enclave holds no such wallet.'),
  'wallet-exists': entry(3011, 409, 'A wallet of this name exists already.'),
  'wallets-full': entry(3012, 429, 'No more wallets fit for this owner or this enclave.'),
  'phase-refused': entry(3013, 409, 'This wallet does not take this request in its present phase.'),
  busy: entry(3014, 503, 'Too much is waiting to be stored or answered. Try again shortly.'),
  'clock-untrusted': entry(
    3015,
    503,
    'The trusted clock stepped back, jumped or could not be read; nothing is signed until it agrees again.',
  ),
  'signature-fault': entry(3016, 500, 'Two computations of one signature differ. The wallet has stopped.'),
  'approvals-full': entry(3017, 429, 'Too many approvals are waiting for the owner.'),
  'approval-unknown': entry(3018, 404, 'There is no such approval.'),
  'command-malformed': entry(3020, 400, 'The owner command is not well-formed.'),
  'command-signature': entry(3021, 403, 'The owner command is not signed by a key whose role allows it.'),
  'command-wallet': entry(3022, 403, 'The owner command is for another wallet.'),
  'command-boot': entry(3023, 409, 'The owner command is for another boot.'),
  'command-replayed': entry(3024, 409, 'The owner command has a sequence number that is not above the last.'),
  'command-expired': entry(3025, 409, 'The owner command has expired or ends too far ahead.'),
  'command-body': entry(3026, 400, 'The body does not match the hash the owner signed.'),
  'policy-invalid': entry(3027, 422, 'The policy document is not valid.'),
  'policy-version': entry(3028, 409, 'The policy version must grow by one.'),
  'lease-refused': entry(
    3029,
    409,
    'The lease is not for this boot and policy, is not newer than the last, or is too long or too large.',
  ),
  'effects-mismatch': entry(3030, 409, 'The effects hash is not the one of this approval.'),
  'blob-refused': entry(3031, 413, 'The part does not fit the blob it belongs to, or too much is staged.'),
  'command-batch': entry(
    3038,
    403,
    'The command is not at its place in the batch that was signed, or is none that may be signed with others.',
  ),
  'seal-invalid': entry(3040, 422, 'The sealed key does not open, or is not the one of this wallet.'),
  'chain-invalid': entry(3041, 422, 'The receipts handed over are not a whole, signed chain of this wallet.'),
  'kms-unreachable': entry(3050, 503, 'AWS KMS did not answer in time.'),
  'kms-untrusted': entry(3051, 502, 'The peer is not the AWS KMS this image trusts.'),
  'kms-denied': entry(3052, 403, 'AWS KMS refused the request.'),
  'kms-failed': entry(3053, 502, 'AWS KMS answered with an error.'),
  'kms-envelope': entry(3054, 502, 'The answer of AWS KMS is not the envelope for this enclave.'),
  'kms-throttled': entry(3057, 503, 'AWS KMS asks for fewer requests.'),
  'kms-key-disabled': entry(3058, 503, 'The key in AWS KMS is disabled.'),
  'kms-other-key': entry(3059, 502, 'AWS KMS answered in the name of another key.'),
  'kms-plaintext': entry(3061, 502, 'AWS KMS gave a secret in the clear.'),
  'kms-credentials': entry(3055, 503, 'The enclave has no AWS credentials yet.'),
  'nsm-failed': entry(3056, 503, 'The Nitro Secure Module did not answer as it must.'),
  'startup-refused': entry(3060, 500, 'The enclave does not come up on this machine or trust file.'),
  internal: entry(3099, 500, 'Something failed that must not. No detail is given here; the log names the place.'),
  usage: entry(5000, 400, 'The command was not used as it must be.'),
  'not-confirmed': entry(5001, 403, 'The question was not answered with yes; nothing was signed.'),
  'profile-invalid': entry(5002, 422, 'The owner profile is missing or malformed.'),
  'file-invalid': entry(5003, 422, 'A file is missing, malformed or exists already.'),
  'admin-unreachable': entry(5010, 503, 'The admin socket of the host did not answer.'),
  'admin-answer': entry(5011, 502, 'The host answered with something that is not what was asked for.'),
  'renewer-unreachable': entry(5012, 503, 'The renewer did not answer.'),
  'attestation-refused': entry(5020, 403, 'The attestation does not hold; nothing the enclave says was trusted.'),
  'statement-mismatch': entry(5021, 403, 'The attested statement is not what the owner pinned.'),
  'document-mode': entry(5022, 403, 'The enclave runs in another mode than the owner expects.'),
  'role-missing': entry(5023, 403, 'No key of the profile may sign this command for this wallet.'),
  'kms-signature': entry(5024, 502, 'AWS KMS did not return a valid signature of the key asked for.'),
  'approval-differs': entry(5025, 409, 'The effects shown by the host do not have the hash that would be approved.'),
  'witness-locked': entry(5030, 409, 'Another process holds the witness.'),
  'witness-invalid': entry(5031, 422, 'A file of the witness cannot be read; leases stop until it is repaired.'),
  'witness-unknown': entry(5032, 404, 'The witness knows no such wallet.'),
  'witness-exists': entry(5033, 409, 'The witness knows a wallet of this name already.'),
  'lease-alarm': entry(5034, 409, 'The renewer gives no lease.'),
  'image-refused': entry(5050, 422, 'The enclave image is malformed, or its signature does not hold.'),
  'image-build': entry(5051, 500, 'The enclave image could not be built.'),
  'stack-running': entry(5040, 409, 'A development stack runs in this folder already.'),
  'stack-failed': entry(5041, 500, 'A part of the development stack did not come up, or ended by itself.'),
  'program-invalid': entry(5060, 422, 'The cached program is not the audited Squads v4; it is not used.'),
  'transaction-failed': entry(5061, 409, 'The transaction did not land as it must.'),
  'squads-shape': entry(5062, 409, 'A multisig of this shape would be dangerous.'),
  'squads-account': entry(5063, 409, 'An account of the multisig is missing or not what it must be.'),
  'limits-unfit': entry(5064, 422, 'The policy cannot be written as spending limits on chain.'),
  'proposal-refused': entry(5065, 403, 'The proposal does what must not be approved.'),
  'pause-unconfirmed': entry(5035, 503, 'The pause could not be confirmed; spending goes on for at most the lease.'),
  'config-file-invalid': entry(4001, 500, 'The configuration file cannot be used.'),
  'store-locked': entry(4002, 500, 'Another host proxy uses this store.'),
  'store-damaged': entry(4003, 503, 'What the store holds of this wallet is damaged; nothing was thrown away.'),
  'store-failed': entry(
    4004,
    503,
    'The receipt could not be stored, so the result is not released. Ask again with the same id.',
  ),
  'socket-in-use': entry(4005, 500, 'Something else listens on this socket path, or the path is no socket.'),
  'enclave-unavailable': entry(4006, 503, 'The enclave cannot be reached.'),
  'wallet-not-restored': entry(4007, 503, 'The enclave does not hold this wallet yet; the host proxy keeps trying.'),
  'receipts-pruned': entry(4008, 410, 'These receipts were moved out of the store by the retention command.'),
  'http-malformed': entry(4010, 400, 'The request is not well-formed HTTP.'),
  'body-malformed': entry(4011, 400, 'The body is not JSON.'),
  'body-too-large': entry(4012, 413, 'The body is longer than this socket allows.'),
  'media-type': entry(4013, 415, 'The body must be application/json.'),
  'body-invalid': entry(4014, 422, 'A field is missing, unknown or of the wrong form.'),
  'route-unknown': entry(4015, 404, 'There is no such route.'),
  'request-timeout': entry(4016, 408, 'The request did not arrive in time.'),
  'connections-full': entry(4017, 503, 'Too many connections are open on this socket.'),
  'rate-limited': entry(4018, 429, 'Too soon after the last request of this kind.'),
  'wallet-busy': entry(4019, 429, 'Too much of this wallet is under way.'),
  'policy-refused': entry(4020, 403, 'The policy does not allow this.'),
  'id-reused': entry(4021, 409, 'This id was used for something else.'),
  'transfer-unknown': entry(4022, 404, 'There is no transfer of this id.'),
  'asset-unknown': entry(4023, 422, 'The policy names no such asset.'),
  'recipient-account-missing': entry(
    4024,
    422,
    'The recipient has no token account for this mint and the policy allows no rent to create one.',
  ),
  'transaction-malformed': entry(4025, 422, 'The transaction is not one this wallet can sign.'),
  'vault-unknown': entry(
    4028,
    422,
    'The policy declares no such vault, or none of its limits and proposals is for this asset.',
  ),
  'rpc-unset': entry(4026, 503, 'No Solana node is configured.'),
  'rpc-failed': entry(4027, 502, 'The Solana node did not answer as it must.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** Typed context of an error: numbers, names and hashes only, never key material or message content. */
export type ErrorContext = Readonly<Record<string, string | number | boolean>>;

/** The one error class of enclave, host proxy and scripts. `context` names what was expected and what came, and never holds a secret. */
export class ReeveError extends Error {
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, context: ErrorContext = {}, cause?: unknown) {
    super(describeError(code, context), cause === undefined ? undefined : { cause });
    this.name = 'ReeveError';
    this.code = code;
    this.context = context;
  }
}

/** The sentence of a code with its context, for people. */
export function describeError(code: ErrorCode, context: ErrorContext): string {
  const facts = Object.entries(context).map(([key, value]) => `${key}: ${value}`);
  return facts.length === 0 ? ERRORS[code].text : `${ERRORS[code].text} (${facts.join(', ')})`;
}

/** Whether `value` is a ReeveError, of `code` where given. */
export function isReeveError(value: unknown, code?: ErrorCode): value is ReeveError {
  return value instanceof ReeveError && (code === undefined || value.code === code);
}

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(ERRORS, value);
}
