/** The wallet, people and accounts that every row speaks of, and how a row becomes bytes. */
import { createSigningKey } from '../../enclave/signing-key.ts';
import { concatBytes } from '../../policy/bytes.ts';
import { deriveTokenAccount, knownPubkey, pubkeyFromBytes } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import { encodeMessage } from '../../policy/message.ts';
import {
  COMPUTE_BUDGET_PROGRAM,
  MEMO_V3_PROGRAM,
  NATIVE_MINT,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import { deriveVault } from '../../policy/programs/squads-addresses.ts';
import type { Pubkey } from '../../policy/types.ts';
import type { Call } from '../policy/messages.ts';
import { buildMessage, bytesOf, littleEndian, testKey } from '../policy/messages.ts';

/** Everybody may know this seed: no money is behind it. */
export const AGENT_SEED = new Uint8Array(32).fill(7);
export const AGENT = pubkeyFromBytes(createSigningKey(AGENT_SEED.slice()).publicKey);
/** A second signer: what becomes of its money is not ours to judge. */
export const OTHER = testKey(0x0e);
/** Listed recipients of the test policies, and somebody who is not. */
export const SHOP = testKey(0x51);
export const STAFF = testKey(0x52);
export const STRANGER = testKey(0xee);
/** Whom the policy `rights` lets take tokens. */
export const FRIEND = testKey(0xf1);
export const VOTE = testKey(0x70);
export const [NONCE, STAKE, STAKE_2, FRESH, LOADED] = [0x71, 0x72, 0x73, 0x74, 0x75].map(testKey) as [
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
];
export const TABLE = testKey(0x76);
export const USDC = knownPubkey('EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v');
export const EURO = testKey(0x20);
export const FAKE_USDC = testKey(0x21);
export const MULTISIG = testKey(0x60);
export const VAULT = deriveVault(MULTISIG, 0);
/** A program that nobody decodes. */
export const SWAP = testKey(0x90);

export const CLOCK = knownPubkey('SysvarC1ock11111111111111111111111111111111');
export const RENT = knownPubkey('SysvarRent111111111111111111111111111111111');
export const HASHES = knownPubkey('SysvarRecentB1ockHashes11111111111111111111');
export const HISTORY = knownPubkey('SysvarStakeHistory1111111111111111111111111');
export const STAKE_CONFIG = knownPubkey('StakeConfig11111111111111111111111111111111');

/** Friday, 20 November 2026, noon. */
export const NOON = '2026-11-20T12:00:00Z';

/** Somebody whose accounts an instruction works on: the agent, or the other signer. */
export interface Actor {
  readonly owner: Pubkey;
  readonly usdc: Pubkey;
  readonly euro: Pubkey;
  readonly wrapped: Pubkey;
}

export const ata = (owner: Pubkey, mint: Pubkey = USDC, program: Pubkey = TOKEN_PROGRAM) =>
  deriveTokenAccount(owner, mint, program);
const actor = (owner: Pubkey): Actor => ({
  owner,
  usdc: ata(owner),
  euro: ata(owner, EURO, TOKEN_2022_PROGRAM),
  wrapped: ata(owner, NATIVE_MINT),
});
export const us = actor(AGENT);
export const them = actor(OTHER);

export const u32 = (value: number) => littleEndian(BigInt(value), 4);
export const hex = (text: string) => Uint8Array.fromHex(text);

type Data = readonly (number | bigint | Uint8Array)[];
export const call = (program: Pubkey, accounts: readonly Pubkey[], ...data: Data): Call => ({
  program,
  accounts,
  data: bytesOf(...data),
});
export const system = (accounts: readonly Pubkey[], tag: number, ...data: Data) =>
  call(SYSTEM_PROGRAM, accounts, u32(tag), ...data);
export const pay = (to: Pubkey, lamports: bigint, from: Pubkey = AGENT) => system([from, to], 2, lamports);
export const payToken = (to: Pubkey, amount: bigint, decimals = 6, mint: Pubkey = USDC) =>
  call(TOKEN_PROGRAM, [ata(AGENT, mint), mint, ata(to, mint), AGENT], 12, amount, decimals);
export const memo = (text: string) => call(MEMO_V3_PROGRAM, [], new TextEncoder().encode(text));
/** Micro-lamports for a compute unit, and compute units. */
export const price = (microLamports: bigint) => call(COMPUTE_BUDGET_PROGRAM, [], 3, microLamports);
export const units = (count: number) => call(COMPUTE_BUDGET_PROGRAM, [], 2, u32(count));

/** The agent pays the fee and signs alone. */
export const ours = (...calls: readonly Call[]) => buildMessage([AGENT], calls);
/** The agent pays the fee, somebody else signs too. */
export const both = (...calls: readonly Call[]) => buildMessage([AGENT, OTHER], calls);
/** Somebody else pays the fee. */
export const sponsored = (...calls: readonly Call[]) => buildMessage([OTHER, AGENT], calls);

/** A transaction whose signatures are still empty. */
export function wireOf(message: Message): Uint8Array {
  const signatures = new Uint8Array(64 * message.requiredSignatures);
  const bytes = encodeMessage(message);
  if (message.version === 1) return concatBytes(bytes, signatures);
  return concatBytes(Uint8Array.of(message.requiredSignatures), signatures, bytes);
}

/** What was spent before: `asset` is a name in the policy. */
export interface Spent {
  readonly asset: string;
  readonly amount: string;
  readonly at: string;
}

/** One row before it is written down. `expect` is `allow`, or the decision and its codes in their order. */
export interface Draft {
  readonly name: string;
  readonly why: string;
  readonly policy: string;
  readonly what: Message | Uint8Array;
  readonly expect: string;
  readonly owners?: readonly Pubkey[];
  readonly at?: string;
  readonly spent?: readonly Spent[];
}
