/**
 * The one place where ajv judges a policy document. The bundler replaces this module by a validator compiled ahead, since the
 * enclave runs without code generation.
 */
import { Ajv } from 'ajv';
import { policyDocument } from './document.ts';

export interface SchemaFault {
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const validate = new Ajv({ strict: true, ownProperties: true, allErrors: true }).compile(policyDocument);

/** Null for a document that fits the schema, else every fault. Checks no field against another: `compile.ts` does. */
export function validatePolicyDocument(value: unknown): readonly SchemaFault[] | null {
  return validate(value) ? null : (validate.errors ?? []);
}
