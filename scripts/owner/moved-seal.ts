/**
 * A wallet that was made, or whose owner key or sealing key changed: what the owner keeps of it follows. Everything is read from the chain of receipts up to a freshly
 * attested head, so that it does not matter whether the enclave's answer ever arrived.
 */

import { createHash } from 'node:crypto';
import { decodeCbor } from '../../enclave/link/cbor.ts';
import { encodeCommandBody, openCommand } from '../../enclave/link/commands.ts';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Receipt } from '../../enclave/link/receipts.ts';
import type { CommandBody, CommandPayload, Envelope } from '../../enclave/link/schema/command.ts';
import type { Statement } from '../../enclave/link/schema/statement.ts';
import { isValid } from '../../enclave/link/validators.ts';
import { checkChain, fetchReceiptsTo } from '../audit/chain.ts';
import { toHex } from '../cli/text.ts';
import type { Pins } from './attest.ts';
import { checkPins } from './attest.ts';
import { keepPolicy, keepSeal, readKeptPolicy, replacePins } from './copy.ts';
import type { Session } from './session.ts';

/** The signed command behind a new seal, and its body. */
export interface SealProof {
  readonly envelope: Envelope;
  readonly body: Uint8Array;
}

/** Keeps seal, command and pins of a wallet that `statement` attests under new keys, and tells the witness. Doing it again changes nothing. */
export async function followSeal(session: Session, statement: Statement, before: Pins): Promise<Pins> {
  const { profile } = session;
  const { wallet, owner, kmsKeyArn } = statement;
  const pins: Pins = { ...before, owner, kmsKeyArn };
  checkPins(statement, pins);
  const { seal, proof } = await readSealed(session, statement, pins);
  keepSeal(profile, wallet, seal);
  keepPolicy(profile, wallet, readKeptPolicy(profile, wallet).bytes, proof.envelope, proof.body);
  await (await session.keeper()).repin(wallet, proof);
  replacePins(profile, pins);
  return pins;
}

/** The newest seal of the attested chain with the command that made it. */
export async function readSealed(
  session: Session,
  { wallet, head }: Statement,
  pins: Pins,
): Promise<{ seal: Uint8Array; proof: SealProof }> {
  const stored = await fetchReceiptsTo(await session.admin(), wallet, head.seq);
  const claim = { seq: head.seq, hash: toHex(head.hash) };
  const { receipts } = checkChain(wallet, stored, claim);
  const move = receipts.findLast(hasSeal);
  if (move === undefined) throw new ReeveError('chain-invalid', { what: 'no seal in the receipts', wallet });
  const { seal, envelope } = move.body as { seal: Uint8Array; envelope: Envelope };
  checkSeal(seal, pins);
  return { seal, proof: { envelope, body: encodeBody(envelope, move, pins) } };
}

function hasSeal({ kind, body }: Receipt): boolean {
  return kind === 'command' && body.seal !== undefined;
}

function checkSeal(bytes: Uint8Array, { wallet, agent, receiptKey, owner, kmsKeyArn }: Pins): void {
  const seal = decodeCbor(bytes);
  const same = (one: Uint8Array, other: Uint8Array) => Buffer.from(one).equals(other);
  const fits =
    isValid('Seal', seal) &&
    seal.wallet === wallet &&
    seal.kmsKeyArn === kmsKeyArn &&
    same(seal.agent, agent) &&
    same(seal.receiptKey, receiptKey) &&
    same(seal.owner, owner);
  if (!fits) throw new ReeveError('seal-invalid', { what: 'the seal is of another wallet, owner or key', wallet });
}

/** Fields stand in the order in which the commands that seal are written: the bytes are signed. */
function encodeSealing(
  { command, wallet }: CommandPayload,
  { kmsKeyArn, policyHash, version, ownerPublicKey }: CommandBody<'owner.rotate'>,
): { bytes: Uint8Array } {
  switch (command) {
    case 'wallet.create':
      return encodeCommandBody(command, { wallet, ownerPublicKey, kmsKeyArn, policyHash });
    case 'owner.rotate':
      return encodeCommandBody(command, { kmsKeyArn, policyHash, version, ownerPublicKey });
    default:
      return encodeCommandBody('reseal', { kmsKeyArn, policyHash, version });
  }
}

/** The body is not in the receipt, but all it says is; the payload's hash tells whether it is the one. */
function encodeBody(envelope: Envelope, receipt: Receipt, { owner, kmsKeyArn }: Pins): Uint8Array {
  const { payload } = openCommand(envelope);
  const facts = receipt.body as { policyHash?: Uint8Array; policyVersion?: number };
  const policyHash = facts.policyHash ?? new Uint8Array(32);
  const { bytes } = encodeSealing(payload, {
    kmsKeyArn,
    policyHash,
    version: facts.policyVersion ?? 0,
    ownerPublicKey: owner,
  });
  const hash = createHash('sha256').update(bytes).digest();
  if (!hash.equals(payload.bodyHash)) throw new ReeveError('command-body', { command: payload.command });
  return bytes;
}
