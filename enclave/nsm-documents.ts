/** Attestation documents of this enclave's own NSM. Each also sets the clock. */

import { parseDocument } from '../attestation/document.ts';
import type { AttestFields, NsmClient } from '../attestation/nsm.ts';
import { isReeveError, ReeveError } from './link/errors.ts';

/** An NSM, and whether its documents may be unsigned: true for the simulated one of a development image alone. */
export type DocumentSource = Pick<NsmClient, 'attest'> & { readonly mayBeUnsigned?: boolean };

/** A document over these fields, or `nsm-failed`. `observe` gets its timestamp. */
export async function makeDocument(
  nsm: DocumentSource,
  observe: (timestamp: number) => void,
  fields: AttestFields,
): Promise<Uint8Array> {
  const made = await nsm.attest(fields);
  if (!made.ok) throw new ReeveError('nsm-failed', { command: 'Attestation', reason: made.refusal.reason });
  const signed = parseDocument(made.value);
  const parsed = !signed.ok && nsm.mayBeUnsigned === true ? parseDocument(made.value, { unsigned: true }) : signed;
  if (!parsed.ok) throw new ReeveError('nsm-failed', { command: 'Attestation', reason: parsed.refusal.reason });
  observe(parsed.value.document.timestamp);
  return made.value;
}

/** The NSM's time in milliseconds, or null when it does not say. */
export async function askTime(nsm: DocumentSource): Promise<number | null> {
  const times: number[] = [];
  try {
    await makeDocument(nsm, (timestamp) => times.push(timestamp), {});
  } catch (error) {
    if (!isReeveError(error, 'nsm-failed')) throw error;
  }
  return times[0] ?? null;
}
