/** How statements about wallets are written, read and bound to one NSM document. */

import { createHash } from 'node:crypto';
import type { Cbor } from './cbor.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { ReeveError } from './errors.ts';
import type { Statement } from './schema/statement.ts';
import { isValid } from './validators.ts';

const DOMAIN = 'reeve/statement/v1';

export function encodeStatement(statement: Statement): Uint8Array {
  return encodeCbor(statement as unknown as Cbor);
}

/** Reads one statement or throws `request-malformed`. Proves nothing: only the attestation document over it does. */
export function decodeStatement(bytes: Uint8Array): Statement {
  const value = decodeCbor(bytes);
  if (!isValid('Statement', value)) throw new ReeveError('request-malformed', { what: 'statement' });
  return value;
}

/** The `user_data` of the document that attests these statements: SHA-256(domain ‖ SHA-256(CBOR array of the statements' bytes)). */
export function hashStatements(statements: readonly Uint8Array[]): Uint8Array {
  const inner = createHash('sha256')
    .update(encodeCbor([...statements]))
    .digest();
  return createHash('sha256').update(DOMAIN).update(inner).digest();
}
