/** A route as data: what Fastify registers and what the OpenAPI document is made from. */

import type { Static, TSchema } from 'typebox';
import type { ErrorContext } from '../../enclave/link/errors.ts';
import type { Enclave } from '../enclave/enclave.ts';
import type { Problem } from '../http/problem.ts';
import { makeProblem } from '../http/problem.ts';
import type { Store } from '../store/store.ts';
import type { WalletStore } from '../store/wallet.ts';
import type { Transfers } from '../transfer/transfers.ts';
import type { Reads } from './reads.ts';

export interface Services {
  readonly store: Store;
  readonly enclave: Enclave;
  readonly transfers: Transfers;
  readonly reads: Reads;
}

/** 200 or 202 with a body, or a problem; `retryAfter` in whole seconds. */
export type Answer =
  | { readonly kind: 'done'; readonly status: 200 | 202; readonly body: object }
  | { readonly kind: 'problem'; readonly problem: Problem; readonly retryAfter?: number };

export const done = (body: object, status: 200 | 202 = 200): Answer => ({ kind: 'done', status, body });

/** Where nothing is thrown but the answer is an error: refusals with their violations, rate limits. */
export function refuse(
  code: Parameters<typeof makeProblem>[0],
  context: ErrorContext,
  extra: Record<string, unknown> = {},
  retryAfter?: number,
): Answer {
  const problem = makeProblem(code, context, extra);
  return { kind: 'problem', problem, ...(retryAfter !== undefined && { retryAfter }) };
}

export interface Call<Body, Params, Query> {
  readonly services: Services;
  readonly wallet: WalletStore;
  readonly body: Body;
  readonly params: Params;
  readonly query: Query;
  /** Ends when the caller has gone away. */
  readonly gone: AbortSignal;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly summary: string;
  readonly body?: TSchema;
  readonly params?: TSchema;
  readonly query?: TSchema;
  handle(call: Call<unknown, unknown, unknown>): Promise<Answer>;
}

interface TypedRoute<Body extends TSchema, Params extends TSchema, Query extends TSchema> {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly summary: string;
  readonly body?: Body;
  readonly params?: Params;
  readonly query?: Query;
  handle(call: Call<Static<Body>, Static<Params>, Static<Query>>): Promise<Answer>;
}

/** Ties a handler's types to its schemas; Fastify has checked them when it is called. */
export function defineRoute<Body extends TSchema, Params extends TSchema, Query extends TSchema>(
  route: TypedRoute<Body, Params, Query>,
): Route {
  return route as unknown as Route;
}
