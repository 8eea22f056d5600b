/** The transaction of a convenience transfer: at most an account creation, the transfer, a memo. */

import { ReeveError } from '../../enclave/link/errors.ts';
import type { MintFacts, PolicyDocument } from '../routes/current-policy.ts';
import { findAsset } from '../routes/current-policy.ts';
import { readAddress } from '../routes/json.ts';
import type { Rpc } from '../rpc.ts';
import { decodeBase58, encodeBase58 } from '../transactions/base58.ts';
import type { Instruction, TokenTransfer } from '../transactions/instructions.ts';
import {
  addMemo,
  createTokenAccount,
  deriveTokenAccount,
  transferSol,
  transferToken,
} from '../transactions/instructions.ts';
import { compileMessage } from '../transactions/message.ts';
import { wrapMessage } from '../transactions/wire.ts';
import type { Attempt, TransferRequest } from './records.ts';

/** Unsigned bytes over a fresh blockhash. `asset-unknown`, `recipient-account-missing`, `rpc-failed`. */
export async function buildTransfer(
  rpc: Rpc,
  document: PolicyDocument,
  agent: Uint8Array,
  request: TransferRequest,
): Promise<Attempt> {
  const asset = findAsset(document, request.asset);
  if (asset === null) throw new ReeveError('asset-unknown', { asset: request.asset });
  const to = readAddress(request.to, 'body/to');
  const amount = BigInt(request.amount);
  const moves =
    asset === 'SOL' ? [transferSol(agent, to, amount)] : await moveToken(rpc, document, asset, { agent, to, amount });
  const memo = request.memo === undefined ? [] : [addMemo(request.memo)];
  return buildAttempt(rpc, agent, [...moves, ...memo]);
}

/** Instructions as one unsigned transaction that `payer` alone signs. */
export async function buildAttempt(
  rpc: Rpc,
  payer: Uint8Array,
  instructions: readonly Instruction[],
): Promise<Attempt> {
  const { blockhash, lastValidBlockHeight } = await rpc.latestBlockhash();
  const recent = decodeBase58(blockhash, 32);
  if (recent === null) throw new ReeveError('rpc-failed', { reason: 'unexpected blockhash' });
  const message = compileMessage(payer, instructions, recent);
  return { transaction: Buffer.from(wrapMessage(message, 1)).toString('base64'), lastValidBlockHeight };
}

async function moveToken(
  rpc: Rpc,
  document: PolicyDocument,
  asset: MintFacts,
  { agent, to, amount }: { agent: Uint8Array; to: Uint8Array; amount: bigint },
): Promise<Instruction[]> {
  const mint = readAddress(asset.mint, 'policy/assets');
  const { tokenProgram, decimals } = asset;
  const transfer: TokenTransfer = { owner: agent, recipient: to, mint, tokenProgram, decimals, amount };
  const account = encodeBase58(deriveTokenAccount(to, mint, tokenProgram));
  if (await rpc.accountExists(account)) return [transferToken(transfer)];
  if (document.fees.rentPerTransaction === '0') throw new ReeveError('recipient-account-missing', { account });
  return [createTokenAccount(transfer), transferToken(transfer)];
}
