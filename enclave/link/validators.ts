/** Schema checks by name. From source ajv compiles each on first use; the bundler puts validators generated ahead in this file's place. */

import type { ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';
import { defineKeywords } from './keywords.ts';
import type { SchemaName, SchemaType } from './schema/registry.ts';
import { listSchemas } from './schema/registry.ts';

const ajv = new Ajv({ strict: true, ownProperties: true, allErrors: false });
defineKeywords(ajv);

const schemas = listSchemas();
const compiled = new Map<string, ValidateFunction>();

/** Whether `value` fits the schema of this name, unknown fields refused. */
export function isValid<Name extends SchemaName>(name: Name, value: unknown): value is SchemaType<Name> {
  return findValidator(name)(value) === true;
}

function findValidator(name: string): ValidateFunction {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`no schema is called ${name}`);
  const validate = ajv.compile(schema);
  compiled.set(name, validate);
  return validate;
}
