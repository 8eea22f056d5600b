/** Reading JSON-RPC parameters: each reader returns a checked value or ends the call with an `invalidParams` fault that names the parameter. */
import { getBase58Encoder, isAddress, isSignature } from '@solana/kit';
import { rpcFault } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { WireTransaction } from './wire.ts';
import { decodeWireTransaction, MAX_V1_BYTES } from './wire.ts';

export type Params = readonly unknown[];
export type Config = Readonly<Record<string, unknown>>;

const COMMITMENTS: readonly unknown[] = ['processed', 'confirmed', 'finalized', undefined];
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** No transaction in base58 or base64 is longer than this many characters. */
const MAX_ENCODED_CHARACTERS = 2 * MAX_V1_BYTES;

export function invalid(message: string): Error {
  return rpcFault('invalidParams', `Invalid params: ${message}`);
}

export function readString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalid(`${name} must be a string`);
  return value;
}

export function readAddress(value: unknown, name: string): string {
  if (typeof value !== 'string' || !isAddress(value)) throw invalid(`${name} must be an address in base58`);
  return value;
}

export function readSignature(value: unknown, name: string): string {
  if (typeof value !== 'string' || !isSignature(value)) throw invalid(`${name} must be a signature in base58`);
  return value;
}

export function readBoolean(value: unknown, name: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw invalid(`${name} must be true or false`);
  return value;
}

/** A whole number from 0 to `max`, as a JSON number of any size. */
export function readInteger(value: unknown, name: string, max: bigint): bigint {
  const whole = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
  const number = whole ? BigInt(value) : -1n;
  if (number < 0n || number > max) throw invalid(`${name} must be a whole number from 0 to ${max}`);
  return number;
}

export function readList(value: unknown, name: string, max: number): Params {
  if (!Array.isArray(value) || value.length > max) throw invalid(`${name} must be a list of at most ${max}`);
  return value;
}

/** An options object; absent and null mean none. Options a node would not know are ignored, as a node does. */
export function readConfig(value: unknown): Config {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid('the options must be an object');
  return value as Config;
}

/** The options of a method that reads state: every commitment sees the same state here, and `minContextSlot` is honoured. */
export function readContext(value: unknown, ledger: Ledger): Config {
  const config = readConfig(typeof value === 'string' ? { commitment: value } : value);
  if (!COMMITMENTS.includes(config['commitment'] ?? undefined)) throw invalid('unknown commitment');
  const slot = ledger.slots.current();
  const least = config['minContextSlot'];
  if (least !== undefined && least !== null && readInteger(least, 'minContextSlot', 2n ** 64n - 1n) > slot) {
    throw rpcFault('minContextSlot', 'Minimum context slot has not been reached', { contextSlot: slot });
  }
  return config;
}

/** Strict base64: no line breaks, no missing or stray padding, no bits that do not count. */
export function readBase64(value: unknown, name: string): Uint8Array {
  const text = readString(value, name);
  if (text.length > MAX_ENCODED_CHARACTERS) throw invalid(`${name} is too large`);
  const bytes = Buffer.from(text, 'base64');
  if (!BASE64.test(text) || bytes.toString('base64') !== text) throw invalid(`${name} must be base64`);
  return Uint8Array.from(bytes);
}

/** A wire transaction in the encoding the options name; a node's default is base58. */
export function readWireTransaction(value: unknown, encoding: unknown): WireTransaction {
  switch (encoding ?? 'base58') {
    case 'base64':
      return decodeWireTransaction(readBase64(value, 'transaction'));
    case 'base58':
      return decodeWireTransaction(readBase58(value, 'transaction'));
    default:
      throw invalid('unsupported encoding, use base64');
  }
}

/** Bytes in base58. */
export function readBase58(value: unknown, name: string): Uint8Array {
  const text = readString(value, name);
  if (text.length > MAX_ENCODED_CHARACTERS) throw invalid(`${name} is too large`);
  try {
    return Uint8Array.from(getBase58Encoder().encode(text));
  } catch {
    throw invalid(`${name} must be base58`);
  }
}
