/** Instructions of Squads v4 for one vault: proposals with what is inside them, votes, spending limits. */
import { pubkeyToBytes } from '../../policy/keys.ts';
import { NATIVE_MINT, SQUADS_PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../policy/programs/addresses.ts';
import {
  deriveProposal,
  deriveSpendingLimit,
  deriveVault,
  deriveVaultTransaction,
} from '../../policy/programs/squads-addresses.ts';
import type { InnerMessage } from '../../policy/programs/squads-message.ts';
import { encodeInnerMessage } from '../../policy/programs/squads-message.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { Call } from '../policy/messages.ts';
import { bytesOf } from '../policy/messages.ts';
import { AGENT, ata, call, hex, USDC, u32 } from './world.ts';

export interface Place {
  readonly multisig: Pubkey;
  readonly index?: bigint;
  readonly vaultIndex?: number;
  readonly agent?: Pubkey;
  readonly rentPayer?: Pubkey;
}

/** Calls as the message inside a proposal: the vault first, programs last. */
export function packInner(vault: Pubkey, calls: readonly Call[], changes: Partial<InnerMessage> = {}): Uint8Array {
  const programs = new Set(calls.map(({ program }) => program));
  const others = new Set(
    calls.flatMap(({ accounts }) => accounts).filter((key) => key !== vault && !programs.has(key)),
  );
  const keys = [vault, ...others, ...programs];
  const instructions = calls.map(({ program, accounts, data }) => ({
    program: keys.indexOf(program),
    accounts: Uint8Array.from(accounts, (key) => keys.indexOf(key)),
    data,
  }));
  const counts = { requiredSignatures: 1, writableSigners: 1, writableOthers: others.size };
  return encodeInnerMessage({ ...counts, keys, instructions, lookups: [], ...changes });
}

export function createTransaction(place: Place, inner: Uint8Array, { ephemeral = 0 } = {}): Call {
  const { multisig, index = 7n, vaultIndex = 0, agent = AGENT, rentPayer = agent } = place;
  const accounts = [multisig, deriveVaultTransaction(multisig, index), agent, rentPayer, SYSTEM_PROGRAM];
  return call(SQUADS_PROGRAM, accounts, hex('30fa4ea8d0e2dad3'), vaultIndex, ephemeral, u32(inner.length), inner, 0);
}

export function createProposal(place: Place, { draft = 0 } = {}): Call {
  const { multisig, index = 7n, agent = AGENT, rentPayer = agent } = place;
  const accounts = [multisig, deriveProposal(multisig, index), agent, rentPayer, SYSTEM_PROGRAM];
  return call(SQUADS_PROGRAM, accounts, hex('dc3c49e01e6c4f9f'), index, draft);
}

export function approve({ multisig, index = 7n, agent = AGENT }: Place): Call {
  return call(SQUADS_PROGRAM, [multisig, agent, deriveProposal(multisig, index)], hex('9025a488bcd82af8'), 0);
}

/** Both in a row: what an honest agent sends. */
export function propose(place: Place, calls: readonly Call[]): Call[] {
  const inner = packInner(deriveVault(place.multisig, place.vaultIndex ?? 0), calls);
  return [createTransaction(place, inner), createProposal(place)];
}

export function useSolLimit(place: Place, createKey: Pubkey, to: Pubkey, lamports: bigint, note = ''): Call {
  const { multisig, vaultIndex = 0, agent = AGENT } = place;
  const absent = Array<Pubkey>(4).fill(SQUADS_PROGRAM);
  const accounts = [multisig, agent, deriveSpendingLimit(multisig, createKey), deriveVault(multisig, vaultIndex), to];
  return call(SQUADS_PROGRAM, [...accounts, SYSTEM_PROGRAM, ...absent], ...useData(lamports, 9, note));
}

export interface TokenLimit {
  readonly createKey: Pubkey;
  readonly mint?: Pubkey;
  /** Where the tokens go; the owner's derived account unless the row wants another. */
  readonly account?: Pubkey;
}

export function useTokenLimit(place: Place, limit: TokenLimit, to: Pubkey, amount: bigint, note = ''): Call {
  const { multisig, vaultIndex = 0, agent = AGENT } = place;
  const { createKey, mint = USDC, account = ata(to, mint) } = limit;
  const vault = deriveVault(multisig, vaultIndex);
  const head = [multisig, agent, deriveSpendingLimit(multisig, createKey), vault, to, SQUADS_PROGRAM];
  const accounts = [...head, mint, ata(vault, mint), account, TOKEN_PROGRAM];
  return call(SQUADS_PROGRAM, accounts, ...useData(amount, mint === NATIVE_MINT ? 9 : 6, note));
}

function useData(amount: bigint, decimals: number, note: string) {
  const text = new TextEncoder().encode(note);
  const memo = note === '' ? bytesOf(0) : bytesOf(1, u32(text.length), text);
  return [hex('1039827fc1149b86'), amount, decimals, memo] as const;
}

/** A payment of the vault, for the inside of a proposal. */
export function payFrom(vault: Pubkey, to: Pubkey, lamports: bigint): Call {
  return call(SYSTEM_PROGRAM, [vault, to], u32(2), lamports);
}

export function payTokenFrom(vault: Pubkey, to: Pubkey, amount: bigint, mint: Pubkey = USDC): Call {
  return call(TOKEN_PROGRAM, [ata(vault, mint), mint, ata(to, mint), vault], 12, amount, 6);
}

/** Gives the vault's account to somebody. */
export function giveAway(vault: Pubkey, to: Pubkey): Call {
  return call(SYSTEM_PROGRAM, [vault], u32(1), pubkeyToBytes(to));
}
