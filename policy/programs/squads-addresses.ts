/** Addresses that Squads v4 derives. All seeds begin with the word `multisig`; indexes are little-endian. */
import { openWriter, writeU64 } from '../bytes.ts';
import { deriveAddress, pubkeyToBytes } from '../keys.ts';
import type { Pubkey } from '../types.ts';
import { SQUADS_PROGRAM } from './addresses.ts';

const word = (text: string) => new TextEncoder().encode(text);
const PREFIX = word('multisig');

function derive(multisig: Pubkey, ...seeds: readonly Uint8Array[]): Pubkey {
  return deriveAddress([PREFIX, pubkeyToBytes(multisig), ...seeds], SQUADS_PROGRAM);
}

function u64(value: bigint): Uint8Array {
  const out = openWriter(8);
  writeU64(out, value);
  return out.bytes;
}

/** The account that holds the funds of one vault. The multisig's own address holds none. */
export function deriveVault(multisig: Pubkey, index: number): Pubkey {
  return derive(multisig, word('vault'), Uint8Array.of(index));
}

/** The account of a vault, config or batch transaction. */
export function deriveVaultTransaction(multisig: Pubkey, index: bigint): Pubkey {
  return derive(multisig, word('transaction'), u64(index));
}

export function deriveProposal(multisig: Pubkey, index: bigint): Pubkey {
  return derive(multisig, word('transaction'), u64(index), word('proposal'));
}

export function deriveSpendingLimit(multisig: Pubkey, createKey: Pubkey): Pubkey {
  return derive(multisig, word('spending_limit'), pubkeyToBytes(createKey));
}

export function deriveMultisig(createKey: Pubkey): Pubkey {
  return deriveAddress([PREFIX, PREFIX, pubkeyToBytes(createKey)], SQUADS_PROGRAM);
}
