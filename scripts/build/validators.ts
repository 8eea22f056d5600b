/** Compiles schemas to code ahead of time, so that a bundle needs neither ajv nor TypeBox nor the right to make code from strings. */

import type { AnySchema } from 'ajv';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { defineKeywords } from '../../enclave/link/keywords.ts';
import { listSchemas } from '../../enclave/link/schema/registry.ts';
import { policyDocument } from '../../policy/document.ts';

const standaloneCode = standalone.default;

function createCompiler(allErrors: boolean): Ajv {
  const ajv = new Ajv({ strict: true, ownProperties: true, allErrors, code: { source: true, esm: true } });
  defineKeywords(ajv);
  return ajv;
}

/** One function a schema, however many names it has: both planes share some. */
function compileAll(ajv: Ajv, schemas: ReadonlyMap<string, AnySchema>): { code: string; table: string } {
  const variables = new Map<AnySchema, string>();
  const exports: Record<string, string> = {};
  for (const [name, schema] of schemas) {
    if (variables.has(schema)) continue;
    const variable = `v${variables.size}`;
    variables.set(schema, variable);
    exports[variable] = name;
    ajv.addSchema(schema, name);
  }
  const table = [...schemas].map(([name, schema]) => `${JSON.stringify(name)}: ${variables.get(schema)}`).join(', ');
  return { code: standaloneCode(ajv, exports), table };
}

/** The module that stands in for enclave/link/validators.ts. */
export function generateLinkValidators(): string {
  const { code, table } = compileAll(createCompiler(false), listSchemas() as ReadonlyMap<string, AnySchema>);
  return `${code}\nconst table = { __proto__: null, ${table} };\nexport function isValid(name, value) { return table[name](value) === true; }\n`;
}

/** The module that stands in for policy/validate.ts. */
export function generatePolicyValidator(): string {
  const { code } = compileAll(createCompiler(true), new Map([['policy', policyDocument as AnySchema]]));
  return `${code}\nexport function validatePolicyDocument(value) { return v0(value) ? null : v0.errors; }\n`;
}
