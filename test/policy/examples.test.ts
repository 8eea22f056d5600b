/** The published examples against real transactions: what they allow, and what a small change of the bytes costs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Judgement } from '../../policy/judge.ts';
import { judge } from '../../policy/judge.ts';
import { knownPubkey } from '../../policy/keys.ts';
import type { Message } from '../../policy/message.ts';
import type { Policy } from '../../policy/policy.ts';
import { SIGNATURES, SOL } from '../../policy/policy.ts';
import { decodeTransaction } from '../../policy/transaction.ts';
import type { Millis, Pubkey } from '../../policy/types.ts';
import { ampleLease, compilePolicy, ledgerOf } from '../corpus/judge-row.ts';
import { policies } from '../corpus/policies.ts';
import type { Spent } from '../corpus/world.ts';
import { findVectors } from '../vectors.ts';
import { NOON } from './policies.ts';

const { dir, skip } = findVectors('transactions');

function readVector(name: string): Message {
  const wire = Uint8Array.fromBase64(readFileSync(join(dir, `${name}.tx.b64`), 'utf8').trim());
  const transaction = decodeTransaction(wire);
  if (!transaction.ok) throw new Error(transaction.refusal.detail);
  return transaction.value.message;
}

function ask(policy: Policy, message: Message, spent: readonly Spent[] = []): Judgement {
  return judge({
    policy,
    agent: message.keys[0] as Pubkey,
    messages: [message],
    owners: [],
    ledger: ledgerOf(policy, spent),
    lease: ampleLease(policy),
    now: NOON as Millis,
    lastSignedAt: null,
    approved: () => false,
  });
}

const say = ({ decision, violations }: Judgement) => [decision, ...violations.map(({ code }) => code)].join(' ');

/** The message with one instruction's data or accounts changed. */
function bend(message: Message, at: number, change: (instruction: Message['instructions'][number]) => object): Message {
  const instructions = message.instructions.map((each, index) => (index === at ? { ...each, ...change(each) } : each));
  return { ...message, instructions };
}

t.test('trader: a real swap, charged what goes in', { skip }, async (t) => {
  const trader = compilePolicy(policies['trader']);
  const swap = readVector('015-jupiter-legacy-wrap-close');
  const route = 4;
  const judgement = ask(trader, swap);
  t.equal(say(judgement), 'allow');
  // 100,000 lamports go into the swap; the rest is the fee and the rent of the account they are wrapped in.
  t.same(judgement.charges, [
    { asset: SOL, amount: 100_000n + 5_000n + 2_039_280n },
    { asset: SIGNATURES, amount: 1n },
  ]);

  const { data, accounts } = swap.instructions[route] as Message['instructions'][number];
  const slippage = (points: number) => data.with(32, points & 0xff).with(33, points >> 8);
  const rows: [what: string, message: Message, expected: string, spent?: Spent[]][] = [
    ['the most slippage', bend(swap, route, () => ({ data: slippage(100) })), 'allow'],
    ['a point more', bend(swap, route, () => ({ data: slippage(101) })), 'deny call-not-allowed'],
    ['10,000 basis points', bend(swap, route, () => ({ data: slippage(10_000) })), 'deny call-not-allowed'],
    [
      // The account it should have gone to is then one of ours behind the listed ones.
      'another destination account',
      bend(swap, route, () => ({ accounts: accounts.with(3, accounts[9] as number) })),
      'deny call-not-allowed call-not-allowed',
    ],
    [
      'a destination besides',
      bend(swap, route, () => ({ accounts: accounts.with(4, accounts[9] as number) })),
      'deny call-not-allowed',
    ],
    ['bytes behind', bend(swap, route, () => ({ data: Uint8Array.of(...data, 0) })), 'deny call-not-allowed'],
    ['two steps', bend(swap, route, () => ({ data: data.with(8, 2) })), 'deny call-not-allowed'],
    ['what is left of the window', swap, 'allow', spentBefore('9997855720')],
    ['one lamport less of it', swap, 'deny window-exceeded', spentBefore('9997855721')],
  ];
  for (const [what, message, expected, spent] of rows) t.equal(say(ask(trader, message, spent)), expected, what);
  const named = { ...(policies['trader'] as Record<string, unknown>), effects: { syncNative: true } };
  t.equal(
    say(ask(compilePolicy(named), swap)),
    'deny instruction-not-allowed effect-not-allowed',
    'closing is an effect',
  );
});

function spentBefore(amount: string): Spent[] {
  return [{ asset: 'SOL', amount, at: '2026-11-20T09:00:00Z' }];
}

t.test('treasury: spending limits and proposals', { skip }, async (t) => {
  const treasury = policies['treasury'] as Record<string, unknown>;
  const [vault] = treasury['vaults'] as [Record<string, unknown>];
  const propose = vault['propose'] as object;
  const change = (fields: object) => compilePolicy({ ...treasury, vaults: [{ ...vault, ...fields }] });
  const policy = compilePolicy(treasury);
  const use = ask(policy, readVector('057-lab-spending-limit-use-sol'));
  t.equal(say(use), 'allow');
  t.same(use.charges[0], { asset: SOL, amount: 250_005_000n });
  const proposal = readVector('059-lab-agent-propose-approve');
  t.equal(say(ask(policy, proposal)), 'deny vote-not-allowed', 'the example gives the agent no vote');
  const voting = ask(change({ propose: { ...propose, approve: true } }), proposal);
  t.equal(say(voting), 'allow');
  t.same(
    voting.charges[0],
    { asset: SOL, amount: 5_000n + 2_429_040n + 3_382_560n },
    'fee and rent, not the three SOL',
  );
  const small = { ...propose, approve: true, assets: { SOL: '2999999999' } };
  t.equal(say(ask(change({ propose: small }), proposal)), 'deny proposal-exceeded');
  t.equal(say(ask(policy, readVector('060-lab-owner-approve-execute'))), 'deny always-refused proposal-incomplete');
});

t.test('the exploit of April 2026 is refused where proposals are allowed', { skip }, async (t) => {
  const treasury = policies['treasury'] as Record<string, unknown>;
  const [vault] = treasury['vaults'] as [Record<string, unknown>];
  const exploit = readVector('042-drift-exploit-1');
  const drift = knownPubkey('2LW6PSEjp81xSEttWwXDB6Etb1eKdhYPbFEojYbyhx88');
  t.ok(exploit.keys.includes(drift));
  const propose = { ...(vault['propose'] as object), approve: true };
  const vaults = [{ ...vault, multisig: '2LW6PSEjp81xSEttWwXDB6Etb1eKdhYPbFEojYbyhx88', propose }];
  const said = say(ask(compilePolicy({ ...treasury, vaults }), exploit));
  t.equal(said, 'deny program-unknown instruction-not-allowed nonce-not-allowed');
  const nonce = { account: '7s7s6saC5LHZoLyBXLM3pCjpWaA7meyQdP8NiH9ktAeC', assets: { SOL: '10000000' } };
  const pinned = say(ask(compilePolicy({ ...treasury, vaults, durableNonce: nonce }), exploit));
  t.equal(pinned, 'deny program-unknown', 'even with its nonce pinned and a vote given');
});
