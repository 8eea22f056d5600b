/** Two ajv keywords for what CBOR has and JSON Schema has not, written as generated code so that they survive ahead-of-time compilation. */

import type { Ajv } from 'ajv';
import { _ } from 'ajv';

/** `bytes: [min, max]`: a Uint8Array of that many bytes. `u64: true`: a bigint from 0 to 2^64 - 1. */
export function defineKeywords(ajv: Ajv): void {
  ajv.addKeyword({
    keyword: 'bytes',
    schemaType: 'array',
    code(context) {
      const { data, schema } = context;
      context.fail(
        _`!(${data} instanceof Uint8Array) || ${data}.length < ${schema[0]} || ${data}.length > ${schema[1]}`,
      );
    },
  });
  ajv.addKeyword({
    keyword: 'u64',
    schemaType: 'boolean',
    code(context) {
      context.fail(
        _`typeof ${context.data} !== "bigint" || ${context.data} < 0 || BigInt.asUintN(64, ${context.data}) !== ${context.data}`,
      );
    },
  });
}
