import * as kit from '@solana/kit';
import * as budget from '@solana-program/compute-budget';
import { getAddMemoInstruction, LEGACY_MEMO_PROGRAM_ADDRESS_V3 as programAddress } from '@solana-program/memo';
import { findAssociatedTokenPda, getTransferCheckedInstruction, TOKEN_PROGRAM_ADDRESS } from '@solana-program/token';
import type { ReeveSigner } from 'reeve/client';

/** What a server asks for with status 402, scheme `exact`. */
export interface Wanted {
  payTo: kit.Address;
  asset: kit.Address;
  amount: bigint;
  decimals: number;
  extra: { feePayer: kit.Address; memo: string };
}

/** The payment's wire bytes, signed by the agent alone: the facilitator pays the fee, adds its signature, and sends. */
export async function payExact(signer: ReeveSigner, wanted: Wanted, blockhash: kit.BlockhashLifetimeConstraint) {
  const { asset: mint, amount, decimals, extra } = wanted;
  const account = async (owner: kit.Address) =>
    (await findAssociatedTokenPda({ owner, mint, tokenProgram: TOKEN_PROGRAM_ADDRESS }))[0];
  const [source, destination] = [await account(signer.address), await account(wanted.payTo)];
  const instructions = [
    budget.getSetComputeUnitLimitInstruction({ units: 40_000 }),
    budget.getSetComputeUnitPriceInstruction({ microLamports: 1n }),
    getTransferCheckedInstruction({ source, mint, destination, authority: signer, amount, decimals }),
    getAddMemoInstruction({ memo: extra.memo }, { programAddress }),
  ];
  const message = kit.pipe(
    kit.createTransactionMessage({ version: 0 }),
    (empty) => kit.setTransactionMessageFeePayer(extra.feePayer, empty),
    (paid) => kit.setTransactionMessageLifetimeUsingBlockhash(blockhash, paid),
    (timed) => kit.appendTransactionMessageInstructions(instructions, timed),
  );
  return kit.getBase64EncodedWireTransaction(await kit.partiallySignTransactionMessageWithSigners(message));
}
