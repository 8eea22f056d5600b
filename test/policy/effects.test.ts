import t from 'tap';
import type { EffectContext, EffectReport } from '../../policy/effects.ts';
import { deriveOwnAccounts, readEffects } from '../../policy/effects.ts';
import { deriveTokenAccount } from '../../policy/keys.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  MEMO_V3_PROGRAM,
  NATIVE_MINT,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../policy/programs/addresses.ts';
import type { Effect, Pubkey } from '../../policy/types.ts';
import type { Call } from './messages.ts';
import { buildMessage, bytesOf, littleEndian, testKey, UNKNOWN } from './messages.ts';

const names = ['agent', 'payer', 'listed', 'stranger', 'usdc', 'euro', 'junk', 'elsewhere'] as const;
const keys = Object.fromEntries(names.map((name, i) => [name, testKey(i + 1)])) as Record<
  (typeof names)[number],
  Pubkey
>;
const { agent, payer, listed, stranger, usdc, euro, junk, elsewhere } = keys;
const at = {
  agentUsdc: deriveTokenAccount(agent, usdc, TOKEN_PROGRAM),
  agentEuro: deriveTokenAccount(agent, euro, TOKEN_2022_PROGRAM),
  listedUsdc: deriveTokenAccount(listed, usdc, TOKEN_PROGRAM),
  strangerUsdc: deriveTokenAccount(stranger, usdc, TOKEN_PROGRAM),
  agentJunk: deriveTokenAccount(agent, junk, TOKEN_PROGRAM),
};

const context: EffectContext = {
  agent,
  mints: new Map([
    [usdc, { tokenProgram: TOKEN_PROGRAM, decimals: 6, accountSize: 165 }],
    [euro, { tokenProgram: TOKEN_2022_PROGRAM, decimals: 2, accountSize: 182 }],
  ]),
  resolveRecipient: (destination, mint) => {
    const [solOwner, usdcOwner] = [
      mint === null && destination === listed,
      mint === usdc && destination === at.listedUsdc,
    ];
    return solOwner || usdcOwner ? listed : null;
  },
  rentPerByte: 6960n,
};

const pay = (from: Pubkey, to: Pubkey, lamports: bigint): Call => ({
  program: SYSTEM_PROGRAM,
  accounts: [from, to],
  data: bytesOf(2, 0, 0, 0, lamports),
});
const send = (
  source: Pubkey,
  destination: Pubkey,
  authority: Pubkey,
  { mint = usdc, decimals = 6, program = TOKEN_PROGRAM, amount = 5n } = {},
): Call => ({ program, accounts: [source, mint, destination, authority], data: bytesOf(12, amount, decimals) });
const create = (from: Pubkey, account: Pubkey, owner: Pubkey, mint = usdc, program = TOKEN_PROGRAM): Call => ({
  program: ASSOCIATED_TOKEN_PROGRAM,
  accounts: [from, account, owner, mint, SYSTEM_PROGRAM, program],
  data: bytesOf(1),
});
const memo = (text: string): Call => ({ program: MEMO_V3_PROGRAM, accounts: [], data: new TextEncoder().encode(text) });

/** Effects of calls in a transaction that somebody else pays for. */
function read(...calls: readonly Call[]): EffectReport {
  return readEffects([buildMessage([payer, agent], calls)], context);
}

/** One word per effect and refusal, with the value that matters. */
function brief({ effects, refusals }: EffectReport): string[] {
  const name = (key: Pubkey | null) => names.find((word) => keys[word] === key) ?? 'nobody';
  const word = (effect: Effect): string => {
    switch (effect.kind) {
      case 'transfer':
        return `${effect.asset === 'SOL' ? 'SOL' : name(effect.asset as string as Pubkey)} ${effect.amount} to ${name(effect.recipient)}`;
      case 'rent':
        return `rent ${effect.lamports} for ${name(effect.recipient)}`;
      case 'fee':
        return `fee ${effect.base}+${effect.priority}`;
      case 'memo':
        return `memo ${effect.bytes.length}`;
      default:
        return effect.kind;
    }
  };
  return [...effects.map(word), ...refusals.map(({ code }) => code)];
}

const RENT_165 = (165n + 128n) * 6960n;
const RENT_182 = (182n + 128n) * 6960n;

t.test('one rule a row', async (t) => {
  const rows: [what: string, call: Call, outcome: string[]][] = [
    ['SOL to a listed recipient', pay(agent, listed, 7n), ['SOL 7 to listed']],
    ['SOL to a stranger', pay(agent, stranger, 7n), ['SOL 7 to nobody']],
    ['SOL of nothing', pay(agent, stranger, 0n), ['SOL 0 to nobody']],
    ['SOL to ourselves', pay(agent, agent, 7n), []],
    ['SOL to our token account', pay(agent, at.agentUsdc, 7n), []],
    ['SOL to our account of a mint that is not pinned', pay(agent, at.agentJunk, 7n), ['SOL 7 to nobody']],
    ['SOL of others', pay(payer, stranger, 7n), []],
    ['SOL of others to us', pay(payer, agent, 7n), []],

    ['token to a listed recipient', send(at.agentUsdc, at.listedUsdc, agent), ['usdc 5 to listed']],
    ['token to a stranger', send(at.agentUsdc, at.strangerUsdc, agent), ['usdc 5 to nobody']],
    ['token to a listed wallet itself', send(at.agentUsdc, listed, agent), ['usdc 5 to nobody']],
    ['token to ourselves', send(at.agentUsdc, at.agentUsdc, agent), []],
    ['from an account we are delegate of', send(elsewhere, at.strangerUsdc, agent), ['usdc 5 to nobody']],
    ['from there to ourselves', send(elsewhere, at.agentUsdc, agent), ['usdc 5 to nobody']],
    ['from ours by a delegate', send(at.agentUsdc, at.strangerUsdc, payer), ['usdc 5 to nobody']],
    ['from ours by a delegate, to a listed recipient', send(at.agentUsdc, at.listedUsdc, payer), ['usdc 5 to listed']],
    ['token of others', send(elsewhere, at.strangerUsdc, payer), []],
    ['token of others, mint not pinned', send(elsewhere, at.strangerUsdc, payer, { mint: junk }), []],
    ['token of others to us', send(elsewhere, at.agentUsdc, payer), []],
    ['others put another mint into ours', send(elsewhere, at.agentUsdc, payer, { mint: junk }), ['asset-not-allowed']],
    ['mint not pinned', send(at.agentJunk, at.listedUsdc, agent, { mint: junk }), ['asset-not-allowed']],
    ['mint not pinned, source ours', send(at.agentUsdc, at.listedUsdc, payer, { mint: junk }), ['asset-not-allowed']],
    ['other decimals', send(at.agentUsdc, at.listedUsdc, agent, { decimals: 9 }), ['mint-mismatch']],
    [
      'other token program',
      send(at.agentUsdc, at.listedUsdc, agent, { program: TOKEN_2022_PROGRAM }),
      ['mint-mismatch'],
    ],
    [
      'token-2022',
      send(at.agentEuro, elsewhere, agent, { mint: euro, decimals: 2, program: TOKEN_2022_PROGRAM, amount: 9n }),
      ['euro 9 to nobody'],
    ],

    ['rent for a listed recipient', create(agent, at.listedUsdc, listed), [`rent ${RENT_165} for listed`]],
    ['rent for a stranger', create(agent, at.strangerUsdc, stranger), [`rent ${RENT_165} for stranger`]],
    ['rent for ourselves', create(agent, at.agentUsdc, agent), [`rent ${RENT_165} for agent`]],
    [
      'rent by extensions',
      create(agent, at.agentEuro, agent, euro, TOKEN_2022_PROGRAM),
      [`rent ${RENT_182} for agent`],
    ],
    ['rent that others pay', create(payer, at.agentUsdc, agent), []],
    ['rent that others pay, mint not pinned', create(payer, at.agentJunk, agent, junk), []],
    ['rent for a mint that is not pinned', create(agent, at.agentJunk, agent, junk), ['asset-not-allowed']],
    ['an account that is not derived', create(agent, elsewhere, listed), ['token-account-not-derived']],
    ['one derived for another owner', create(agent, at.listedUsdc, stranger), ['token-account-not-derived']],
    [
      'one derived for the other token program',
      create(payer, at.listedUsdc, listed, usdc, TOKEN_2022_PROGRAM),
      ['token-account-not-derived'],
    ],
    [
      'a pinned mint under the other token program',
      create(agent, deriveTokenAccount(listed, usdc, TOKEN_2022_PROGRAM), listed, usdc, TOKEN_2022_PROGRAM),
      ['mint-mismatch'],
    ],

    ['a memo', memo('größe'), ['memo 7']],
    ['an unknown program', { program: UNKNOWN, accounts: [agent], data: bytesOf() }, ['program-unknown']],
  ];
  const prepared = { ...context, ownAccounts: deriveOwnAccounts(agent, context.mints) };
  const wrapped = deriveTokenAccount(agent, NATIVE_MINT, TOKEN_PROGRAM);
  t.same([...prepared.ownAccounts.keys()], [at.agentUsdc, at.agentEuro, wrapped]);
  for (const [what, call, outcome] of rows) {
    t.same(brief(read(call)), outcome, what);
    t.same(
      readEffects([buildMessage([payer, agent], [call])], prepared),
      read(call),
      `${what}, accounts derived before`,
    );
  }
});

t.test('a move among our own accounts is none of an outflow even where any recipient is allowed', async (t) => {
  const any = {
    ...context,
    resolveRecipient: (destination: Pubkey, mint: Pubkey | null) => (mint === null ? destination : null),
  };
  const calls = [
    pay(agent, at.agentUsdc, 7n),
    pay(agent, at.agentJunk, 8n),
    pay(agent, at.agentEuro, 9n),
    pay(agent, agent, 10n),
  ];
  const { effects } = readEffects([buildMessage([payer, agent], calls)], any);
  t.match(effects, [{ kind: 'transfer', amount: 8n, recipient: at.agentJunk }]);
  t.equal(effects.length, 1);
});

t.test('an owner named by the request may be the agent', async (t) => {
  const named = {
    ...context,
    resolveRecipient: (destination: Pubkey) => (destination === at.agentUsdc ? agent : null),
  };
  const own = readEffects([buildMessage([payer, agent], [send(at.agentUsdc, at.agentUsdc, agent)])], named);
  t.same(own.effects, []);
});

t.test('the fee is ours when the agent pays it', async (t) => {
  const limit: Call = { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(2, littleEndian(100_000n, 4)) };
  const price: Call = { program: COMPUTE_BUDGET_PROGRAM, accounts: [], data: bytesOf(3, 1_000_001n) };
  const rows: [what: string, signers: Pubkey[], calls: Call[], outcome: string[]][] = [
    ['another pays', [payer, agent], [limit, price], []],
    ['we pay', [agent], [limit, price], ['fee 5000+100001']],
    ['we pay, price first', [agent], [price, limit], ['fee 5000+100001']],
    ['we pay for two', [agent, payer], [], ['fee 10000+0']],
    ['default limit', [agent], [price, memo('')], ['fee 5000+203001', 'memo 0']],
    [
      'an instruction not decoded is granted units too',
      [agent],
      [price, { program: UNKNOWN, accounts: [], data: bytesOf() }],
      ['fee 5000+203001', 'program-unknown'],
    ],
  ];
  for (const [what, signers, calls, outcome] of rows) {
    t.same(brief(readEffects([buildMessage(signers, calls)], context)), outcome, what);
  }
});

t.test('the agent must be a required signer of every transaction', async (t) => {
  const ours = buildMessage([payer, agent], [memo('')]);
  const theirs = buildMessage([payer], [pay(payer, agent, 1n)]);
  const { refusals } = readEffects([ours, theirs], context);
  t.match(refusals, [{ code: 'not-our-signature', path: 'transactions[1]' }]);
  t.equal(refusals.length, 1);
});

t.test('everything says where it stands', async (t) => {
  const messages = [
    buildMessage([agent], [memo('a'), pay(agent, listed, 1n)]),
    buildMessage(
      [agent],
      [pay(agent, agent, 2n), create(agent, elsewhere, listed), send(at.agentUsdc, at.listedUsdc, agent)],
    ),
  ];
  const { effects, refusals, programs } = readEffects(messages, context);
  t.strictSame(
    effects.map(({ kind, transaction, instruction }) => [kind, transaction, instruction]),
    [
      ['fee', 0, -1],
      ['memo', 0, 0],
      ['transfer', 0, 1],
      ['fee', 1, -1],
      ['transfer', 1, 2],
    ],
  );
  t.match(effects[2], { from: agent, destination: listed, recipient: listed, asset: 'SOL', amount: 1n });
  t.match(effects[4], { from: at.agentUsdc, destination: at.listedUsdc, recipient: listed, asset: usdc, amount: 5n });
  t.match(refusals, [{ code: 'token-account-not-derived', path: 'transactions[1].instructions[1]' }]);
  t.strictSame(
    programs.map(({ program, name, transaction, instruction }) => `${transaction}.${instruction} ${program} ${name}`),
    [
      '0.0 memo memo',
      '0.1 system transfer',
      '1.0 system transfer',
      '1.1 associated-token createIdempotent',
      '1.2 token transferChecked',
    ],
  );
});
