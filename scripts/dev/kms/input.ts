/** Reads the members of a KMS request. What is missing or has the wrong type or size is a ValidationException, as in AWS KMS. */
import { fail } from './faults.ts';

export type Input = Readonly<Record<string, unknown>>;

/** The request body as an object; null prototype games are harmless, since members are read by name only. */
export function readInput(body: Uint8Array): Input {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return fail('SerializationException', 'the request body is not JSON');
  }
  return isRecord(value) ? value : fail('SerializationException', 'the request body is not an object');
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(name: string, wanted: string): never {
  return fail(
    'ValidationException',
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: ${wanted}`,
  );
}

export function optionalText(input: Input, name: string): string | undefined {
  const value = input[name] ?? undefined;
  return value === undefined || typeof value === 'string' ? value : invalid(name, 'Member must be a string');
}

export function text(input: Input, name: string): string {
  return optionalText(input, name) ?? invalid(name, 'Member must not be null');
}

/** One of the allowed words, or the default when the member is absent. */
export function choice<Word extends string>(
  input: Input,
  name: string,
  allowed: readonly Word[],
  standard?: Word,
): Word {
  const value = optionalText(input, name) ?? standard;
  const found = allowed.find((word) => word === value);
  return found ?? invalid(name, `Member must satisfy enum value set: [${allowed.join(', ')}]`);
}

export function optionalFlag(input: Input, name: string): boolean {
  const value = input[name] ?? false;
  return typeof value === 'boolean' ? value : invalid(name, 'Member must be a boolean');
}

export function optionalCount(input: Input, name: string, most: number): number | undefined {
  const value = input[name] ?? undefined;
  if (value === undefined || (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most)) {
    return value;
  }
  return invalid(name, `Member must have value between 1 and ${most}`);
}

/** A blob: canonical base64 of at least `least` and at most `most` bytes. */
export function blob(input: Input, name: string, least: number, most: number): Uint8Array {
  const encoded = text(input, name);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) {
    return fail('SerializationException', `${name} is not base64`);
  }
  return bytes.length >= least && bytes.length <= most
    ? bytes
    : invalid(name, `Member must have length between ${least} and ${most}`);
}

/** Strings by name, as in EncryptionContext; absent means empty. */
export function optionalMap(input: Input, name: string): ReadonlyMap<string, string> {
  const value = input[name] ?? {};
  if (!isRecord(value)) {
    return invalid(name, 'Member must be a map');
  }
  const entries = Object.entries(value).map(([key, item]): [string, string] =>
    typeof item === 'string' ? [key, item] : invalid(name, 'Map values must be strings'),
  );
  return new Map(entries);
}
