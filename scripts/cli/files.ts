/** Files that must survive a power cut, and files that must fit a schema. */

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';
import type { Static, TSchema } from 'typebox';
import type { ErrorCode } from '../../enclave/link/errors.ts';
import { ReeveError } from '../../enclave/link/errors.ts';

const ajv = new Ajv({ strict: true, ownProperties: true });
const compiled = new Map<TSchema, ValidateFunction>();

/** Puts `bytes` at `path` so that after a crash at any point the old or the new content is there, whole; it is on the disk when this returns. Mode 0600. */
export function writeDurably(path: string, bytes: Uint8Array | string): void {
  const draft = `${path}.new`;
  const file = openSync(draft, 'w', 0o600);
  try {
    const content = Buffer.from(bytes);
    for (let at = 0; at < content.length; ) at += writeSync(file, content, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncFolder(dirname(path));
}

/** A folder of mode 0700, and what is above it. */
export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The JSON of a file, held against a schema. The error names the file and the field. */
export function readJsonFile<Schema extends TSchema>(path: string, schema: Schema, code: ErrorCode): Static<Schema> {
  const value: unknown = parseJson(path, code);
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  if (validate(value)) return value as Static<Schema>;
  const fault = validate.errors?.[0];
  const unknownField: unknown = fault?.params['additionalProperty'];
  throw new ReeveError(code, {
    file: path,
    field: fault?.instancePath === '' ? '/' : (fault?.instancePath ?? '/'),
    detail: typeof unknownField === 'string' ? `unknown field ${unknownField}` : (fault?.message ?? 'not valid'),
  });
}

function parseJson(path: string, code: ErrorCode): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ReeveError(code, { file: path, detail: (cause as Error).message }, cause);
  }
}

/** The bytes of a file that must be there. */
export function readBytesFile(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw new ReeveError('file-invalid', { file: path, detail: (cause as Error).message }, cause);
  }
}
