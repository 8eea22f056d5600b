/** One transaction of the owner: made by kit, signed by keys in KMS, sent until it landed. */

import type { Address, Blockhash, Instruction, TransactionSigner } from '@solana/kit';
import * as kit from '@solana/kit';
import { getSetComputeUnitLimitInstruction } from '@solana-program/compute-budget';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Chain, Lifetime } from './rpc.ts';

/** Bytes of a wire transaction of the older versions; above it a v1 message is made, whose limit is the next. */
const PACKET_BYTES = 1_232;
const V1_BYTES = 4_096;
/** Compute units asked for. Unused ones cost nothing while no price is set. */
const UNITS = 1_000_000;
/** A v1 message says how many bytes of accounts it may load. */
const LOADED_BYTES = 64 * 1024 * 1024;

export interface Sent {
  readonly signature: string;
  /** Bytes on the wire. */
  readonly bytes: number;
}

/** Signs with the signers given that are asked for, sends, and waits. `transaction-failed` says why it did not land. */
export async function sendInstructions(
  chain: Chain,
  payer: TransactionSigner,
  signers: readonly TransactionSigner[],
  instructions: readonly Instruction[],
): Promise<Sent> {
  const { wire, signature, lifetime } = await prepareInstructions(chain, payer, signers, instructions);
  await chain.land(wire, signature, lifetime);
  return { signature, bytes: wire.length };
}

export interface Prepared {
  readonly wire: Uint8Array;
  readonly signature: string;
  readonly lifetime: Lifetime;
}

/** Signed and not sent: for whoever must remember what is sent before it is. */
export async function prepareInstructions(
  chain: Chain,
  payer: TransactionSigner,
  signers: readonly TransactionSigner[],
  instructions: readonly Instruction[],
): Promise<Prepared> {
  const lifetime = await chain.latestBlockhash();
  const transaction = await signTransaction(payer, signers, instructions, lifetime);
  const wire = Uint8Array.from(kit.getTransactionEncoder().encode(transaction));
  return { wire, signature: kit.getSignatureFromTransaction(transaction), lifetime };
}

async function signTransaction(
  payer: TransactionSigner,
  signers: readonly TransactionSigner[],
  instructions: readonly Instruction[],
  lifetime: { readonly blockhash: string; readonly lastValidBlockHeight: bigint },
) {
  const until = { ...lifetime, blockhash: lifetime.blockhash as Blockhash };
  const held = new Map(signers.map((signer) => [signer.address, signer]));
  const signed = instructions.map((instruction) => withSigners(instruction, held));
  const older = kit.pipe(
    kit.createTransactionMessage({ version: 0 }),
    (empty) => kit.setTransactionMessageFeePayerSigner(payer, empty),
    (paid) => kit.setTransactionMessageLifetimeUsingBlockhash(until, paid),
    (timed) =>
      kit.appendTransactionMessageInstructions([getSetComputeUnitLimitInstruction({ units: UNITS }), ...signed], timed),
  );
  if (measure(older) <= PACKET_BYTES) return kit.signTransactionMessageWithSigners(older);
  const newer = kit.pipe(
    kit.createTransactionMessage({ version: 1 }),
    (empty) => kit.setTransactionMessageFeePayerSigner(payer, empty),
    (paid) => kit.setTransactionMessageLifetimeUsingBlockhash(until, paid),
    (timed) => kit.setTransactionMessageComputeUnitLimit(UNITS, timed),
    (limited) => kit.setTransactionMessageLoadedAccountsDataSizeLimit(LOADED_BYTES, limited),
    (sized) => kit.appendTransactionMessageInstructions(signed, sized),
  );
  const bytes = measure(newer);
  if (bytes > V1_BYTES)
    throw new ReeveError('transaction-failed', { what: 'too long', limit: V1_BYTES, observed: bytes });
  return kit.signTransactionMessageWithSigners(newer);
}

function measure(message: Parameters<typeof kit.compileTransaction>[0]): number {
  return kit.getTransactionEncoder().encode(kit.compileTransaction(message)).length;
}

function withSigners(instruction: Instruction, held: ReadonlyMap<Address, TransactionSigner>): Instruction {
  const accounts = (instruction.accounts ?? []).map((meta) => {
    const signer = held.get(meta.address);
    return signer !== undefined && kit.isSignerRole(meta.role) ? { ...meta, signer } : meta;
  });
  return { ...instruction, accounts } as Instruction;
}
