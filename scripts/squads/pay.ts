/**
 * A payment that waits for the owner, made by the owner: out of the same vault, by the owner's own vote, in one transaction. The agent signs nothing, and the
 * limit on chain is not touched. What is sent is on the disk before it is sent, so that a command cut short and run again pays once.
 */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Address, Instruction } from '@solana/kit';
import { AccountRole } from '@solana/kit';
import { Type } from 'typebox';
import { isReeveError, ReeveError } from '../../enclave/link/errors.ts';
import { Fields } from '../../enclave/link/schema/blocks.ts';
import type { Instruction as PlainInstruction } from '../../host-proxy/transactions/instructions.ts';
import { createTokenAccount, transferSol, transferToken } from '../../host-proxy/transactions/instructions.ts';
import { compileVaultMessage } from '../../host-proxy/transactions/message.ts';
import { encodeBase58 } from '../../policy/base58.ts';
import type { EffectJson } from '../../policy/json.ts';
import { pubkeyFromBase58, pubkeyToBytes } from '../../policy/keys.ts';
import type { Policy } from '../../policy/policy.ts';
import { SOL } from '../../policy/policy.ts';
import { decodeInnerMessage } from '../../policy/programs/squads-message.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { Prepared } from '../chain/send.ts';
import { prepareInstructions } from '../chain/send.ts';
import { toBase64 } from '../cli/fields.ts';
import { makeFolder, readJsonFile, writeDurably } from '../cli/files.ts';
import type { Profile } from '../owner/profile.ts';
import type { MultisigAccount } from './accounts.ts';
import { understand } from './proposal.ts';
import { readMultisig } from './read.ts';
import { ALL_PERMISSIONS } from './sdk.ts';
import type { OwnerChain } from './session.ts';

export interface VaultPayment {
  readonly vault: Pubkey;
  readonly multisig: Pubkey;
  readonly vaultIndex: number;
  readonly items: readonly { readonly asset: string; readonly amount: bigint; readonly to: Pubkey }[];
  readonly memo: string | null;
}

/** The payment that these effects ask for, or null where they are more than payments out of one vault. */
export function readVaultPayment(policy: Policy, effects: readonly EffectJson[]): VaultPayment | null {
  const uses = effects.filter(({ kind }) => kind === 'limitUse');
  const others = effects.filter(({ kind }) => !['limitUse', 'fee', 'rent', 'memo'].includes(kind));
  const vault = pubkeyFromBase58(uses[0]?.from ?? '');
  const facts = vault === null ? undefined : policy.vaults.get(vault);
  if (vault === null || facts === undefined || others.length > 0) return null;
  if (uses.some(({ from }) => from !== uses[0]?.from)) return null;
  const items = uses.flatMap(({ asset, amount, recipient }) => {
    const to = pubkeyFromBase58(recipient ?? '');
    return to === null || asset === undefined || amount === undefined ? [] : [{ asset, amount: BigInt(amount), to }];
  });
  if (items.length !== uses.length) return null;
  const memo = effects.find(({ kind }) => kind === 'memo')?.memo ?? null;
  return { vault, multisig: facts.multisig, vaultIndex: facts.index, items, memo };
}

/** Whether the owner's vote alone is enough, at once. */
export function decidesAlone({ threshold, timeLock, members }: MultisigAccount, owner: Pubkey): boolean {
  const own = members.find(({ key }) => key === owner);
  return threshold === 1 && timeLock === 0 && own?.permissions === ALL_PERMISSIONS;
}

const Journal = Fields({
  format: Type.Literal('reeve/payment/v1'),
  signature: Type.String(),
  transaction: Type.String(),
  blockhash: Type.String(),
  lastValidBlockHeight: Type.String({ pattern: '^[0-9]{1,20}$' }),
});

/** Makes the payment once for this approval, however often it is called; returns what landed. */
export async function payOnce(
  owner: OwnerChain,
  profile: Profile,
  policy: Policy,
  wallet: string,
  approvalId: string,
  payment: VaultPayment,
): Promise<{ signature: string; transaction: string }> {
  const folder = join(profile.folder, 'wallets', wallet, 'payments');
  const file = join(folder, `${approvalId}.json`);
  const known = existsSync(file) ? readJsonFile(file, Journal, 'file-invalid') : null;
  if (known !== null && (await finishKnown(owner, known)))
    return { signature: known.signature, transaction: known.transaction };
  if (known !== null) rmSync(file);
  const prepared = await preparePayment(owner, policy, payment);
  const { signature, wire, lifetime } = prepared;
  const transaction = toBase64(wire);
  makeFolder(folder);
  const journal = { signature, transaction, blockhash: lifetime.blockhash };
  const until = { lastValidBlockHeight: String(lifetime.lastValidBlockHeight) };
  writeDurably(file, `${JSON.stringify({ format: 'reeve/payment/v1', ...journal, ...until })}\n`);
  await owner.chain.land(wire, signature, lifetime);
  return { signature, transaction };
}

/** True once the earlier transaction has landed; false where it never can. Only the node says so: a lying one could make a payment be made again. */
async function finishKnown(
  { chain }: OwnerChain,
  known: { signature: string; transaction: string; blockhash: string; lastValidBlockHeight: string },
) {
  const before = await chain.readTransaction(known.signature);
  if (before !== null) return !before.failed;
  const lifetime = { blockhash: known.blockhash, lastValidBlockHeight: BigInt(known.lastValidBlockHeight) };
  const height = BigInt((await chain.call('getBlockHeight', [{ commitment: 'finalized' }])) as number);
  if (height > lifetime.lastValidBlockHeight) return (await chain.readTransaction(known.signature)) !== null;
  try {
    await chain.land(new Uint8Array(Buffer.from(known.transaction, 'base64')), known.signature, lifetime);
    return true;
  } catch (error) {
    if (!isReeveError(error, 'transaction-failed')) throw error;
    return (await chain.readTransaction(known.signature)) !== null;
  }
}

async function preparePayment(owner: OwnerChain, policy: Policy, payment: VaultPayment): Promise<Prepared> {
  const { chain, sdk, ownerKey, payerKey } = owner;
  const { multisig, vaultIndex, memo } = payment;
  const account = await readMultisig(chain, multisig);
  if (!decidesAlone(account, ownerKey))
    throw new ReeveError('proposal-refused', { detail: 'the owner’s vote alone is not enough for this vault' });
  const index = account.transactionIndex + 1n;
  const at = { multisig, index, member: ownerKey, rentPayer: payerKey };
  const { before, message } = writePayment(policy, payment, payerKey);
  const decoded = decodeInnerMessage(message);
  if (!decoded.ok) throw new ReeveError('internal', { what: decoded.refusal });
  const stored = {
    kind: 'vault' as const,
    multisig,
    creator: ownerKey,
    index,
    vaultIndex,
    ephemeralSigners: 0,
    message: decoded.value,
  };
  const { accounts } = await understand(chain, policy, stored);
  const close = account.rentCollector === null ? [] : [sdk.closeVault(at, account.rentCollector)];
  const vote = [sdk.createVault(at, vaultIndex, message, memo ?? undefined), sdk.createProposal(at), sdk.approve(at)];
  const steps = [...before, ...vote, sdk.executeVault(at, accounts), ...close];
  return prepareInstructions(chain, owner.payer, [owner.owner, owner.payer], steps);
}

/** Token accounts are made beside the vault's message, at the payer's cost. */
function writePayment(policy: Policy, { vault, items }: VaultPayment, payer: Pubkey) {
  const from = pubkeyToBytes(vault);
  const before: Instruction[] = [];
  const moves = items.map(({ asset: name, amount, to: recipient }) => {
    const to = pubkeyToBytes(recipient);
    const asset = policy.document.assets[name];
    if (name === SOL) return transferSol(from, to, amount);
    if (asset === undefined || !('mint' in asset)) throw new ReeveError('asset-unknown', { asset: name });
    const mint = pubkeyToBytes(pubkeyFromBase58(String(asset.mint)) as Pubkey);
    const { tokenProgram, decimals } = asset as { tokenProgram: 'token' | 'token-2022'; decimals: number };
    const transfer = { owner: from, payer: pubkeyToBytes(payer), recipient: to, mint, tokenProgram, decimals, amount };
    before.push(toKit(createTokenAccount(transfer)));
    return transferToken(transfer);
  });
  return { before, message: compileVaultMessage(from, moves) };
}

const ROLES = [AccountRole.READONLY, AccountRole.WRITABLE, AccountRole.READONLY_SIGNER, AccountRole.WRITABLE_SIGNER];

function toKit({ program, accounts, data }: PlainInstruction): Instruction {
  return {
    programAddress: encodeBase58(program) as Address,
    accounts: accounts.map(({ key, signer, writable }) => ({
      address: encodeBase58(key) as Address,
      role: ROLES[(signer ? 2 : 0) + (writable ? 1 : 0)] as AccountRole,
    })),
    data,
  };
}
