/** What may be put before the members of a vault's multisig. One rule a row. */
import t from 'tap';
import type { Policy, Proposals } from '../../policy/policy.ts';
import type { Facts } from '../../policy/rules/facts.ts';
import type { Proposal } from '../../policy/rules/proposals.ts';
import { judgeProposals } from '../../policy/rules/proposals.ts';
import type { AssetId, Effect, Pubkey, Violation } from '../../policy/types.ts';
import { compile, draft, pubkeyToBase58, SHOP, SOL, STRANGER, SUPPLIER, USDC } from './policies.ts';

const [vault, other] = ['a0'.repeat(32), 'a1'.repeat(32)] as [Pubkey, Pubkey];
const groups = [
  { name: 'shops', owners: [pubkeyToBase58(SHOP)] },
  { name: 'suppliers', owners: [pubkeyToBase58(SUPPLIER)] },
];
const base = compile(draft({ recipients: groups }));
const propose: Proposals = {
  assets: new Map<AssetId, bigint>([[SOL, 10n]]),
  groups: new Set(['shops']),
  approve: false,
};
const facts = { multisig: other, index: 0, members: 2, limits: new Map() };
const policyOf = (changes: Partial<Policy> = {}, allowed: Proposals | null = propose): Policy => ({
  ...base,
  vaults: new Map([[vault, { ...facts, propose: allowed }]]) as Policy['vaults'],
  ...changes,
});

const place = { transaction: 0, instruction: 1 };
const pay = (recipient: Pubkey | null, amount = 1n, asset: AssetId = SOL): Effect => ({
  kind: 'transfer',
  ...place,
  asset,
  amount,
  from: vault,
  destination: recipient ?? STRANGER,
  recipient,
});
const rent = (recipient: Pubkey | null, lamports = 1n): Effect => ({
  kind: 'rent',
  ...place,
  lamports,
  account: STRANGER,
  recipient,
});
const called = (program: string, name: string) => ({ ...place, program, name }) as Proposal['programs'][number];

const proposal = (effects: readonly Effect[], changes: Partial<Proposal> = {}): Proposal => ({
  kind: 'proposal',
  transaction: 0,
  instruction: 4,
  multisig: other,
  vault,
  index: 7n,
  approves: false,
  effects,
  programs: [],
  message: new Uint8Array(0),
  ...changes,
});

const judged = (policy: Policy, ...proposals: readonly Effect[]) =>
  judgeProposals({ policy, effects: proposals } as unknown as Facts);

const outer = 'transactions[0].instructions[4]';
const inner = `${outer}.inner.instructions[1]`;
const not = (detail: string, path = inner): Violation => ({ code: 'proposal-not-allowed', path, detail });

t.test('what is inside', async (t) => {
  const rows: readonly [name: string, effects: readonly Effect[], ...expected: Violation[]][] = [
    ['nothing', []],
    ['a payment to a named group', [pay(SHOP)]],
    ['a payment to another group', [pay(SUPPLIER)], not('payments to group suppliers may not be proposed')],
    ['a payment to nobody known', [pay(null)], not('a payment to somebody in no recipient group')],
    ['a payment to a stranger', [pay(STRANGER)], not('a payment to somebody in no recipient group')],
    ['another asset', [pay(SHOP, 1n, USDC)], not('USDC may not be proposed')],
    ['a memo', [{ kind: 'memo', ...place, bytes: new Uint8Array() }]],
    ['an account for a named group', [rent(SHOP)]],
    ['an account of the vault', [rent(vault)]],
    ['an account for another group', [rent(SUPPLIER)], not('an account for somebody who may not be paid')],
    ['an account for a stranger', [rent(STRANGER)], not('an account for somebody who may not be paid')],
    ['an account for nobody known', [rent(null)], not('an account for somebody who may not be paid')],
    [
      'anything else',
      [{ kind: 'close', ...place, account: vault, destination: SHOP }],
      not('an effect of the kind close'),
    ],
    ['as much as it may be', [pay(SHOP, 6n), pay(SHOP, 4n)]],
    [
      'more',
      [pay(SHOP, 6n), pay(SHOP, 5n)],
      {
        code: 'proposal-exceeded',
        asset: 'SOL',
        limit: 10n,
        observed: 11n,
        remaining: 10n,
        path: outer,
        detail: '',
      },
    ],
    ['as much rent as it may be', [rent(SHOP, 2_000_000n), rent(SHOP, 100_000n)]],
    [
      'more rent',
      [rent(SHOP, 2_000_000n), rent(SHOP, 100_001n)],
      {
        code: 'rent-exceeded',
        asset: 'SOL',
        limit: 2_100_000n,
        observed: 2_100_001n,
        remaining: 2_100_000n,
        path: outer,
        detail: '',
      },
    ],
  ];
  for (const [name, effects, ...expected] of rows) {
    const found = judged(policyOf(), proposal(effects));
    const shown = found.map((each, index) => (expected[index]?.detail === '' ? { ...each, detail: '' } : each));
    t.strictSame(shown, expected, name);
  }
});

t.test('what is called inside', async (t) => {
  const refused = (what: string) => not(`${what} is not in the policy’s programs`);
  const rows: readonly [name: string, memoBytes: number | null, program: string, call: string, ...Violation[]][] = [
    ['what the wallet may call', 64, 'system', 'transfer'],
    ['another instruction', 64, 'system', 'createAccount', refused('system.createAccount')],
    ['another program', 64, 'stake', 'split', refused('stake.split')],
    ['what sets a fee', 64, 'compute-budget', 'setComputeUnitPrice'],
    ['what its own rule judges', 64, 'opaque', 'call'],
    ['a memo', 64, 'memo', 'memo'],
    ['a memo where none is allowed', null, 'memo', 'memo', refused('memo.memo')],
  ];
  for (const [name, memoBytes, program, call, ...expected] of rows)
    t.strictSame(judged(policyOf({ memoBytes }), proposal([], { programs: [called(program, call)] })), expected, name);
});

t.test('for whom, and with whose vote', async (t) => {
  const nothing = not('the policy allows no proposals for this vault', outer);
  const vote = { code: 'vote-not-allowed', path: outer };
  t.strictSame(judged(policyOf({}, null), proposal([])), [nothing], 'a vault that only pays');
  t.strictSame(judged(policyOf(), proposal([], { vault: other })), [nothing], 'a vault that is not ours');
  t.match(judged(policyOf(), proposal([], { approves: true })), [vote]);
  t.strictSame(judged(policyOf({}, { ...propose, approve: true }), proposal([], { approves: true })), []);
  t.strictSame(judged(policyOf(), pay(STRANGER)), [], 'what is proposed nowhere is judged elsewhere');
  t.equal(judged(policyOf(), proposal([pay(null)]), proposal([pay(null)])).length, 2, 'each for itself');
});
