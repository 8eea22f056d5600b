/** A wallet on a local chain with everything around it that can go wrong: another's delegate, a delegation of another, stray accounts, nonce, stake. */
import type { EncodedAccount } from '@solana/kit';
import type { LiteSVM } from 'litesvm';
import type { EffectContext } from '../../policy/effects.ts';
import { deriveOwnAccounts } from '../../policy/effects.ts';
import { deriveTokenAccount, knownPubkey, pubkeyToBytes } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  NATIVE_MINT,
  STAKE_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import { deriveVault } from '../../policy/programs/squads-addresses.ts';
import { tokenAccountSize } from '../../policy/programs/token-size.ts';
import type { Pubkey } from '../../policy/types.ts';
import { a, agent, createMint, openChain, other, send, stranger, trySend, u32 } from './chain.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, testKey } from './messages.ts';

export const [usdc, euro, spare, nonce, stake, fresh] = [0x20, 0x21, 0x23, 0x24, 0x25, 0x26].map(testKey) as [
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
];
export const MULTISIG = testKey(0x30);
export const vault = deriveVault(MULTISIG, 0);
export const CLOCK = knownPubkey('SysvarC1ock11111111111111111111111111111111');
export const RENT = knownPubkey('SysvarRent111111111111111111111111111111111');
export const HASHES = knownPubkey('SysvarRecentB1ockHashes11111111111111111111');
export const HISTORY = knownPubkey('SysvarStakeHistory1111111111111111111111111');
export const SOL = 1_000_000_000n;
const NONCE_BYTES = 80n;
const STAKE_BYTES = 200n;
/** What every token account holds at first, and what a delegate may take. */
export const HELD = 1_000_000n;
const DELEGATED = 500_000n;

export interface Mint {
  readonly mint: Pubkey;
  readonly program: Pubkey;
  readonly decimals: number;
}
export const mints: readonly Mint[] = [
  { mint: usdc, program: TOKEN_PROGRAM, decimals: 6 },
  { mint: euro, program: TOKEN_2022_PROGRAM, decimals: 2 },
  { mint: NATIVE_MINT, program: TOKEN_PROGRAM, decimals: 9 },
];
export const ata = (owner: Pubkey, { mint, program }: Mint) => deriveTokenAccount(owner, mint, program);

export const context: EffectContext = {
  agent,
  mints: new Map([
    [usdc, { tokenProgram: TOKEN_PROGRAM, decimals: 6, accountSize: 165 }],
    [
      euro,
      {
        tokenProgram: TOKEN_2022_PROGRAM,
        decimals: 2,
        accountSize: tokenAccountSize('token-2022', ['transferFeeConfig']),
        takesFee: true,
      },
    ],
  ]),
  resolveRecipient: () => null,
  rentPerByte: 6960n,
  vaults: new Map([[vault, { multisig: MULTISIG, index: 0, members: 2, limits: new Map() }]]),
};
/** The accounts whose losses count. */
export const ours: readonly Pubkey[] = [
  agent,
  vault,
  ...deriveOwnAccounts(agent, context.mints, context.vaults).keys(),
];
/** Whose signatures a transaction has: the agent's, a hostile wallet's and a new account's. */
export const signers: readonly Pubkey[] = [agent, other, fresh];
export const fungibles: readonly Pubkey[] = [usdc, euro];

export const tokenAccounts: readonly (Mint & { readonly account: Pubkey })[] = [
  ...[agent, vault, stranger].flatMap((owner) => mints.map((mint) => ({ ...mint, account: ata(owner, mint) }))),
  { ...(mints[0] as Mint), account: spare },
];
const everything = [
  ...new Set([...ours, ...signers, stranger, nonce, stake, ...tokenAccounts.map(({ account }) => account)]),
];

export interface World {
  readonly chain: LiteSVM;
  /** Sends a message in the world as it was at first, whatever was sent before, and says why it failed; null when it did not. */
  readonly attempt: (message: Message) => string | null;
}

/** `extend` adds to what every attempt begins with, and says which accounts that is. */
export function openWorld(extend: (chain: LiteSVM) => readonly Pubkey[] = () => []): World {
  const chain = openChain();
  createMint(chain, TOKEN_PROGRAM, [], 6, usdc);
  createMint(chain, TOKEN_2022_PROGRAM, ['transferFeeConfig'], 2, euro);
  for (const owner of [agent, vault, stranger]) for (const mint of mints) fill(chain, owner, mint);
  make(chain, spare, 165n, TOKEN_PROGRAM, 0n, [
    { program: TOKEN_PROGRAM, accounts: [spare, usdc], data: bytesOf(18, pubkeyToBytes(agent)) },
  ]);
  make(chain, nonce, NONCE_BYTES, SYSTEM_PROGRAM, SOL, [
    { program: SYSTEM_PROGRAM, accounts: [nonce, HASHES, RENT], data: bytesOf(u32(6), pubkeyToBytes(agent)) },
  ]);
  const rights = bytesOf(pubkeyToBytes(agent), pubkeyToBytes(agent), 0n, 0n, new Uint8Array(32));
  make(chain, stake, STAKE_BYTES, STAKE_PROGRAM, SOL, [
    { program: STAKE_PROGRAM, accounts: [stake, RENT], data: bytesOf(u32(0), rights) },
  ]);
  const approve = (source: Pubkey, delegate: Pubkey, owner: Pubkey): Call => ({
    program: TOKEN_PROGRAM,
    accounts: [source, delegate, owner],
    data: bytesOf(4, DELEGATED),
  });
  const [, , wrapped] = mints as [Mint, Mint, Mint];
  send(
    chain,
    buildMessage(
      [other, agent, stranger],
      [approve(ata(agent, wrapped), other, agent), approve(ata(stranger, mints[0] as Mint), agent, stranger)],
    ),
  );
  const start = new Map([...everything, ...extend(chain)].map((key) => [key, chain.getAccount(a(key))]));
  const dirty = new Set<Pubkey>();
  const attempt = (message: Message) => {
    for (const key of dirty) {
      const account = start.get(key);
      if (account !== undefined) chain.setAccount(account.exists ? account : emptyAccount(key));
    }
    dirty.clear();
    chain.expireBlockhash();
    // What a lookup table adds is not among the keys: then anything may have changed.
    for (const key of message.lookups === undefined ? message.keys : start.keys()) dirty.add(key);
    return trySend(chain, message);
  };
  return { chain, attempt };
}

function emptyAccount(key: Pubkey): EncodedAccount {
  const programAddress = a(SYSTEM_PROGRAM);
  return {
    address: a(key),
    data: new Uint8Array(0),
    executable: false,
    lamports: 0n as never,
    programAddress,
    space: 0n,
  };
}

function fill(chain: LiteSVM, owner: Pubkey, mint: Mint): void {
  const account = ata(owner, mint);
  const create = createOf(other, owner, mint);
  const wrap: Call[] = [
    { program: SYSTEM_PROGRAM, accounts: [other, account], data: bytesOf(u32(2), HELD) },
    { program: TOKEN_PROGRAM, accounts: [account], data: bytesOf(17) },
  ];
  const print: Call[] = [{ program: mint.program, accounts: [mint.mint, account, other], data: bytesOf(7, HELD) }];
  send(chain, buildMessage([other], [create, ...(mint.mint === NATIVE_MINT ? wrap : print)]));
}

export function make(
  chain: LiteSVM,
  account: Pubkey,
  bytes: bigint,
  program: Pubkey,
  extra: bigint,
  calls: readonly Call[],
): void {
  const amount = chain.minimumBalanceForRentExemption(bytes) + extra;
  const data = bytesOf(u32(0), amount, bytes, pubkeyToBytes(program));
  send(
    chain,
    buildMessage([other, account], [{ program: SYSTEM_PROGRAM, accounts: [other, account], data }, ...calls]),
  );
}

export const createOf = (payer: Pubkey, owner: Pubkey, mint: Mint): Call => ({
  program: ASSOCIATED_TOKEN_PROGRAM,
  accounts: [payer, ata(owner, mint), owner, mint.mint, SYSTEM_PROGRAM, mint.program],
  data: bytesOf(1),
});
