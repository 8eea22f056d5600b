/** Payments out of a Squads vault: on the strength of a spending limit, or, beyond it and where the policy allows, as a proposal. */

import { ReeveError } from '../../enclave/link/errors.ts';
import type { MintFacts, PolicyDocument, VaultDocument } from '../routes/current-policy.ts';
import { findAsset } from '../routes/current-policy.ts';
import { readAddress } from '../routes/json.ts';
import type { Rpc } from '../rpc.ts';
import { encodeBase58 } from '../transactions/base58.ts';
import type { Instruction, TokenTransfer } from '../transactions/instructions.ts';
import { createTokenAccount, deriveTokenAccount, transferSol, transferToken } from '../transactions/instructions.ts';
import { compileVaultMessage } from '../transactions/message.ts';
import { deriveVault, proposePayment, readTransactionIndex, useSpendingLimit } from '../transactions/squads.ts';
import { buildAttempt } from './build.ts';
import type { Attempt, TransferRequest } from './records.ts';

/** What a payment needs to know of its vault. */
export interface VaultPayment {
  readonly vault: VaultDocument;
  readonly multisig: Uint8Array;
  readonly address: Uint8Array;
  readonly asset: MintFacts | 'SOL';
  /** The asset's name in the policy. */
  readonly name: string;
  readonly to: Uint8Array;
  readonly amount: bigint;
}

/** The vault a request names, and the payment; `vault-unknown`, `asset-unknown`. */
export function readVaultPayment(document: PolicyDocument, request: TransferRequest, from: string): VaultPayment {
  const asset = findAsset(document, request.asset);
  if (asset === null) throw new ReeveError('asset-unknown', { asset: request.asset });
  const name = nameAsset(document, asset);
  for (const vault of document.vaults ?? []) {
    const multisig = readAddress(vault.multisig, 'policy/vaults');
    const address = deriveVault(multisig, vault.index);
    if (encodeBase58(address) !== from) continue;
    return {
      vault,
      multisig,
      address,
      asset,
      name,
      to: readAddress(request.to, 'body/to'),
      amount: BigInt(request.amount),
    };
  }
  throw new ReeveError('vault-unknown', { vault: from });
}

function nameAsset(document: PolicyDocument, asset: MintFacts | 'SOL'): string {
  if (asset === 'SOL') return asset;
  return Object.entries(document.assets).find(([, entry]) => 'mint' in entry && entry.mint === asset.mint)?.[0] ?? '';
}

/** Whether the policy lets this be proposed where no limit covers it. */
export function mayPropose({ vault, name }: VaultPayment): boolean {
  return vault.propose !== undefined && Object.hasOwn(vault.propose.assets, name);
}

/** Draws on the limit for the asset; null where the policy names none. */
export async function buildLimitUse(
  rpc: Rpc,
  document: PolicyDocument,
  agent: Uint8Array,
  request: TransferRequest,
  payment: VaultPayment,
): Promise<Attempt | null> {
  const { vault, multisig, asset, name, to, amount } = payment;
  const limit = vault.limits?.find((entry) => entry.asset === name);
  if (limit === undefined) return null;
  const createKey = readAddress(limit.createKey, 'policy/vaults');
  const memo = request.memo === undefined ? {} : { memo: request.memo };
  const token = asset === 'SOL' ? null : { ...asset, mint: readAddress(asset.mint, 'policy/assets') };
  const use = useSpendingLimit({
    multisig,
    vaultIndex: vault.index,
    createKey,
    member: agent,
    to,
    amount,
    token,
    ...memo,
  });
  const create = asset === 'SOL' ? [] : await createRecipient(rpc, document, tokenTransfer(payment, asset, agent));
  return buildAttempt(rpc, agent, [...create, use]);
}

/** The same payment as a proposal over the multisig's next index. Somebody who takes that index first makes it fail, and asking again takes the next. */
export async function buildProposal(
  rpc: Rpc,
  document: PolicyDocument,
  agent: Uint8Array,
  request: TransferRequest,
  payment: VaultPayment,
): Promise<Attempt> {
  const { vault, multisig, address, asset, to, amount } = payment;
  const account = await rpc.accountData(vault.multisig);
  const newest = account === null ? null : readTransactionIndex(account);
  if (newest === null) throw new ReeveError('rpc-failed', { reason: 'no multisig there' });
  const inner =
    asset === 'SOL' ? [transferSol(address, to, amount)] : await moveFromVault(rpc, document, payment, asset);
  const draft = { multisig, vaultIndex: vault.index, index: newest + 1n, member: agent };
  const memo = request.memo === undefined ? {} : { memo: request.memo };
  const message = compileVaultMessage(address, inner);
  const approve = vault.propose?.approve === true;
  const attempt = await buildAttempt(rpc, agent, proposePayment({ ...draft, message, approve, ...memo }));
  return { ...attempt, proposal: { multisig: vault.multisig, index: String(newest + 1n) } };
}

async function moveFromVault(rpc: Rpc, document: PolicyDocument, payment: VaultPayment, asset: MintFacts) {
  const transfer = tokenTransfer(payment, asset, payment.address);
  return [...(await createRecipient(rpc, document, transfer)), transferToken(transfer)];
}

function tokenTransfer({ address, to, amount }: VaultPayment, asset: MintFacts, payer: Uint8Array): TokenTransfer {
  const { tokenProgram, decimals } = asset;
  return {
    owner: address,
    payer,
    recipient: to,
    mint: readAddress(asset.mint, 'policy/assets'),
    tokenProgram,
    decimals,
    amount,
  };
}

/** The recipient's token account must exist: Squads creates none. */
async function createRecipient(rpc: Rpc, document: PolicyDocument, transfer: TokenTransfer): Promise<Instruction[]> {
  const account = encodeBase58(deriveTokenAccount(transfer.recipient, transfer.mint, transfer.tokenProgram));
  if (await rpc.accountExists(account)) return [];
  if (document.fees.rentPerTransaction === '0') throw new ReeveError('recipient-account-missing', { account });
  return [createTokenAccount(transfer)];
}
