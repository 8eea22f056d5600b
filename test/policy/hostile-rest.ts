/** What a hostile generator needs besides payments: addresses with a seed, nonces, stake, nested accounts, checks of signatures, lookup tables. */
import type { EncodedAccount } from '@solana/kit';
import fc from 'fast-check';
import type { LiteSVM } from 'litesvm';
import { concatBytes } from '../../policy/bytes.ts';
import { knownPubkey, pubkeyFromBytes, pubkeyToBytes } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  MEMO_V3_PROGRAM,
  STAKE_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import { sha256 } from '../../policy/sha256.ts';
import type { Pubkey } from '../../policy/types.ts';
import { a, agent, other, send, stranger, u32 } from './chain.ts';
import type { Draw, Maker } from './hostile.ts';
import {
  ata,
  CLOCK,
  createOf,
  euro,
  HASHES,
  HELD,
  HISTORY,
  make,
  mints,
  nonce,
  ours,
  RENT,
  SOL,
  spare,
  stake,
  usdc,
} from './hostile-world.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, testKey } from './messages.ts';

const TABLE_PROGRAM = knownPubkey('AddressLookupTab1e1111111111111111111111111');
export const TABLE = testKey(0x40);
const [stakeTwo, unused] = [testKey(0x41), testKey(0x42)] as const;
/** A slot by which the table's entries count. */
const LATER_SLOT = 10n;
const STAKE_BYTES = 200n;
const word = new TextEncoder().encode('seed');
const seed = concatBytes(bytesOf(BigInt(word.length)), word);
/** The System account of our agent and a seed. */
const seeded = pubkeyFromBytes(sha256(concatBytes(pubkeyToBytes(agent), word, pubkeyToBytes(SYSTEM_PROGRAM))));
const [usdcMint] = mints as [(typeof mints)[number]];
/** Tokens that went astray: to the token account of our token account. */
const nested = ata(ata(agent, usdcMint), usdcMint);

/** What the table holds: accounts of ours, and others. */
export const tableContents: readonly Pubkey[] = [
  ...ours.slice(1),
  stranger,
  other,
  usdc,
  euro,
  seeded,
  nested,
  stake,
  stakeTwo,
  nonce,
  spare,
];

/** Adds these accounts to a world. */
export function extendWorld(chain: LiteSVM): readonly Pubkey[] {
  send(
    chain,
    buildMessage(
      [other],
      [
        { program: SYSTEM_PROGRAM, accounts: [other, seeded], data: bytesOf(u32(2), SOL) },
        createOf(other, ata(agent, usdcMint), usdcMint),
        { program: TOKEN_PROGRAM, accounts: [usdc, nested, other], data: bytesOf(7, HELD) },
      ],
    ),
  );
  make(chain, stakeTwo, STAKE_BYTES, STAKE_PROGRAM, SOL, []);
  chain.setAccount(tableAccount());
  chain.warpToSlot(LATER_SLOT);
  return [seeded, nested, stakeTwo, unused];
}

/** A table as the chain keeps it: kind, no end, last extended at slot 0, no authority, then the addresses. */
function tableAccount(): EncodedAccount {
  const head = bytesOf(u32(1), 2n ** 64n - 1n, 0n, 0, 0, new Uint8Array(32), 0, 0);
  const data = concatBytes(head, ...tableContents.map(pubkeyToBytes));
  return {
    address: a(TABLE),
    data,
    executable: false,
    lamports: SOL as never,
    programAddress: a(TABLE_PROGRAM),
    space: BigInt(data.length),
  };
}

const system = (tag: number, accounts: readonly Pubkey[], ...data: (number | bigint | Uint8Array)[]): Call => ({
  program: SYSTEM_PROGRAM,
  accounts,
  data: bytesOf(u32(tag), ...data),
});
const stakes = (tag: number, accounts: readonly Pubkey[], ...data: (number | bigint | Uint8Array)[]): Call => ({
  program: STAKE_PROGRAM,
  accounts,
  data: bytesOf(u32(tag), ...data),
});
const key = pubkeyToBytes;

export const seedMakers: readonly Maker[] = [
  ({ to, amount }) => system(11, [seeded, agent, to], amount, seed, key(SYSTEM_PROGRAM)),
  ({ who, amount }) => system(3, [who, seeded, agent], key(agent), seed, amount, 8n, key(TOKEN_PROGRAM)),
  ({ who }) => system(9, [seeded, who], key(agent), seed, 8n, key(TOKEN_PROGRAM)),
  () => system(10, [seeded, agent], key(agent), seed, key(SYSTEM_PROGRAM)),
  ({ who }) => system(4, [nonce, HASHES, who]),
  ({ to }) => system(6, [nonce, HASHES, RENT], key(to)),
  () => system(12, [nonce]),
];

export const stakeMakers: readonly Maker[] = [
  ({ who, to }) => stakes(0, [stakeTwo, RENT], key(who), key(to), 0n, 0n, key(to)),
  ({ who, to }) => stakes(9, [stakeTwo, RENT, to, who]),
  ({ who, amount }) => stakes(3, [stake, stakeTwo, who], SOL / 2n + amount),
  ({ who, to, amount }) => stakes(4, [stakeTwo, to, CLOCK, HISTORY, who], amount),
  ({ who }) => stakes(5, [stake, CLOCK, who]),
  ({ who, to }) => stakes(6, [stake, who], 1, 5n, 0, 1, key(to)),
  ({ who }) => stakes(7, [stake, stakeTwo, CLOCK, HISTORY, who]),
  ({ who, to }) => stakes(10, [stake, CLOCK, who, to], u32(0)),
  ({ who, amount }) => stakes(17, [stake, stakeTwo, who], amount),
  ({ who, amount }) => stakes(16, [stake, stakeTwo, who], amount),
];

export const otherMakers: readonly Maker[] = [
  ({ who }) => ({
    program: ASSOCIATED_TOKEN_PROGRAM,
    accounts: [nested, usdc, ata(agent, usdcMint), ata(agent, usdcMint), usdc, who, TOKEN_PROGRAM],
    data: bytesOf(2),
  }),
  ({ who, to, from }) => ({ ...createOf(who, to, from), data: bytesOf() }),
  ({ who, from }) => createOf(who, unused, from),
  ({ who }) => ({ program: MEMO_V3_PROGRAM, accounts: [who], data: word }),
  ({ amount }) => ({ program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(2, u32(Number(amount % 400_000n))) }),
  ({ who, from }) => ({ program: TOKEN_PROGRAM, accounts: [from.account, from.mint, who], data: bytesOf(10) }),
  ({ from, to }) => ({ program: TOKEN_PROGRAM, accounts: [from.account, from.mint], data: bytesOf(18, key(to)) }),
  ({ from }) => ({ program: TOKEN_PROGRAM, accounts: [from.account], data: bytesOf(22) }),
];

/** What only several instructions do: accounts emptied and closed, wrapped and unwrapped, rights given and taken back. */
export function sequences({ from, into, to, amount }: Draw): readonly (readonly Call[])[] {
  const token = (accounts: readonly Pubkey[], ...data: (number | bigint)[]): Call => ({
    program: from.program,
    accounts: [...accounts, agent],
    data: bytesOf(...data),
  });
  const close = token([from.account, to], 9);
  return [
    [token([from.account, from.mint], 15, HELD, from.decimals), close],
    [token([from.account, from.mint, into.account], 12, HELD, from.decimals), close],
    [token([from.account, other], 4, amount), token([from.account], 5)],
    [token([from.account, from.mint, other], 13, amount, from.decimals)],
    [system(2, [agent, from.account], amount), { ...close, accounts: [from.account], data: bytesOf(17) }],
    [close, createOf(agent, agent, from)],
    [token([from.account], 5), token([from.account, from.mint, into.account], 12, amount, from.decimals)],
  ];
}

/** How the same instructions travel. */
export type Form = 'legacy' | 'v0' | 'table' | 'v1';
export const forms: fc.Arbitrary<Form> = fc.constantFrom('legacy', 'v0', 'table', 'table', 'v1');

/** A message in one of the forms; with a table, everything that it holds and that need not stand in the message comes from there. */
export function messageIn(form: Form, signers: readonly Pubkey[], calls: readonly Call[]): Message {
  const message = buildMessage(signers, calls, form === 'legacy' ? 'legacy' : 0);
  if (form === 'v1') return { ...message, version: 1, config: { priorityFee: 777n, computeUnitLimit: 600_000 } };
  return form === 'table' ? loadFromTable(message) : message;
}

function loadFromTable(message: Message): Message {
  const { keys, instructions, requiredSignatures } = message;
  const called = new Set(instructions.map(({ program }) => program));
  const places = keys.map((key, index) =>
    index < requiredSignatures || called.has(index) ? -1 : tableContents.indexOf(key),
  );
  const loaded = keys.filter((_, index) => places[index] !== -1);
  if (loaded.length === 0) return message;
  const kept = keys.filter((_, index) => places[index] === -1);
  const all = [...kept, ...loaded];
  const move = (index: number) => all.indexOf(keys[index] as Pubkey);
  const writable = Uint8Array.from(places.filter((place) => place !== -1));
  return {
    ...message,
    keys: kept,
    instructions: instructions.map(({ program, accounts, data }) => ({
      program: move(program),
      accounts: accounts.map(move),
      data,
    })),
    lookups: [{ table: TABLE, writable, readonly: new Uint8Array(0) }],
  };
}

export type { Draw };
