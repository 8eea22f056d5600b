/** Reading token accounts and mints of SPL Token and Token-2022: the 165 and 82 bytes that both share. Extensions are not read. */
import { getAddressDecoder } from '@solana/kit';
import type { StoredAccount } from './store.ts';

export const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
export const TOKEN_2022_PROGRAM = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb';
const ACCOUNT_BYTES = 165;
const MINT_BYTES = 82;
/** With extensions, the byte after the first 165 says which of the two it is. */
const KIND_MINT = 1;
const KIND_ACCOUNT = 2;
const STATES = ['uninitialized', 'initialized', 'frozen'] as const;

export interface TokenAccount {
  readonly mint: string;
  readonly owner: string;
  /** Base units. */
  readonly amount: bigint;
  readonly state: (typeof STATES)[number];
  readonly isNative: boolean;
}

export interface Mint {
  readonly decimals: number;
  /** Base units. */
  readonly supply: bigint;
  readonly mintAuthority: string | null;
  readonly freezeAuthority: string | null;
  readonly isInitialized: boolean;
}

export function isTokenProgram(owner: string): boolean {
  return owner === TOKEN_PROGRAM || owner === TOKEN_2022_PROGRAM;
}

/** The token account in these bytes, or null when the account is none or not initialized. */
export function readTokenAccount(account: StoredAccount): TokenAccount | null {
  const { data } = account;
  if (!isTokenProgram(account.owner) || !hasShape(data, ACCOUNT_BYTES, KIND_ACCOUNT)) return null;
  const state = STATES[data[108] ?? 0];
  if (state === undefined || state === 'uninitialized') return null;
  return {
    mint: addressAt(data, 0),
    owner: addressAt(data, 32),
    amount: view(data).getBigUint64(64, true),
    state,
    isNative: view(data).getUint32(109, true) === 1,
  };
}

/** The mint in these bytes, or null when the account is none or not initialized. */
export function readMint(account: StoredAccount): Mint | null {
  const { data } = account;
  if (!isTokenProgram(account.owner) || !hasShape(data, MINT_BYTES, KIND_MINT) || data[45] !== 1) return null;
  return {
    mintAuthority: optionalAddressAt(data, 0),
    supply: view(data).getBigUint64(36, true),
    decimals: data[44] ?? 0,
    isInitialized: true,
    freezeAuthority: optionalAddressAt(data, 46),
  };
}

/** The decimals of a mint; 0 when there is no such mint. */
export function readDecimals(bank: { readAccount(address: string): StoredAccount | null }, mint: string): number {
  const account = bank.readAccount(mint);
  return (account === null ? null : readMint(account))?.decimals ?? 0;
}

/** An amount of base units the way a node spells it. `uiAmount` is a rounded number for display, `amount` the truth. */
export function toUiAmount(amount: bigint, decimals: number) {
  const digits = amount.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return { amount: amount.toString(), decimals, uiAmount: Number(text), uiAmountString: text };
}

function hasShape(data: Uint8Array, plain: number, kind: number): boolean {
  return data.length === plain || (data.length > ACCOUNT_BYTES && data[ACCOUNT_BYTES] === kind);
}

function addressAt(data: Uint8Array, offset: number): string {
  return getAddressDecoder().decode(data, offset);
}

function optionalAddressAt(data: Uint8Array, offset: number): string | null {
  return view(data).getUint32(offset, true) === 1 ? addressAt(data, offset + 4) : null;
}

function view(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
