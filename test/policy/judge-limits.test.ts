import t from 'tap';
import { emptyLedger, enterUnseen, reserve } from '../../policy/ledger.ts';
import { LEDGER_LINES_MAX } from '../../policy/limits.ts';
import { emptySeries } from '../../policy/windows.ts';
import {
  ask,
  checkRows,
  codesOf,
  compile,
  DAY,
  draft,
  HOUR,
  leaseOf,
  MINT,
  message,
  NOON,
  pay,
  payToken,
  pubkeyToBase58,
  SHOP,
  SOL,
  STRANGER,
  SUPPLIER,
  sol,
  sponsored,
  USDC,
} from './policies.ts';

const shop = pubkeyToBase58(SHOP);
const supplier = pubkeyToBase58(SUPPLIER);
const plain = draft();
const capped = sol({ perTransaction: '1000' });
const hourly = sol({
  windows: [
    { seconds: DAY, max: '1000000' },
    { seconds: HOUR, max: '5009' },
  ],
});
const counted = (max: string) =>
  draft({ assets: { ...(draft()['assets'] as object), signatures: { windows: [{ seconds: DAY, max }] } } });
const group = (limits: object) =>
  draft({ recipients: [{ name: 'g', owners: [shop, supplier], assets: { SOL: limits } }] });
const window10 = { windows: [{ seconds: DAY, max: '10' }] };
const six = pay(SHOP, 6n);
const five = pay(SUPPLIER, 5n);

t.test('limits of the wallet', async (t) => {
  checkRows(t, [
    ['perTransaction reached', capped, message(pay(SHOP, 1_000n)), 'allow'],
    ['exceeded by the sum', capped, message(pay(SHOP, 600n), pay(SUPPLIER, 401n)), 'deny per-transaction-exceeded'],
    ['for each transaction', capped, [message(pay(SHOP, 600n)), message(pay(SHOP, 401n))], 'allow'],
    ['the window reached, fee included', plain, message(pay(SHOP, 995_000n)), 'allow'],
    ['the window exceeded by the fee', plain, message(pay(SHOP, 995_001n)), 'deny window-exceeded'],
    ['two share a window', plain, [60n, 41n].map((each) => message(payToken(SHOP, each))), 'deny window-exceeded'],
    ['two fill a window', plain, [60n, 40n].map((each) => message(payToken(SHOP, each))), 'allow'],
    ['every window counts', hourly, message(pay(SHOP, 10n)), 'deny window-exceeded'],
    ['every window counts, reached', hourly, message(pay(SHOP, 9n)), 'allow'],
    ['signatures are counted', counted('1'), [message(six), message(five)], 'deny window-exceeded'],
    ['signatures are counted, reached', counted('2'), [message(six), message(five)], 'allow'],
  ]);
});

t.test('limits of groups', async (t) => {
  checkRows(t, [
    ['perTransaction', group({ perTransaction: '10' }), message(six, five), 'deny per-transaction-exceeded'],
    ['perTransaction each', group({ perTransaction: '10', per: 'recipient' }), message(six, five), 'allow'],
    ['window', group(window10), message(six, five), 'deny window-exceeded'],
    ['window each', group({ ...window10, per: 'recipient' }), message(six, five), 'allow'],
    ['window of one', group({ ...window10, per: 'recipient' }), message(six, six), 'deny window-exceeded'],
    ['no limits of its own', group({}), message(six, five), 'allow'],
  ]);
});

t.test('each group has its own windows', async (t) => {
  const named = (name: string, owner: string, max: string) => ({
    name,
    owners: [owner],
    assets: { SOL: { windows: [{ seconds: DAY, max }] } },
  });
  const two = draft({ recipients: [named('first', shop, '5'), named('second', supplier, '50')] });
  const bare = draft({ recipients: [{ name: 'bare', owners: [shop] }, named('second', supplier, '50')] });
  checkRows(t, [
    ['the first is full', two, message(six), 'deny window-exceeded'],
    ['the second has room', two, message(pay(SUPPLIER, 50n)), 'allow'],
    ['the second is full', two, message(pay(SUPPLIER, 51n)), 'deny window-exceeded'],
    ['one without limits before it', bare, message(pay(SHOP, 60n), pay(SUPPLIER, 50n)), 'allow'],
  ]);
});

t.test('what the owner cannot see counts beside what was seen', async (t) => {
  const policy = compile(plain);
  const ledger = emptyLedger();
  reserve(ledger, policy, [{ line: 'SOL', asset: SOL, amount: 300_000n }], NOON);
  enterUnseen(ledger, policy, [{ asset: SOL, amount: 400_000n, until: NOON }], NOON);
  const left = 1_000_000n - 300_000n - 400_000n - 5_000n;
  t.equal(ask(policy, [message(pay(SHOP, left))], { ledger }).decision, 'allow');
  const over = ask(policy, [message(pay(SHOP, left + 1n))], { ledger });
  t.match(over.violations, [
    { code: 'window-exceeded', limit: 1_000_000n, observed: left + 5_001n, remaining: left + 5_000n },
  ]);
});

t.test('charges are sums per asset', async (t) => {
  const messages = [message(pay(SHOP, 7n), payToken(SHOP, 3n)), sponsored(payToken(SUPPLIER, 4n))];
  const judgement = ask(compile(counted('9')), messages);
  t.equal(judgement.decision, 'allow');
  const sums = [
    ['SOL', 5_007n],
    [MINT, 7n],
    ['signatures', 2n],
  ];
  t.same(
    judgement.charges.map(({ asset, amount }) => [asset, amount]),
    sums,
  );
  t.same(
    judgement.entries.map(({ line, amount }) => [line, amount]),
    sums,
  );
  t.equal(judgement.feeCap, 20_000n, 'one of two transactions pays a fee');
});

t.test('entries of groups and recipients', async (t) => {
  const recipients = [
    { name: 'a', owners: [shop], assets: { SOL: { windows: [{ seconds: HOUR, max: '50' }] } } },
    { name: 'b', owners: [supplier], assets: { SOL: { ...window10, per: 'recipient' }, USDC: {} } },
  ];
  const { entries } = ask(compile(draft({ recipients })), [
    message(pay(SHOP, 7n), pay(SUPPLIER, 3n), pay(SUPPLIER, 2n), payToken(SUPPLIER, 1n)),
  ]);
  t.same(
    entries.map(({ line, amount }) => [line, amount]),
    [
      ['SOL', 5_012n],
      [USDC, 1n],
      ['SOL|a', 7n],
      [`SOL|b|${SUPPLIER}`, 5n],
    ],
  );
});

t.test('a group’s new window counts from then on, the wallet’s counts all there was', async (t) => {
  const group = { name: 'a', owners: [shop] };
  const ledger = emptyLedger();
  const before = compile(draft({ recipients: [group] }));
  reserve(ledger, before, ask(before, [message(pay(SHOP, 10n))]).entries, NOON);
  const day = { windows: [{ seconds: DAY, max: '10' }] };
  const after = compile(draft({ recipients: [{ ...group, assets: { SOL: day } }] }));
  t.same(codesOf(ask(after, [sponsored(pay(SHOP, 10n))], { ledger })), []);
  t.same(codesOf(ask(compile(sol(day)), [sponsored(pay(SHOP, 1n))], { ledger })), ['window-exceeded']);
});

t.test('a payment of nothing is on no line', async (t) => {
  const recipients = [{ name: 'a', owners: [shop], assets: { SOL: window10, USDC: window10 } }];
  const { charges, entries } = ask(compile(draft({ recipients })), [message(pay(SHOP, 0n), payToken(SHOP, 0n))]);
  t.same(charges, [{ asset: SOL, amount: 5_000n }]);
  t.same(entries, [{ line: 'SOL', asset: SOL, amount: 5_000n }]);
});

t.test('a ledger that is full takes no new line', async (t) => {
  const policy = compile(plain);
  const decide = (lines: number, known: boolean) => {
    const ledger = emptyLedger();
    if (known) reserve(ledger, policy, [{ line: 'SOL', asset: SOL, amount: 1n }], NOON);
    while (ledger.lines.size < lines) ledger.lines.set(`line ${ledger.lines.size}`, [emptySeries(HOUR)]);
    return codesOf(ask(policy, [message(pay(SHOP, 1n))], { ledger }));
  };
  t.same(decide(LEDGER_LINES_MAX - 1, false), [], 'the last one');
  t.same(decide(LEDGER_LINES_MAX, false), ['ledger-full']);
  t.same(decide(LEDGER_LINES_MAX, true), [], 'a line that is there');
  t.same(decide(LEDGER_LINES_MAX + 1, true), [], 'however many there are');
});

t.test('violations carry numbers', async (t) => {
  const policy = compile(capped);
  const { violations } = ask(policy, [message(pay(SHOP, 1_001n))]);
  t.match(violations[0], { asset: 'SOL', limit: 1_000n, observed: 1_001n, path: 'transactions[0]' });
  const lease = leaseOf(policy, { ceiling: { [SOL]: 6_000n }, spentInBoot: { [SOL]: 500n } });
  const [ceiling] = ask(policy, [message(pay(SHOP, 600n))], { lease }).violations;
  t.match(ceiling, { code: 'ceiling-exceeded', limit: 6_000n, observed: 5_600n, remaining: 5_500n });
  t.equal(ask(policy, [message(pay(SHOP, 500n))], { lease }).decision, 'allow', 'exactly what the ceiling leaves');
});

t.test('at most 64 violations are reported, and all are counted', async (t) => {
  const assets = { SOL: { windows: [{ seconds: DAY, max: '1' }] } };
  const policy = compile(draft({ approvals: { lifts: ['recipient'] }, assets, lease: { maxSeconds: 60 } }));
  const many = Array.from({ length: 10 }, () => message(...Array.from({ length: 7 }, () => pay(STRANGER, 1n))));
  const judgement = ask(policy, many);
  t.equal(judgement.violations.length, 64);
  t.equal(judgement.decision, 'deny', 'the window, not reported, is not lifted');
});
