/** A wallet on a local chain with everything that can go wrong around it, and random instructions that try to. */
import type { EncodedAccount } from '@solana/kit';
import fc from 'fast-check';
import type { LiteSVM } from 'litesvm';
import type { EffectContext } from '../../policy/effects.ts';
import { deriveOwnAccounts } from '../../policy/effects.ts';
import { deriveTokenAccount, knownPubkey, pubkeyToBytes } from '../../policy/keys.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  NATIVE_MINT,
  STAKE_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import { tokenAccountSize } from '../../policy/programs/token-size.ts';
import type { Pubkey } from '../../policy/types.ts';
import { a, agent, createMint, openChain, other, send, stranger, u32 } from './chain.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, testKey } from './messages.ts';

const [usdc, euro, vault, spare, nonce, stake, fresh] = [0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26].map(testKey) as [
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
];
const CLOCK = knownPubkey('SysvarC1ock11111111111111111111111111111111');
const RENT = knownPubkey('SysvarRent111111111111111111111111111111111');
const HASHES = knownPubkey('SysvarRecentB1ockHashes11111111111111111111');
const HISTORY = knownPubkey('SysvarStakeHistory1111111111111111111111111');
const SOL = 1_000_000_000n;
const NONCE_BYTES = 80n;
const STAKE_BYTES = 200n;
/** What every token account holds at first, and what a delegate may take. */
const HELD = 1_000_000n;
const DELEGATED = 500_000n;

interface Mint {
  readonly mint: Pubkey;
  readonly program: Pubkey;
  readonly decimals: number;
}
const mints: readonly Mint[] = [
  { mint: usdc, program: TOKEN_PROGRAM, decimals: 6 },
  { mint: euro, program: TOKEN_2022_PROGRAM, decimals: 2 },
  { mint: NATIVE_MINT, program: TOKEN_PROGRAM, decimals: 9 },
];
const ata = (owner: Pubkey, { mint, program }: Mint) => deriveTokenAccount(owner, mint, program);

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
  vaults: new Map([[vault, { multisig: testKey(0x30), index: 0, members: 2, limits: new Map() }]]),
};
/** The accounts whose losses count. */
export const ours: readonly Pubkey[] = [agent, vault, ...deriveOwnAccounts(agent, context.mints, context.vaults)];
/** Whose signatures a transaction has: the agent's, a hostile wallet's and a new account's. */
export const signers: readonly Pubkey[] = [agent, other, fresh];
export const fungibles: readonly Pubkey[] = [usdc, euro];

const tokenAccounts: readonly (Mint & { readonly account: Pubkey })[] = [
  ...[agent, vault, stranger].flatMap((owner) => mints.map((mint) => ({ ...mint, account: ata(owner, mint) }))),
  { ...(mints[0] as Mint), account: spare },
];
const everything = [
  ...new Set([...ours, ...signers, stranger, nonce, stake, ...tokenAccounts.map(({ account }) => account)]),
];

/** Brings the chain to where every attempt begins, again and again. */
export function openWorld(): { chain: LiteSVM; reset: () => void } {
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
  const start = everything.map((key) => [key, chain.getAccount(a(key))] as const);
  const reset = () => {
    for (const [key, account] of start) chain.setAccount(account.exists ? account : emptyAccount(key));
    chain.expireBlockhash();
  };
  return { chain, reset };
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

function make(
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

const createOf = (payer: Pubkey, owner: Pubkey, mint: Mint): Call => ({
  program: ASSOCIATED_TOKEN_PROGRAM,
  accounts: [payer, ata(owner, mint), owner, mint.mint, SYSTEM_PROGRAM, mint.program],
  data: bytesOf(1),
});

/** What the choices of one instruction are drawn from. */
interface Draw {
  readonly who: Pubkey;
  readonly to: Pubkey;
  readonly from: (typeof tokenAccounts)[number];
  readonly into: (typeof tokenAccounts)[number];
  readonly amount: bigint;
}
type Maker = (draw: Draw) => Call;

const tokenCall = (
  { program }: Mint,
  accounts: readonly Pubkey[],
  ...data: (number | bigint | Uint8Array)[]
): Call => ({
  program,
  accounts,
  data: bytesOf(...data),
});
/** Half a per cent, rounded up, at most 1,000: as the mint is made. */
const feeOf = (amount: bigint) =>
  (amount * 50n + 9_999n) / 10_000n < 1_000n ? (amount * 50n + 9_999n) / 10_000n : 1_000n;

const tokenMakers: readonly Maker[] = [
  ({ who, from, into, amount }) => tokenCall(from, [from.account, into.account, who], 3, amount),
  ({ who, from, into, amount }) =>
    tokenCall(from, [from.account, from.mint, into.account, who], 12, amount, from.decimals),
  ({ who, from, into, amount }) =>
    tokenCall(from, [from.account, from.mint, into.account, who], 26, 1, amount, from.decimals, feeOf(amount)),
  ({ who, from, to, amount }) => tokenCall(from, [from.account, to, who], 4, amount),
  ({ who, from, to, amount }) => tokenCall(from, [from.account, from.mint, to, who], 13, amount, from.decimals),
  ({ who, from }) => tokenCall(from, [from.account, who], 5),
  ({ who, from, to, amount }) => tokenCall(from, [from.account, who], 6, Number(amount % 4n), 1, pubkeyToBytes(to)),
  ({ who, from, amount }) => tokenCall(from, [from.account, from.mint, who], 8, amount),
  ({ who, from, amount }) => tokenCall(from, [from.account, from.mint, who], 15, amount, from.decimals),
  ({ who, from, to }) => tokenCall(from, [from.account, to, who], 9),
  ({ from }) => tokenCall(from, [from.account], 17),
  ({ who, from, to }) => tokenCall(from, [from.account, to, who], 38),
  ({ who, from, to, amount }) =>
    tokenCall(from, [from.account, to, who], 45, ...(amount % 2n === 0n ? [0] : [1, amount])),
];

const systemMakers: readonly Maker[] = [
  ({ who, to, amount }) => ({ program: SYSTEM_PROGRAM, accounts: [who, to], data: bytesOf(u32(2), amount) }),
  ({ who, from, amount }) => ({
    program: SYSTEM_PROGRAM,
    accounts: [who, from.account],
    data: bytesOf(u32(2), amount),
  }),
  ({ who, amount }) => ({
    program: SYSTEM_PROGRAM,
    accounts: [who, fresh],
    data: bytesOf(u32(0), SOL + amount, 165n, pubkeyToBytes(TOKEN_PROGRAM)),
  }),
  ({ who, amount }) => ({
    program: SYSTEM_PROGRAM,
    accounts: [fresh, who],
    data: bytesOf(u32(13), SOL + amount, 0n, pubkeyToBytes(STAKE_PROGRAM)),
  }),
  ({ who }) => ({ program: SYSTEM_PROGRAM, accounts: [who], data: bytesOf(u32(1), pubkeyToBytes(TOKEN_PROGRAM)) }),
  ({ who }) => ({ program: SYSTEM_PROGRAM, accounts: [who], data: bytesOf(u32(8), 8n) }),
  ({ who, to, amount }) => ({
    program: SYSTEM_PROGRAM,
    accounts: [nonce, to, HASHES, RENT, who],
    data: bytesOf(u32(5), amount),
  }),
  ({ who, to }) => ({ program: SYSTEM_PROGRAM, accounts: [nonce, who], data: bytesOf(u32(7), pubkeyToBytes(to)) }),
  ({ who, to, amount }) => ({
    program: STAKE_PROGRAM,
    accounts: [stake, to, CLOCK, HISTORY, who],
    data: bytesOf(u32(4), amount),
  }),
  ({ who, to }) => ({
    program: STAKE_PROGRAM,
    accounts: [stake, CLOCK, who],
    data: bytesOf(u32(1), pubkeyToBytes(to), u32(1)),
  }),
  ({ who, to, from }) => createOf(who, to, from),
  ({ amount }) => ({ program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(3, amount) }),
];

const draws: fc.Arbitrary<Draw> = fc.record({
  who: fc.constantFrom(agent, agent, agent, other, fresh),
  to: fc.constantFrom(agent, other, stranger, vault, fresh, ata(agent, mints[2] as Mint)),
  from: fc.constantFrom(...tokenAccounts),
  into: fc.constantFrom(...tokenAccounts),
  amount: fc.oneof(fc.bigInt({ min: 0n, max: 1_000n }), fc.bigInt({ min: 0n, max: 2n * HELD })),
});
/** Half of the destinations hold the mint of the source: others fail at once. */
const likely = draws.map((draw) => {
  const same = tokenAccounts.filter(({ mint }) => mint === draw.from.mint);
  return draw.amount % 2n === 0n ? draw : { ...draw, into: same[Number(draw.amount) % same.length] ?? draw.into };
});

const single = (makers: readonly Maker[]) =>
  fc.tuple(fc.constantFrom(...makers), likely).map(([make, draw]) => make(draw));
/** Instructions of one token program in a batch. */
const batches = fc.array(single(tokenMakers), { minLength: 1, maxLength: 3 }).map((calls): Call => {
  const program = calls[0]?.program ?? TOKEN_PROGRAM;
  const same = calls.filter((call) => call.program === program);
  const parts = same.map(({ accounts, data }) => bytesOf(accounts.length, data.length, data));
  return { program, accounts: same.flatMap(({ accounts }) => accounts), data: bytesOf(255, ...parts) };
});

export const attempts: fc.Arbitrary<readonly Call[]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: single(tokenMakers) }, { weight: 3, arbitrary: single(systemMakers) }, batches),
  { minLength: 1, maxLength: 3 },
);
