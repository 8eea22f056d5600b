/** A recipient attested by this enclave's NSM. */

import type { Enclave } from '../enclave.ts';
import { makeDocument } from '../nsm-documents.ts';
import type { Recipient } from './recipient.ts';
import { createRecipient } from './recipient.ts';

/** Rejects with `nsm-failed` when there is no document. */
export function makeRecipient({ nsm, clock }: Pick<Enclave, 'nsm' | 'clock'>): Promise<Recipient> {
  return createRecipient((publicKey) => makeDocument(nsm, clock.observe, { publicKey }));
}
