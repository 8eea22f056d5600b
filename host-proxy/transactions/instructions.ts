/** The instructions a convenience transfer is made of. Program addresses and layouts are those of Solana's own programs. */

import { createHash } from 'node:crypto';
import { Point } from '@noble/ed25519';
import { decodeBase58 } from './base58.ts';

export interface AccountMeta {
  readonly key: Uint8Array;
  readonly signer: boolean;
  readonly writable: boolean;
}

export interface Instruction {
  readonly program: Uint8Array;
  readonly accounts: readonly AccountMeta[];
  readonly data: Uint8Array;
}

export type TokenProgram = 'token' | 'token-2022';

export const known = (address: string): Uint8Array => decodeBase58(address, 32) ?? new Uint8Array(32);
export const SYSTEM = known('11111111111111111111111111111111');
const ASSOCIATED_TOKEN = known('ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL');
/** Memo v3: the one every cluster and the local chain has. */
const MEMO = known('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');
export const TOKEN_PROGRAMS: Readonly<Record<TokenProgram, Uint8Array>> = {
  token: known('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA'),
  'token-2022': known('TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb'),
};

const SYSTEM_TRANSFER = 2;
const TRANSFER_CHECKED = 12;
const CREATE_IDEMPOTENT = 1;

export const plain = (key: Uint8Array): AccountMeta => ({ key, signer: false, writable: false });
export const written = (key: Uint8Array): AccountMeta => ({ key, signer: false, writable: true });

export function transferSol(from: Uint8Array, to: Uint8Array, lamports: bigint): Instruction {
  const data = Buffer.alloc(12);
  data.writeUInt32LE(SYSTEM_TRANSFER);
  data.writeBigUInt64LE(lamports, 4);
  return { program: SYSTEM, accounts: [{ key: from, signer: true, writable: true }, written(to)], data };
}

export interface TokenTransfer {
  readonly owner: Uint8Array;
  readonly recipient: Uint8Array;
  /** Who pays rent for the recipient’s account; the owner where absent. */
  readonly payer?: Uint8Array;
  readonly mint: Uint8Array;
  readonly tokenProgram: TokenProgram;
  readonly decimals: number;
  readonly amount: bigint;
}

/** TransferChecked between the associated token accounts of both wallets. */
export function transferToken({ owner, recipient, mint, tokenProgram, decimals, amount }: TokenTransfer): Instruction {
  const data = Buffer.alloc(10);
  data.writeUInt8(TRANSFER_CHECKED);
  data.writeBigUInt64LE(amount, 1);
  data.writeUInt8(decimals, 9);
  const source = deriveTokenAccount(owner, mint, tokenProgram);
  const destination = deriveTokenAccount(recipient, mint, tokenProgram);
  const accounts = [written(source), plain(mint), written(destination), { key: owner, signer: true, writable: false }];
  return { program: TOKEN_PROGRAMS[tokenProgram], accounts, data };
}

/** Creates the recipient's associated token account at our cost; does nothing on chain where it exists. */
export function createTokenAccount(transfer: TokenTransfer): Instruction {
  const { owner, recipient, mint, tokenProgram } = transfer;
  const account = deriveTokenAccount(recipient, mint, tokenProgram);
  const payer = { key: transfer.payer ?? owner, signer: true, writable: true };
  const rest = [plain(recipient), plain(mint), plain(SYSTEM), plain(TOKEN_PROGRAMS[tokenProgram])];
  const accounts = [payer, written(account), ...rest];
  return { program: ASSOCIATED_TOKEN, accounts, data: Uint8Array.of(CREATE_IDEMPOTENT) };
}

export function addMemo(text: string): Instruction {
  return { program: MEMO, accounts: [], data: Buffer.from(text) };
}

/** The associated token account: the program-derived address with the highest bump that is no point of the curve. */
export function deriveTokenAccount(owner: Uint8Array, mint: Uint8Array, tokenProgram: TokenProgram): Uint8Array {
  return deriveAddress([owner, TOKEN_PROGRAMS[tokenProgram], mint], ASSOCIATED_TOKEN);
}

export function deriveAddress(seeds: readonly Uint8Array[], program: Uint8Array): Uint8Array {
  for (let bump = 255; ; bump -= 1) {
    const hash = createHash('sha256');
    for (const part of [...seeds, Uint8Array.of(bump), program]) hash.update(part);
    const address = new Uint8Array(hash.update('ProgramDerivedAddress').digest());
    if (!isOnCurve(address)) return address;
  }
}

/** Decompression as the chain does it: encodings over the prime are read, small-order points are points. */
function isOnCurve(bytes: Uint8Array): boolean {
  try {
    Point.fromBytes(bytes, true);
    return true;
  } catch {
    return false;
  }
}
