import t from 'tap';
import { readBudget } from '../../policy/budget.ts';
import { budgetToJson } from '../../policy/json.ts';
import { emptyLedger, enterUnseen, reserve } from '../../policy/ledger.ts';
import type { Hash, Millis } from '../../policy/types.ts';
import { compile, DAY, HOUR, leaseOf, NOON, SOL, sol } from './policies.ts';

const windows = [
  { seconds: HOUR, max: '100' },
  { seconds: DAY, max: '300' },
];
const policy = compile(sol({ windows, perTransaction: '90' }, { lease: { maxSeconds: 60 } }));
const ledger = emptyLedger();
reserve(ledger, policy, [{ line: 'SOL', asset: SOL, amount: 40n }], NOON);
enterUnseen(ledger, policy, [{ asset: SOL, amount: 25n, until: NOON }], NOON);

t.test('what is left of every window', async (t) => {
  const { assets, leaseEndsAt } = readBudget(policy, ledger, leaseOf(policy), NOON);
  t.equal(leaseEndsAt, NOON + HOUR * 1_000);
  t.same(assets[0], {
    asset: 'SOL',
    now: 35n,
    perTransaction: 90n,
    approvalAbove: null,
    windows: [
      { seconds: HOUR, max: 100n, spent: 40n, unseen: 25n, remaining: 35n },
      { seconds: DAY, max: 300n, spent: 40n, unseen: 25n, remaining: 235n },
    ],
  });
  const later = readBudget(policy, ledger, leaseOf(policy), (NOON + 30 * 60_000) as Millis);
  t.equal(later.assets[0]?.now, 35n);
});

t.test('now is the least of windows and ceiling', async (t) => {
  const now = (changes: Parameters<typeof leaseOf>[1]) =>
    readBudget(policy, ledger, leaseOf(policy, changes), NOON).assets[0]?.now;
  t.equal(now({ ceiling: { [SOL]: 20n } }), 20n);
  t.equal(now({ ceiling: { [SOL]: 20n }, spentInBoot: { [SOL]: 15n } }), 5n);
  t.equal(now({ until: NOON }), 0n, 'ended');
  t.equal(now({ policyHash: 'ab'.repeat(32) as Hash }), 0n, 'another policy’s');
  t.equal(readBudget(policy, ledger, null, NOON).assets[0]?.now, 0n, 'none');
  t.equal(readBudget(policy, ledger, null, NOON).leaseEndsAt, null);
});

t.test('more spent than a window holds leaves nothing', async (t) => {
  const full = emptyLedger();
  enterUnseen(full, policy, [{ asset: SOL, amount: 1_000n, until: NOON }], NOON);
  t.match(readBudget(policy, full, leaseOf(policy), NOON).assets[0], {
    now: 0n,
    windows: [{ remaining: 0n }, { remaining: 0n }],
  });
});

t.test('as JSON', async (t) => {
  const json = budgetToJson(readBudget(policy, ledger, leaseOf(policy), NOON));
  t.match(json.assets[0], {
    asset: 'SOL',
    now: '35',
    perTransaction: '90',
    windows: [{ max: '100', unseen: '25' }, {}],
  });
  t.notOk('approvalAbove' in (json.assets[0] ?? {}));
  t.equal(json.leaseEndsAt, BigInt(NOON + HOUR * 1_000));
});
