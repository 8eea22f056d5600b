/** Instructions of Squads whose accounts do not fit together, or that mix what is ours with what is not. */
import t from 'tap';
import type { EffectContext, MintFacts } from '../../policy/effects.ts';
import { readEffects } from '../../policy/effects.ts';
import { SQUADS_PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../policy/programs/addresses.ts';
import {
  deriveProposal,
  deriveSpendingLimit,
  deriveVault,
  deriveVaultTransaction,
} from '../../policy/programs/squads-addresses.ts';
import {
  approve,
  createProposal,
  createTransaction,
  packInner,
  payFrom,
  propose,
  useSolLimit,
  useTokenLimit,
} from '../corpus/squads-calls.ts';
import {
  AGENT,
  ata,
  both,
  call,
  EURO,
  FRIEND,
  hex,
  MULTISIG,
  OTHER,
  SHOP,
  STAFF,
  USDC,
  VAULT,
} from '../corpus/world.ts';
import type { Call } from './messages.ts';
import { testKey } from './messages.ts';

const ELSEWHERE = testKey(0x61);
const token: MintFacts = { tokenProgram: TOKEN_PROGRAM, decimals: 6, accountSize: 165 };
const limits = new Map([
  [deriveSpendingLimit(MULTISIG, STAFF), null],
  [deriveSpendingLimit(MULTISIG, FRIEND), USDC],
  [deriveSpendingLimit(MULTISIG, SHOP), EURO],
]);
const context: EffectContext = {
  agent: AGENT,
  mints: new Map([
    [USDC, token],
    [EURO, { ...token, takesFee: true }],
  ]),
  resolveRecipient: () => null,
  rentPerByte: 0n,
  vaults: new Map([[VAULT, { multisig: MULTISIG, index: 0, members: 2, limits }]]),
};

function read(calls: readonly Call[], { vaults, ...rest }: EffectContext = context): string[] {
  const { effects, refusals } = readEffects([both(...calls)], vaults === undefined ? rest : { ...rest, vaults });
  const words = effects.flatMap((effect) => {
    if (effect.kind === 'limitUse') return [`limit${effect.inward ? ' inward' : ''}`];
    return effect.kind === 'fee' || effect.kind === 'rent' ? [] : [effect.kind];
  });
  return [...words, ...refusals.map(({ code }) => code)];
}

/** A call with other accounts at some places. */
const change = ({ accounts, ...rest }: Call, ...changes: [index: number, key: (typeof accounts)[number]][]): Call => ({
  ...rest,
  accounts: changes.reduce((list, [index, key]) => list.with(index, key), accounts),
});

const place = { multisig: MULTISIG };
const made = propose(place, [payFrom(VAULT, SHOP, 3n)]);
const inner = packInner(VAULT, [payFrom(VAULT, SHOP, 3n)]);
const squadsInside = packInner(VAULT, [payFrom(VAULT, SHOP, 3n), call(SQUADS_PROGRAM, [VAULT], 1)]);
const sol = useSolLimit(place, STAFF, SHOP, 5n);
const usdc = (to = SHOP) => useTokenLimit(place, { createKey: FRIEND }, to, 5n);
const euro = (to = SHOP) => useTokenLimit(place, { createKey: SHOP, mint: EURO }, to, 5n);

t.test('one rule a row', async (t) => {
  const rows: readonly [name: string, calls: readonly Call[], ...outcome: string[]][] = [
    ['a proposal', made, 'proposal'],
    [
      'a vote in the name of another multisig',
      [...made, change(approve(place), [0, ELSEWHERE])],
      'proposal',
      'proposal-incomplete',
    ],
    [
      'made for ours with the accounts of another',
      [
        change(createTransaction(place, inner), [1, deriveVaultTransaction(ELSEWHERE, 7n)]),
        createProposal({ multisig: ELSEWHERE }),
      ],
      'proposal-incomplete',
      'proposal-incomplete',
    ],
    [
      'made for another, proposed for ours',
      [
        change(createTransaction(place, inner), [0, ELSEWHERE]),
        change(createProposal(place), [1, deriveProposal(MULTISIG, 7n)]),
      ],
      'proposal-incomplete',
      'proposal-incomplete',
    ],
    [
      'Squads called behind an honest payment',
      [createTransaction(place, squadsInside), createProposal(place)],
      'proposal-malformed',
    ],
    ['a limit', [sol], 'limit'],
    ['our vault in the name of another multisig', [change(sol, [0, ELSEWHERE])], 'vault-undeclared'],
    ['the same by somebody else', [change(sol, [0, ELSEWHERE], [1, OTHER])], 'vault-undeclared'],
    ['another vault by somebody else', [change(sol, [3, deriveVault(ELSEWHERE, 0)], [1, OTHER])]],
    ['tokens', [usdc()], 'limit'],
    ['tokens by the System program too', [change(usdc(), [5, SYSTEM_PROGRAM])], 'limit'],
    ['tokens by a program nobody asked for', [change(usdc(), [5, ELSEWHERE])], 'instruction-malformed'],
    ['tokens to ourselves', [usdc(AGENT)], 'limit inward'],
    ['tokens to ourselves, of which some stay on the way', [euro(AGENT)], 'limit'],
    [
      'tokens with a word',
      [call(SQUADS_PROGRAM, usdc().accounts, usdc().data.slice(0, -1), hex('01010000004d'))],
      'memo',
      'limit',
    ],
  ];
  for (const [name, calls, ...outcome] of rows) t.same(read(calls), outcome, name);
});

t.test('moves among our accounts are free, but where some stays on the way', async (t) => {
  const move = (mint: typeof USDC) => call(TOKEN_PROGRAM, [ata(AGENT, mint), mint, ata(VAULT, mint), AGENT], 12, 5n, 6);
  t.same([read([move(USDC)]), read([move(EURO)])], [[], ['transfer']]);
});

t.test('where no vault is declared', async (t) => {
  const { vaults: _, ...none } = context;
  const rows: readonly [name: string, calls: readonly Call[], ...outcome: string[]][] = [
    ['a proposal', made, 'vault-undeclared'],
    ['a limit', [sol], 'vault-undeclared'],
    ['somebody else’s limit', [change(sol, [1, OTHER])]],
  ];
  for (const [name, calls, ...outcome] of rows) t.same(read(calls, none), outcome, name);
});
