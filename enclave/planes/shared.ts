/** What both planes answer: it changes nothing. */

import type { Enclave } from '../enclave.ts';
import { DOCUMENT_BYTES, FRAME_MARGIN_BYTES } from '../limits.ts';
import { FRAME_BYTES } from '../link/messages.ts';
import type { Outcome, Params, Plane } from '../link/schema/registry.ts';
import { encodeStatement, hashStatements } from '../link/statements.ts';
import { makeDocument } from '../nsm-documents.ts';
import { takeFitting } from '../wallet/budget.ts';
import { readSince } from '../wallet/chain.ts';
import { describeWallet } from '../wallet/statement.ts';
import type { Answer } from './answer.ts';

export function hello({ boot, image, mode, clock, wallets }: Enclave): Answer<Outcome<'owner', 'hello'>> {
  return { result: { boot, image, mode, time: BigInt(clock.read()), wallets: wallets.size } };
}

/**
 * Statements under one fresh document, which binds them and the caller's nonce: of the wallets asked for, in their order, as many as fit this
 * plane's frame, and at least the first.
 */
export async function attest(
  plane: Plane,
  enclave: Enclave,
  { nonce, wallets }: Params<'owner', 'attest'>,
): Promise<Answer<Outcome<'owner', 'attest'>>> {
  const asked = wallets.map(enclave.wallets.find);
  const all = asked.map((wallet) => encodeStatement(describeWallet(enclave, wallet)));
  const fitting = takeFitting(all, FRAME_BYTES[plane] - DOCUMENT_BYTES - FRAME_MARGIN_BYTES);
  const statements = fitting.length === 0 ? all.slice(0, 1) : fitting;
  const userData = hashStatements(statements);
  const document = await makeDocument(enclave.nsm, enclave.clock.observe, { nonce, userData });
  return { result: { statements, document } };
}

/** Receipts that are not known to be stored. What was stored and lost since is gone from here too. */
export function receiptsSince(
  plane: Plane,
  { wallets }: Enclave,
  { wallet, seq }: Params<'owner', 'receipts.since'>,
): Answer<Outcome<'owner', 'receipts.since'>> {
  const { append, more } = readSince(wallets.find(wallet).chain, seq, FRAME_BYTES[plane] - 2 * FRAME_MARGIN_BYTES);
  return { result: { more }, wallet, ...(append === null ? {} : { append }) };
}
