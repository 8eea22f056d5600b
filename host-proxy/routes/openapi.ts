/** The OpenAPI 3.1 document, made from the routes themselves. */

import type { TSchema } from 'typebox';
import { ERRORS } from '../../enclave/link/errors.ts';
import type { Route } from './route.ts';

const ANSWERS: Readonly<Record<string, string>> = {
  200: 'Done.',
  202: 'The owner has to approve first.',
  400: 'The request is not HTTP or JSON.',
  403: 'The policy refuses; `violations` say why.',
  404: 'Unknown.',
  409: 'The id was used for something else.',
  413: 'Too long.',
  422: 'A field is missing, unknown or of the wrong form.',
  429: 'Too soon; see Retry-After.',
  503: 'The enclave, the disk or the node is away, or the wallet has no lease.',
};

/** One document for all wallets: the socket says which wallet is meant. */
export function describeRoutes(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.url.replaceAll(/:([a-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Reeve agent socket', version: '1' },
    paths,
    components: { schemas: { Problem: describeProblem() } },
  };
}

function describeRoute(route: Route): object {
  const content = route.body === undefined ? null : { 'application/json': { schema: route.body } };
  return {
    summary: route.summary,
    parameters: [...listParameters('path', route.params), ...listParameters('query', route.query)],
    ...(content !== null && { requestBody: { required: true, content } }),
    responses: Object.fromEntries(
      Object.entries(ANSWERS).map(([status, text]) => [status, describeAnswer(status, text)]),
    ),
  };
}

function describeAnswer(status: string, description: string): object {
  if (status.startsWith('2')) return { description, content: { 'application/json': { schema: { type: 'object' } } } };
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
}

function listParameters(place: 'path' | 'query', schema: TSchema | undefined): object[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, TSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: property,
  }));
}

function describeProblem(): object {
  const text = { type: 'string' };
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'code', 'detail'],
    properties: {
      type: text,
      title: text,
      status: { type: 'integer' },
      code: { type: 'string', enum: Object.keys(ERRORS) },
      number: { type: 'integer' },
      detail: text,
      violations: { type: 'array', items: { type: 'object', required: ['code', 'detail'] } },
    },
  };
}
