/** Which windows a line keeps, how its past is seen through another window, and when lines go. */
import t from 'tap';
import type { Entry, Ledger } from '../../policy/ledger.ts';
import {
  emptyLedger,
  enterUnseen,
  groupLine,
  latestOf,
  recipientLine,
  reserve,
  spent,
  unseenLine,
  walletLine,
} from '../../policy/ledger.ts';
import { exportLedger, importLedger } from '../../policy/ledger-state.ts';
import { WINDOW_SECONDS_MAX } from '../../policy/limits.ts';
import type { AssetId, Millis, Pubkey } from '../../policy/types.ts';
import { BUCKETS_PER_WINDOW } from '../../policy/windows.ts';
import type { Draft } from './policies.ts';
import { compile, DAY, draft, HOUR, NOON, pubkeyToBase58, SHOP, SOL, SUPPLIER, sol, USDC } from './policies.ts';

const HOUR_MS = HOUR * 1_000;
const at = (ms: number) => (NOON + ms) as Millis;
const recipientOf = (index: number) => index.toString(16).padStart(64, '0') as Pubkey;
const windows = (...seconds: number[]) => seconds.map((each) => ({ seconds: each, max: '1000' }));

/** Group `g` has an hour for each recipient of SOL and a day of USDC; group `h` has two hours of SOL. */
const groups = (perRecipient: number): Draft =>
  draft({
    recipients: [
      {
        name: 'g',
        owners: [pubkeyToBase58(SHOP)],
        assets: { SOL: { windows: windows(perRecipient), per: 'recipient' }, USDC: { windows: windows(DAY) } },
      },
      { name: 'h', owners: [pubkeyToBase58(SUPPLIER)], assets: { SOL: { windows: windows(2 * HOUR) } } },
    ],
  });
const policy = compile(groups(HOUR));
const entry = (line: string, asset: AssetId = SOL, amount = 1n): Entry => ({ line, asset, amount });
const lengths = (ledger: Ledger, line: string) =>
  exportLedger(ledger)
    .lines.find((each) => each.line === line)
    ?.windows.map(({ seconds }) => seconds);

t.test('each line keeps the windows it is judged by, and the longest there may be', async (t) => {
  const ledger = emptyLedger();
  const lines: readonly [line: string, asset: AssetId, seconds: number[]][] = [
    [walletLine(SOL), SOL, [DAY, WINDOW_SECONDS_MAX]],
    [groupLine(USDC, 'g'), USDC, [DAY, WINDOW_SECONDS_MAX]],
    [groupLine(SOL, 'h'), SOL, [2 * HOUR, WINDOW_SECONDS_MAX]],
    [groupLine(SOL, 'gone'), SOL, [WINDOW_SECONDS_MAX]],
    [recipientLine(SOL, 'g', SHOP), SOL, [HOUR]],
    [recipientLine(USDC, 'h', SHOP), USDC, [WINDOW_SECONDS_MAX]],
  ];
  for (const [line, asset] of lines) reserve(ledger, policy, [entry(line, asset)], NOON);
  for (const [line, , seconds] of lines) t.same(lengths(ledger, line), seconds, line);
  enterUnseen(ledger, policy, [{ asset: SOL, amount: 1n, until: NOON }], NOON);
  t.same(lengths(ledger, unseenLine(SOL)), [HOUR, 2 * HOUR, DAY, WINDOW_SECONDS_MAX], 'the unseen: every line’s');
  const other = 'EURO' as AssetId;
  enterUnseen(ledger, policy, [{ asset: other, amount: 1n, until: NOON }], NOON);
  t.same(lengths(ledger, unseenLine(other)), [WINDOW_SECONDS_MAX], 'also of an asset the policy no longer has');
  reserve(ledger, policy, [entry(walletLine('ELSE' as AssetId), SOL, 0n)], NOON);
  t.notOk(ledger.lines.has('ELSE'), 'nothing is not entered');
});

t.test('a recipient’s line follows the policy in either direction', async (t) => {
  const ledger = emptyLedger();
  const line = recipientLine(SOL, 'g', SHOP);
  for (const seconds of [DAY, HOUR, 3 * DAY]) reserve(ledger, compile(groups(seconds)), [entry(line)], NOON);
  t.same(lengths(ledger, line), [DAY, 3 * DAY]);
  t.equal(importLedger(exportLedger(ledger)).ok, true, 'shortest first, as a ledger is read');
  t.equal(spent(ledger, line, SOL, 3 * DAY, NOON).seen, 3n);
});

t.test('the past is seen through the nearest window that is long enough', async (t) => {
  const ledger = emptyLedger();
  reserve(ledger, compile(sol({ windows: windows(HOUR) })), [entry(walletLine(SOL))], NOON);
  const sum = (seconds: number, ms: number) => spent(ledger, walletLine(SOL), SOL, seconds, at(ms)).seen;
  t.equal(sum(60, 60_000), 1n);
  t.equal(sum(60, 90_000), 0n, 'a bucket of the hour later, not one of the year');
  t.equal(sum(2 * HOUR, 2 * HOUR_MS), 1n, 'the longest has not forgotten');
});

t.test('what no longer counts is not kept', async (t) => {
  const ledger = emptyLedger();
  const hourly = compile(sol({ windows: windows(HOUR) }));
  for (let minute = 0; minute < 600; minute += 1)
    reserve(ledger, hourly, [entry(walletLine(SOL))], at(minute * 60_000));
  const [series] = ledger.lines.get(walletLine(SOL)) ?? [];
  t.ok((series?.buckets.length ?? 0) <= BUCKETS_PER_WINDOW + 1, `${series?.buckets.length} buckets`);
  t.equal(spent(ledger, walletLine(SOL), SOL, HOUR, at(599 * 60_000)).seen, 61n);
});

t.test('lines without spending go, all others stay', async (t) => {
  const ledger = emptyLedger();
  const add = (index: number, ms: number) =>
    reserve(ledger, policy, [entry(recipientLine(SOL, 'g', recipientOf(index)))], at(ms));
  reserve(ledger, policy, [entry(groupLine(SOL, 'h'), SOL, 5n)], NOON);
  const begin = 5 * HOUR_MS;
  for (let index = 0; index < 600; index += 1) add(index, begin + index);
  t.equal(ledger.lines.size, 601, 'all of them count');
  t.equal(ledger.sweepAt, 1_024, 'twice as many lines as were left');
  const sums = Array.from({ length: 600 }, (_, index) =>
    spent(ledger, recipientLine(SOL, 'g', recipientOf(index)), SOL, HOUR, at(begin + 600)),
  );
  t.ok(sums.every(({ seen }) => seen === 1n));
  const ledgerLine = spent(ledger, groupLine(SOL, 'h'), SOL, DAY, at(begin));
  t.equal(ledgerLine.seen, 5n, 'no longer in its short window, still in the longest');
  for (let index = 600; index < 1_100; index += 1) add(index, begin + 3 * HOUR_MS + index);
  t.ok(ledger.lines.size < 600, `${ledger.lines.size} lines`);
});

t.test('lines that come and go do not pile up', async (t) => {
  const ledger = emptyLedger();
  for (let index = 0; index < 3_000; index += 1)
    reserve(ledger, policy, [entry(recipientLine(SOL, 'g', recipientOf(index)))], at(index * 60_000));
  t.ok(ledger.lines.size < 600, `${ledger.lines.size} lines`);
  t.equal(spent(ledger, recipientLine(SOL, 'g', recipientOf(0)), SOL, HOUR, NOON).seen, 0n);
  t.equal(latestOf(ledger, NOON), at(2_999 * 60_000), 'the ledger’s own time');
});
