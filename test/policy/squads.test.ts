/** Proposals and spending limits of Squads v4: what is judged, and what is refused because the message does not show it. */
import t from 'tap';
import type { EffectContext } from '../../policy/effects.ts';
import { readEffects } from '../../policy/effects.ts';
import { deriveTokenAccount } from '../../policy/keys.ts';
import { MEMO_V3_PROGRAM, SQUADS_PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../policy/programs/addresses.ts';
import {
  deriveProposal,
  deriveSpendingLimit,
  deriveVault,
  deriveVaultTransaction,
} from '../../policy/programs/squads-addresses.ts';
import type { InnerMessage } from '../../policy/programs/squads-message.ts';
import { decodeInnerMessage, encodeInnerMessage } from '../../policy/programs/squads-message.ts';
import type { Effect, Pubkey } from '../../policy/types.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, littleEndian, testKey, UNKNOWN } from './messages.ts';

const [agent, payer, stranger, usdc, multisig] = [1, 2, 3, 4, 5].map(testKey) as [
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
];
const vault = deriveVault(multisig, 0);
const limits = {
  sol: deriveSpendingLimit(multisig, testKey(0x51)),
  usdc: deriveSpendingLimit(multisig, testKey(0x52)),
};
const u32 = (value: number) => littleEndian(BigInt(value), 4);
const hex = (text: string) => Uint8Array.fromHex(text);
const squads = (accounts: readonly Pubkey[], ...data: (number | bigint | Uint8Array)[]): Call => ({
  program: SQUADS_PROGRAM,
  accounts,
  data: bytesOf(...data),
});

const context: EffectContext = {
  agent,
  mints: new Map([[usdc, { tokenProgram: TOKEN_PROGRAM, decimals: 6, accountSize: 165 }]]),
  resolveRecipient: (destination) => (destination === stranger ? stranger : null),
  rentPerByte: 6960n,
  vaults: new Map([
    [
      vault,
      {
        multisig,
        index: 0,
        members: 2,
        limits: new Map([
          [limits.sol, null],
          [limits.usdc, usdc],
        ]),
      },
    ],
  ]),
};

const pay = { program: 2, accounts: Uint8Array.of(0, 1), data: bytesOf(u32(2), 3n) };
const inner: InnerMessage = {
  requiredSignatures: 1,
  writableSigners: 1,
  writableOthers: 1,
  keys: [vault, stranger, SYSTEM_PROGRAM],
  instructions: [pay],
  lookups: [],
};

interface Parts {
  readonly message?: Partial<InnerMessage>;
  readonly index?: bigint;
  readonly vaultIndex?: number;
  readonly ephemeral?: number;
  readonly rentPayer?: Pubkey;
  readonly behind?: Uint8Array;
}

const createOf = ({
  message = {},
  index = 7n,
  vaultIndex = 0,
  ephemeral = 0,
  rentPayer = payer,
  behind = bytesOf(),
}: Parts = {}) => {
  const bytes = bytesOf(encodeInnerMessage({ ...inner, ...message }), behind);
  const accounts = [multisig, deriveVaultTransaction(multisig, index), agent, rentPayer, SYSTEM_PROGRAM];
  return squads(accounts, hex('30fa4ea8d0e2dad3'), vaultIndex, ephemeral, u32(bytes.length), bytes, 0);
};
const proposeOf = (index = 7n, { draft = 0, rentPayer = payer, at = index } = {}) =>
  squads(
    [multisig, deriveProposal(multisig, at), agent, rentPayer, SYSTEM_PROGRAM],
    hex('dc3c49e01e6c4f9f'),
    index,
    draft,
  );
const approveOf = (index = 7n, member = agent) =>
  squads([multisig, member, deriveProposal(multisig, index)], hex('9025a488bcd82af8'), 0);

const read = (calls: readonly Call[], change: Partial<EffectContext> = {}) =>
  readEffects([buildMessage([payer, agent], calls)], { ...context, ...change });

function word(effect: Effect): string {
  switch (effect.kind) {
    case 'proposal':
      return `${effect.approves ? 'approved ' : ''}proposal ${effect.index} of ${effect.effects.map(word).join(', ')}`;
    case 'transfer':
      return `${effect.asset} ${effect.amount}`;
    case 'rent':
      return `rent ${effect.lamports}`;
    case 'limitUse':
      return `limit ${(effect.asset as string) === usdc ? 'usdc' : effect.asset} ${effect.amount}${effect.inward ? ' inward' : ''}`;
    default:
      return effect.kind;
  }
}

const brief = (calls: readonly Call[], change: Partial<EffectContext> = {}) => {
  const { effects, refusals } = read(calls, change);
  return [...effects.map(word), ...refusals.map(({ code }) => code)];
};

t.test('a proposal is made whole in one message, one rule a row', async (t) => {
  const made = [createOf(), proposeOf()];
  const other = testKey(0x60);
  const rows: [what: string, calls: readonly Call[], ...outcome: string[]][] = [
    ['create and propose', made, 'proposal 7 of SOL 3'],
    ['and approve', [...made, approveOf()], 'approved proposal 7 of SOL 3'],
    ['approved by another signer', [...made, approveOf(7n, payer)], 'proposal 7 of SOL 3'],
    [
      'two of them',
      [...made, createOf({ index: 8n }), proposeOf(8n), approveOf(8n)],
      'proposal 7 of SOL 3',
      'approved proposal 8 of SOL 3',
    ],
    ['create alone', [createOf()], 'proposal-incomplete'],
    ['propose alone', [proposeOf()], 'proposal-incomplete'],
    ['approve alone', [approveOf()], 'proposal-incomplete'],
    ['another index', [createOf(), proposeOf(8n)], 'proposal-incomplete', 'proposal-incomplete'],
    ['another proposal account', [createOf(), proposeOf(7n, { at: 8n })], 'proposal-incomplete', 'proposal-incomplete'],
    ['proposed before created', [proposeOf(), createOf()], 'proposal-incomplete', 'proposal-incomplete'],
    ['approved before proposed', [createOf(), approveOf(), proposeOf()], 'proposal 7 of SOL 3', 'proposal-incomplete'],
    ['approval of another index', [...made, approveOf(8n)], 'proposal 7 of SOL 3', 'proposal-incomplete'],
    ['as a draft', [createOf(), proposeOf(7n, { draft: 1 })], 'proposal-incomplete', 'proposal-incomplete'],
    ['proposed twice', [...made, proposeOf()], 'proposal 7 of SOL 3', 'proposal-incomplete'],
    ['an undeclared vault', [createOf({ vaultIndex: 1 }), proposeOf()], 'vault-undeclared'],
    ['ephemeral signers', [createOf({ ephemeral: 1 }), proposeOf()], 'proposal-malformed'],
    ['bytes behind', [createOf({ behind: bytesOf(0) }), proposeOf()], 'proposal-malformed'],
    [
      'a lookup table',
      [createOf({ message: { lookups: [{ table: other, writable: bytesOf(0), readonly: bytesOf() }] } }), proposeOf()],
      'proposal-malformed',
    ],
    [
      'two signers',
      [createOf({ message: { requiredSignatures: 2, writableSigners: 2 } }), proposeOf()],
      'proposal-malformed',
    ],
    [
      'no signer',
      [createOf({ message: { requiredSignatures: 0, writableSigners: 0 } }), proposeOf()],
      'proposal-malformed',
    ],
    [
      'another signer',
      [createOf({ message: { keys: [agent, stranger, SYSTEM_PROGRAM] } }), proposeOf()],
      'proposal-malformed',
    ],
    [
      'a key twice',
      [createOf({ message: { keys: [vault, vault, SYSTEM_PROGRAM] } }), proposeOf()],
      'proposal-malformed',
    ],
    [
      'squads inside',
      [createOf({ message: { keys: [vault, stranger, SQUADS_PROGRAM] } }), proposeOf()],
      'proposal-malformed',
    ],
    [
      'an unknown program inside',
      [createOf({ message: { keys: [vault, stranger, UNKNOWN] } }), proposeOf()],
      'proposal 7 of ',
      'program-unknown',
    ],
    ['to ourselves', [createOf({ message: { keys: [vault, agent, SYSTEM_PROGRAM] } }), proposeOf()], 'proposal 7 of '],
    [
      'the vault given away',
      [
        createOf({
          message: {
            instructions: [
              { program: 2, accounts: Uint8Array.of(0), data: bytesOf(u32(1), Uint8Array.fromHex(stranger)) },
            ],
          },
        }),
        proposeOf(),
      ],
      'proposal 7 of authorityChange',
    ],
  ];
  for (const [what, calls, ...outcome] of rows) t.same(brief(calls), outcome, what);
});

t.test('rent of what a proposal makes, when it is ours to pay', async (t) => {
  const ours = { rentPayer: agent };
  // Measured on chain for a transfer of SOL and two members.
  const rent = ['rent 2429040', `rent ${(128n + 70n + 2n * 96n) * 6960n}`];
  t.same(brief([createOf(ours), proposeOf(7n, ours)]), ['proposal 7 of SOL 3', ...rent]);
  const unknown = new Map([[vault, { multisig, index: 0, members: null, limits: new Map() }]]);
  t.same(brief([createOf(ours), proposeOf(7n, ours)], { vaults: unknown }), [
    'proposal 7 of SOL 3',
    rent[0],
    'amount-unknown',
  ]);
});

t.test('where a refusal inside a proposal stands', async (t) => {
  const message = { keys: [vault, stranger, UNKNOWN] };
  const { refusals } = read([
    { program: MEMO_V3_PROGRAM, accounts: [], data: bytesOf() },
    createOf({ message }),
    proposeOf(),
  ]);
  t.match(refusals, [{ path: 'transactions[0].instructions[1].inner.instructions[0]' }]);
});

const at = (owner: Pubkey) => deriveTokenAccount(owner, usdc, TOKEN_PROGRAM);
const solAccounts = (destination = stranger, limit = limits.sol, from = vault) => [
  multisig,
  agent,
  limit,
  from,
  destination,
  SYSTEM_PROGRAM,
  ...Array<Pubkey>(4).fill(SQUADS_PROGRAM),
];
const tokenAccounts = (destination = stranger, account = at(destination)) => [
  ...solAccounts(destination, limits.usdc).slice(0, 5),
  SQUADS_PROGRAM,
  usdc,
  at(vault),
  account,
  TOKEN_PROGRAM,
];
const use = (accounts: readonly Pubkey[], decimals: number, memo = bytesOf(0)) =>
  squads(accounts, hex('1039827fc1149b86'), 5n, decimals, memo);

t.test('a spending limit is used as it is pinned, one rule a row', async (t) => {
  const swap = (list: readonly Pubkey[], index: number, key: Pubkey) => list.with(index, key);
  const [sol, token] = [solAccounts(), tokenAccounts()];
  const rows: [what: string, accounts: readonly Pubkey[], decimals: number, ...outcome: string[]][] = [
    ['SOL', sol, 9, 'limit SOL 5'],
    ['SOL to ourselves', solAccounts(agent), 9, 'limit SOL 5 inward'],
    ['SOL with other decimals', sol, 6, 'instruction-malformed'],
    ['SOL with a mint', swap(sol, 6, usdc), 9, 'instruction-malformed'],
    ['SOL without the system program', swap(sol, 5, SQUADS_PROGRAM), 9, 'instruction-malformed'],
    ['by another member', swap(sol, 1, payer), 9, 'limit SOL 5'],
    ['a limit that is not pinned', swap(sol, 2, stranger), 9, 'limit-unpinned'],
    ['another multisig', swap(sol, 0, stranger), 9, 'vault-undeclared'],
    ['another vault', swap(sol, 3, stranger), 9, 'vault-undeclared'],
    ['another vault by another member', swap(swap(sol, 3, stranger), 1, payer), 9],
    ['token', token, 6, 'limit usdc 5'],
    ['token to ourselves', tokenAccounts(agent), 6, 'limit usdc 5 inward'],
    ['token with other decimals', token, 9, 'mint-mismatch'],
    ['token under the other program', swap(token, 9, SYSTEM_PROGRAM), 6, 'mint-mismatch'],
    ['another mint', swap(token, 6, stranger), 6, 'instruction-malformed'],
    ['not the derived destination', tokenAccounts(stranger, at(payer)), 6, 'token-account-not-derived'],
    ['not the vault’s account', swap(token, 7, at(payer)), 6, 'token-account-not-derived'],
    ['a limit of tokens for SOL', solAccounts(stranger, limits.usdc), 9, 'instruction-malformed'],
  ];
  for (const [what, accounts, decimals, ...outcome] of rows) t.same(brief([use(accounts, decimals)]), outcome, what);
  t.match(read([use(token, 6)]).effects, [{ vault, limit: limits.usdc, destination: stranger, recipient: stranger }]);
  t.same(brief([use(sol, 9, bytesOf(1, u32(1), 65))]), ['memo', 'limit SOL 5'], 'its memo counts');
  t.same(brief([use(sol, 9)], { vaults: new Map() }), ['vault-undeclared'], 'without declared vaults');
});

t.test('inner messages that are not one canonical message', async (t) => {
  const bytes = encodeInnerMessage(inner);
  t.same(decodeInnerMessage(bytes), { ok: true, value: inner });
  for (let length = 0; length < bytes.length; length += 1) t.notOk(decodeInnerMessage(bytes.subarray(0, length)).ok);
  const rows: [what: string, change: Partial<InnerMessage>][] = [
    ['more writable signers than signers', { writableSigners: 2 }],
    ['more counted than listed', { writableOthers: 3 }],
    ['a key twice', { keys: [vault, vault, SYSTEM_PROGRAM] }],
    ['program 0', { instructions: [{ ...pay, program: 0 }] }],
    ['program beyond the keys', { instructions: [{ ...pay, program: 3 }] }],
    ['account beyond the keys', { instructions: [{ ...pay, accounts: Uint8Array.of(3) }] }],
  ];
  for (const [what, change] of rows) t.notOk(decodeInnerMessage(encodeInnerMessage({ ...inner, ...change })).ok, what);
});
