/** What both planes answer: it changes nothing. */

import type { Enclave } from '../enclave.ts';
import { FRAME_MARGIN_BYTES } from '../limits.ts';
import { FRAME_BYTES } from '../link/messages.ts';
import type { Outcome, Params, Plane } from '../link/schema/registry.ts';
import { encodeStatement, hashStatements } from '../link/statements.ts';
import { makeDocument } from '../nsm-documents.ts';
import { readSince } from '../wallet/chain.ts';
import { describeWallet } from '../wallet/statement.ts';
import type { Answer } from './answer.ts';

export function hello({ boot, image, mode, clock, wallets }: Enclave): Answer<Outcome<'owner', 'hello'>> {
  return { result: { boot, image, mode, time: BigInt(clock.read()), wallets: wallets.size } };
}

/** Statements of these wallets under one fresh document, which binds them and the caller's nonce. */
export async function attest(
  enclave: Enclave,
  { nonce, wallets }: Params<'owner', 'attest'>,
): Promise<Answer<Outcome<'owner', 'attest'>>> {
  const statements = wallets.map((name) => encodeStatement(describeWallet(enclave, enclave.wallets.find(name))));
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
