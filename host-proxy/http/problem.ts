/** Every error as RFC 9457 problem+json: a stable code from the one table, its status, one sentence, and typed facts that hold no secret. */

import type { FastifyError, FastifyReply } from 'fastify';
import type { ErrorCode, ErrorContext } from '../../enclave/link/errors.ts';
import { describeError, ERRORS, isReeveError } from '../../enclave/link/errors.ts';

const PROBLEM_TYPE = 'application/problem+json';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly number: number;
  readonly detail: string;
  readonly [extra: string]: unknown;
}

/** The problem of a code; `extra` are more members (violations, the first signature of a reused id). */
export function makeProblem(code: ErrorCode, context: ErrorContext = {}, extra: Record<string, unknown> = {}): Problem {
  const { number, status, text } = ERRORS[code];
  const type = `urn:reeve:error:${code}`;
  return { type, title: text, status, code, number, detail: describeError(code, context), ...extra };
}

/** When to ask again after a refusal for want of room or of a peer, seconds. */
const RETRY_AFTER_S = 1;

/** Whether the same request may succeed soon; then the answer says when. */
function retryAfterOf({ status }: Problem): number | undefined {
  return status === 429 || status === 503 ? RETRY_AFTER_S : undefined;
}

/** As bytes, or Fastify would add a charset that this media type does not have. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const wait = retryAfterOf(problem);
  if (wait !== undefined && !reply.hasHeader('retry-after')) void reply.header('retry-after', wait);
  return reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .send(Buffer.from(JSON.stringify(problem)));
}

/** A whole HTTP answer for a connection that ends with it. */
export function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problem);
  const wait = retryAfterOf(problem);
  const head = [
    `HTTP/1.1 ${problem.status} Refused`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${body.length}`,
    ...(wait === undefined ? [] : [`retry-after: ${wait}`]),
  ];
  return `${[...head, 'connection: close'].join('\r\n')}\r\n\r\n${body}`;
}

/** Fastify's own failures by their code; everything it does not name is ours or `internal`. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body-malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body-malformed',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'http-malformed',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type',
  FST_ERR_BAD_URL: 'http-malformed',
  FST_ERR_VALIDATION: 'body-invalid',
};

/** What the peer is told of a thrown value. Unknown ones become `internal` without a word about them. */
export function problemOf(error: unknown): Problem {
  if (isReeveError(error)) return makeProblem(error.code, error.context);
  const { code = '', validation, validationContext } = error as Partial<FastifyError>;
  const ours = Object.hasOwn(FASTIFY_CODES, code) ? (FASTIFY_CODES[code] as ErrorCode) : 'internal';
  const fault = validation?.[0];
  if (fault === undefined) return makeProblem(ours);
  const named = fault.params['missingProperty'] ?? fault.params['additionalProperty'];
  const path = `${validationContext ?? 'body'}${fault.instancePath}${typeof named === 'string' ? `/${named}` : ''}`;
  return makeProblem(ours, { path, problem: fault.message ?? 'is not valid' });
}
