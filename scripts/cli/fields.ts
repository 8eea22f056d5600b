/** Reading JSON that came from a file or from the host: one field at a time, each with its type, unknown fields left alone or refused by the caller. */

import { ReeveError } from '../../enclave/link/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Makes the error of the place that is read: it names the field. */
export type Fault = (field: string, wanted: string) => ReeveError;

/** The fault of an answer of the host. */
export const answerFault: Fault = (field, wanted) => new ReeveError('admin-answer', { field, wanted });

export function readObject(value: unknown, field: string, fault: Fault): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(field, 'an object');
  return value as Json;
}

export function readString(object: Json, field: string, fault: Fault, pattern?: RegExp): string {
  const value = object[field];
  if (typeof value !== 'string' || !(pattern?.test(value) ?? true))
    throw fault(field, pattern === undefined ? 'a string' : `a string like ${pattern.source}`);
  return value;
}

export function readNumber(object: Json, field: string, fault: Fault): number {
  const value = object[field];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw fault(field, 'a whole number');
  return value;
}

/** Bytes in base64, in its one canonical form. */
export function readBytes(object: Json, field: string, fault: Fault): Uint8Array {
  return decodeBase64(object[field], field, fault);
}

export function readBytesList(object: Json, field: string, fault: Fault): Uint8Array[] {
  return readList(object, field, fault).map((item, index) => decodeBase64(item, `${field}[${index}]`, fault));
}

export function readList(object: Json, field: string, fault: Fault): readonly unknown[] {
  const value = object[field];
  if (!Array.isArray(value)) throw fault(field, 'a list');
  return value;
}

/** Bytes as lower-case hex of exactly `length` bytes. */
export function readHex(object: Json, field: string, length: number, fault: Fault): Uint8Array {
  const text = readString(object, field, fault);
  if (text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) throw fault(field, `${length} bytes in hex`);
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function decodeBase64(value: unknown, field: string, fault: Fault): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : null;
  if (bytes === null || bytes.toString('base64') !== value) throw fault(field, 'base64');
  return new Uint8Array(bytes);
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
