/** Random instructions that try to take what is ours, or that an honest agent would ask for. */
import fc from 'fast-check';
import { pubkeyToBytes } from '../../policy/keys.ts';
import {
  COMPUTE_BUDGET_PROGRAM,
  STAKE_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import type { Pubkey } from '../../policy/types.ts';
import { agent, other, stranger, u32 } from './chain.ts';
import type { Mint } from './hostile-world.ts';
import {
  ata,
  CLOCK,
  createOf,
  fresh,
  HASHES,
  HELD,
  HISTORY,
  mints,
  nonce,
  RENT,
  SOL,
  stake,
  tokenAccounts,
  vault,
} from './hostile-world.ts';
import type { Call } from './messages.ts';
import { bytesOf } from './messages.ts';

/** What the choices of one instruction are drawn from. */
export interface Draw {
  readonly who: Pubkey;
  readonly to: Pubkey;
  readonly from: (typeof tokenAccounts)[number];
  readonly into: (typeof tokenAccounts)[number];
  readonly amount: bigint;
}
export type Maker = (draw: Draw) => Call;

export const tokenCall = (
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

export const tokenMakers: readonly Maker[] = [
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

export const systemMakers: readonly Maker[] = [
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
const likely = draws.map((draw) => (draw.amount % 2n === 0n ? draw : toSameMint(draw)));
/** What an honest agent would ask for: its own accounts, destinations that fit, amounts that are there. */
export const sensible = draws.map((draw) => {
  const from = own[Number(draw.amount) % own.length] ?? draw.from;
  return toSameMint({ ...draw, who: agent, from, amount: draw.amount % (HELD / 4n) });
});
const own = tokenAccounts.slice(0, mints.length);

function toSameMint(draw: Draw): Draw {
  const same = tokenAccounts.filter(({ mint }) => mint === draw.from.mint);
  return { ...draw, into: same[Number(draw.amount / 2n) % same.length] ?? draw.into };
}

export const single = (makers: readonly Maker[], from: fc.Arbitrary<Draw> = fc.oneof(likely, sensible)) =>
  fc.tuple(fc.constantFrom(...makers), from).map(([make, draw]) => make(draw));
/** Instructions of one token program in a batch. */
export const batches = fc.array(single(tokenMakers), { minLength: 1, maxLength: 3 }).map((calls): Call => {
  const program = calls[0]?.program ?? TOKEN_PROGRAM;
  const same = calls.filter((call) => call.program === program);
  const parts = same.map(({ accounts, data }) => bytesOf(accounts.length, data.length, data));
  return { program, accounts: same.flatMap(({ accounts }) => accounts), data: bytesOf(255, ...parts) };
});

export const attempts: fc.Arbitrary<readonly Call[]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: single(tokenMakers) }, { weight: 3, arbitrary: single(systemMakers) }, batches),
  { minLength: 1, maxLength: 3 },
);
