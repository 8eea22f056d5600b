/** A ledger written down and read again: what is written, and everything that is refused. */
import t from 'tap';
import { emptyLedger, reserve, walletLine } from '../../policy/ledger.ts';
import { exportLedger, importLedger } from '../../policy/ledger-state.ts';
import { LEDGER_LINES_MAX, U64_MAX, WINDOW_SECONDS_MAX } from '../../policy/limits.ts';
import type { Millis } from '../../policy/types.ts';
import { addAmount, emptySeries } from '../../policy/windows.ts';
import { compile, DAY, NOON, SOL, sol } from './policies.ts';

const policy = compile(sol({ windows: [{ seconds: DAY, max: '1000' }] }));

/** Two buckets of the wallet's line, as text with bigints marked. */
function goodText(): string {
  const ledger = emptyLedger();
  const entries = [{ line: walletLine(SOL), asset: SOL, amount: 10n }];
  reserve(ledger, policy, entries, NOON);
  reserve(ledger, policy, entries, (NOON + 3_600_000) as Millis);
  // Of the two series only the day's, with its two buckets: the longer one has them in one.
  const { lines, ...state } = exportLedger(ledger);
  const short = lines.map(({ line, windows }) => ({ line, windows: windows.slice(0, 1) }));
  return JSON.stringify({ ...state, lines: short }, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}

function read(text: string): string {
  const state: unknown = JSON.parse(text, (_, value: unknown) =>
    typeof value === 'string' && /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  );
  const result = importLedger(state);
  return result.ok ? 'read' : result.refusal;
}

const good = goodText();
const lineOf = (length: number) => `"line":"${'x'.repeat(length)}"`;
const manyLines = (count: number) => {
  const window = '{"seconds":60,"first":"1n","gaps":[0],"amounts":["1n"]}';
  return `"lines":[${Array.from({ length: count }, (_, index) => `{"line":"${index}","windows":[${window}]}`).join(',')}]`;
};

t.test('one rule a row', async (t) => {
  t.equal(read(good), 'read');
  t.match(good, '"gaps":[0,10],"amounts":["10n","10n"]');
  const [version, latest, lines, line, windows] = ['version', 'latest', 'lines', 'line', 'windows of SOL'].map(
    (what) => `ledger state: ${what}`,
  ) as [string, string, string, string, string];
  const rows: readonly [name: string, find: string | RegExp, put: string, outcome: string][] = [
    ['another version', '"v":1', '"v":2', version],
    ['no time', /"latest":"\d+n"/, '"latest":5', latest],
    ['a negative time', /"latest":"\d+n"/, '"latest":"-1n"', latest],
    ['the first moment', /"latest":"\d+n"/, '"latest":"0n"', 'read'],
    ['the last moment', /"latest":"\d+n"/, `"latest":"${Number.MAX_SAFE_INTEGER}n"`, 'read'],
    ['a moment later', /"latest":"\d+n"/, `"latest":"${2n ** 53n}n"`, latest],
    ['no lines', /"lines":\[.*\]/, '"lines":{}', lines],
    ['as many lines as there may be', /"lines":\[.*\]/, manyLines(LEDGER_LINES_MAX * 2), 'read'],
    ['one line more', /"lines":\[.*\]/, manyLines(LEDGER_LINES_MAX * 2 + 1), lines],
    ['a line of nothing', /"lines":\[.*\]/, '"lines":[null]', line],
    ['a line that is a list', /"lines":\[.*\]/, '"lines":[[]]', line],
    ['a line without a name', '"line":"SOL"', '"line":5', line],
    ['a name of 200', '"line":"SOL"', lineOf(200), 'read'],
    ['a name of 201', '"line":"SOL"', lineOf(201), line],
    ['a line twice', /"lines":\[(.*)\]/, '"lines":[$1,$1]', line],
    ['no windows', /"windows":\[.*\]\}\]/, '"windows":[]}]', windows],
    ['windows that are no list', /"windows":\[.*\]\}\]/, '"windows":{"length":1}}]', windows],
    ['a window of nothing', /"windows":\[.*\]\}\]/, '"windows":[null]}]', windows],
    ['a window twice', /"windows":\[(.*)\]\}\]/, '"windows":[$1,$1]}]', windows],
    ['a window of no time', '"seconds":86400', '"seconds":0', windows],
    ['of a second', '"seconds":86400', '"seconds":1', 'read'],
    ['of a second and a half', '"seconds":86400', '"seconds":1.5', windows],
    ['of a text', '"seconds":86400', '"seconds":"86400"', windows],
    ['of as long as there may be', '"seconds":86400', `"seconds":${WINDOW_SECONDS_MAX}`, 'read'],
    ['of a second more', '"seconds":86400', `"seconds":${WINDOW_SECONDS_MAX + 1}`, windows],
    ['a first bucket that is no time', /"first":"\d+n"/, '"first":7', windows],
    ['gaps that are no list', '"gaps":[0,10]', '"gaps":"ab"', windows],
    ['amounts that are no list', '"amounts":["10n","10n"]', '"amounts":"ab"', windows],
    ['a first gap', '"gaps":[0,10]', '"gaps":[1,10]', windows],
    ['no second gap', '"gaps":[0,10]', '"gaps":[0,0]', windows],
    ['a gap backwards', '"gaps":[0,10]', '"gaps":[0,-1]', windows],
    ['half a gap', '"gaps":[0,10]', '"gaps":[0,1.5]', windows],
    ['a gap in words', '"gaps":[0,10]', '"gaps":[0,"1"]', windows],
    ['the longest gap', '"gaps":[0,10]', `"gaps":[0,${2 ** 32 - 1}]`, 'read'],
    ['a longer gap', '"gaps":[0,10]', `"gaps":[0,${2 ** 32}]`, windows],
    ['an amount of nothing', '"amounts":["10n","10n"]', '"amounts":["0n","10n"]', windows],
    ['an amount as a number', '"amounts":["10n","10n"]', '"amounts":[10,"10n"]', windows],
    ['the largest amount', '"amounts":["10n","10n"]', `"amounts":["${U64_MAX}n","10n"]`, 'read'],
    ['a larger amount', '"amounts":["10n","10n"]', `"amounts":["${U64_MAX + 1n}n","10n"]`, windows],
    ['an amount too many', '"amounts":["10n","10n"]', '"amounts":["10n","10n","1n"]', windows],
  ];
  for (const [name, find, put, outcome] of rows) {
    const changed = good.replace(find, put);
    t.not(changed, good, name);
    t.equal(read(changed), outcome, name);
  }
  for (const value of [null, undefined, 5, [], 'x', { v: 1 }]) t.equal(importLedger(value).ok, false);
});

t.test('lines stand in the order of their names; those without spending are left out', async (t) => {
  const ledger = emptyLedger();
  const full = () => {
    const series = emptySeries(DAY);
    addAmount(series, NOON, 5n);
    return series;
  };
  for (const line of ['c', 'a', 'd', 'b']) ledger.lines.set(line, [full()]);
  ledger.lines.set('nothing', [emptySeries(60), emptySeries(DAY)]);
  ledger.lines.set('no longer in the short window', [emptySeries(60), full()]);
  t.same(
    exportLedger(ledger).lines.map(({ line }) => line),
    ['a', 'b', 'c', 'd', 'no longer in the short window'],
  );
});
