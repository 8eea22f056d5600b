/** From the wire's bytes and bigints to the agent's JSON: base58 addresses and signatures, hex hashes, Unix milliseconds as numbers. */

import { ReeveError } from '../../enclave/link/errors.ts';
import type { Outcome } from '../../enclave/link/schema/registry.ts';
import type { Approval, Budget } from '../../enclave/link/schema/results.ts';
import { decodeBase58 } from '../transactions/base58.ts';

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Times on the wire are below 2^53 for any year we live to see. */
export const toMillis = (time: bigint | null): number | null => (time === null ? null : Number(time));

export function budgetJson(budget: Budget) {
  return { assets: budget.assets, leaseEndsAt: toMillis(budget.leaseEndsAt) };
}

export function approvalJson(approval: Approval) {
  return {
    ...approval,
    effectsHash: toHex(approval.effectsHash),
    createdAt: toMillis(approval.createdAt),
    expiresAt: toMillis(approval.expiresAt),
  };
}

export function receiptJson({ seq, hash }: { seq: number; hash: Uint8Array }) {
  return { seq, hash: toHex(hash) };
}

export type SignOutcome = Outcome<'agent', 'sign'>;

/** The bytes of a canonical base64 text, at most `maxBytes` of them, or `body-invalid` naming `path`. */
export function readBase64(text: string, path: string, maxBytes = Number.POSITIVE_INFINITY): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== text)
    throw new ReeveError('body-invalid', { path, problem: 'is not base64' });
  if (bytes.length > maxBytes) throw new ReeveError('body-invalid', { path, problem: `is over ${maxBytes} bytes` });
  return new Uint8Array(bytes);
}

/** The 32 bytes of a base58 address, or `body-invalid` naming `path`. */
export function readAddress(text: string, path: string): Uint8Array {
  const bytes = decodeBase58(text, 32);
  if (bytes === null) throw new ReeveError('body-invalid', { path, problem: 'is not a base58 address of 32 bytes' });
  return bytes;
}
