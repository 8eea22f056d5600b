/** Rules one at a time, on facts made by hand: each violation with all it says. */

import t from 'tap';
import { pubkeyToBase58 } from '../../policy/keys.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Facts } from '../../policy/rules/facts.ts';
import { judgeNonce } from '../../policy/rules/nonce.ts';
import { judgeMemos, judgeProgramApprovals } from '../../policy/rules/programs.ts';
import { judgeRecipients } from '../../policy/rules/recipients.ts';
import { judgeCooldown, judgeSchedule } from '../../policy/rules/schedule.ts';
import type { AssetId, Effect, Millis, Pubkey, Violation } from '../../policy/types.ts';
import { testKey } from './messages.ts';
import { AGENT, compile, draft, SHOP, SOL, STRANGER } from './policies.ts';

const [account, authority, vault] = [testKey(21), testKey(22), testKey(23)];
const place = { transaction: 0, instruction: 1 };
const PATH = 'transactions[0].instructions[1]';
const plain = compile(draft());

/** Facts of a request that does nothing but what is given. */
function factsOf(fields: Partial<Facts>, policy: Partial<Policy> = {}): Facts {
  const lists = { effects: [], programs: [], transfers: [], spendings: [], calls: [], rents: [], fees: [] };
  return { ...lists, agent: AGENT, costs: new Map(), ...fields, policy: { ...plain, ...policy } } as unknown as Facts;
}

const advance = (of: Pubkey, by: Pubkey, transaction = 0): Effect => ({
  transaction,
  instruction: 1,
  kind: 'nonce',
  action: 'advance',
  account: of,
  authority: by,
});
const brief = (violations: readonly Violation[]) =>
  violations.map(({ code, path, limit, observed, remaining, asset, detail }) =>
    [code, path, asset, limit, observed, remaining, detail].filter((part) => part !== undefined).join(' '),
  );

t.test('durable nonces', async (t) => {
  const nonce = (by: Pubkey | null) => ({ account, authority: by, budgets: new Map([[SOL, 5n]]) }) as Policy['nonce'];
  const costs = (sol: bigint, transaction = 0) => new Map([[transaction, new Map([[SOL, sol]])]]);
  const none = 'nonce-not-allowed transactions[0].instructions[1] the policy allows no durable nonce';
  const other = `nonce-not-allowed ${PATH} nonce account`;
  const rows: [what: string, nonce: Policy['nonce'], effects: Effect[], costs: Facts['costs'], found: string[]][] = [
    ['none is used', null, [], costs(9n), []],
    ['none is allowed', null, [advance(account, AGENT)], costs(9n), [none]],
    ['the pinned one, by the agent', nonce(null), [advance(account, AGENT)], costs(5n), []],
    ['by its pinned authority', nonce(authority), [advance(account, authority)], costs(5n), []],
    [
      'by the agent, which is not it',
      nonce(authority),
      [advance(account, AGENT)],
      costs(5n),
      [`${other} ${pubkeyToBase58(account)}`],
    ],
    ['another account', nonce(null), [advance(vault, AGENT)], costs(5n), [`${other} ${pubkeyToBase58(vault)}`]],
    [
      'over its budget',
      nonce(null),
      [advance(account, AGENT)],
      costs(6n),
      ['nonce-budget-exceeded transactions[0] SOL 5 6 5'],
    ],
    ['another transaction costs that', nonce(null), [advance(account, AGENT)], costs(6n, 1), []],
    [
      'another effect of the same account',
      nonce(null),
      [{ ...place, kind: 'close', account, destination: AGENT }],
      costs(6n),
      [],
    ],
  ];
  for (const [what, pinned, effects, spent, found] of rows) {
    const violations = judgeNonce(factsOf({ effects, costs: spent }, { nonce: pinned }));
    t.same(
      brief(violations)
        .map((line) => line.replace(/ What .*| The .*$/, ''))
        .map((line) => line.slice(0, (found[0] ?? line).length)),
      found,
      what,
    );
  }
});

t.test('a budget of an asset the policy does not name is nothing', async (t) => {
  const strange = testKey(30) as string as AssetId;
  const costs = new Map([[0, new Map([[strange, 1n]])]]);
  const facts = factsOf(
    { effects: [advance(account, AGENT)], costs },
    {
      nonce: { account, authority: null, budgets: new Map() } as unknown as Policy['nonce'],
    },
  );
  t.match(judgeNonce(facts), [{ code: 'nonce-budget-exceeded', limit: 0n, observed: 1n, asset: strange }]);
});

t.test('memos', async (t) => {
  const memo = (bytes: number, transaction = 0): Effect =>
    ({ transaction, instruction: 1, kind: 'memo', bytes: new Uint8Array(bytes) }) as Effect;
  const called = { transaction: 0, instruction: 2, program: 'memo', name: 'memo' };
  const other = { transaction: 0, instruction: 3, program: 'system', name: 'transfer' };
  const inside = { ...place, kind: 'proposal', effects: [memo(40)], programs: [] } as unknown as Effect;
  const rows: [what: string, memoBytes: number | null, effects: Effect[], programs: object[], found: object[]][] = [
    ['none', null, [], [other], []],
    ['one, denied where it is told', null, [memo(1)], [called], [{ code: 'memo-denied', path: PATH }]],
    [
      'a call that tells nothing',
      null,
      [],
      [called, other],
      [{ code: 'memo-denied', path: 'transactions[0].instructions[2]' }],
    ],
    [
      'two of one transaction',
      64,
      [memo(60), memo(5)],
      [],
      [{ code: 'memo-too-long', path: 'transactions[0]', limit: 64n, observed: 65n }],
    ],
    ['two of two', 64, [memo(60), memo(5, 1)], [], []],
    ['one in a proposal', 64, [memo(25), inside], [], [{ code: 'memo-too-long', observed: 65n }]],
    ['as long as may be', 64, [memo(24), inside], [], []],
  ];
  for (const [what, memoBytes, effects, programs, found] of rows) {
    const violations = judgeMemos(factsOf({ effects, programs: programs as never }, { memoBytes }));
    t.equal(violations.length, found.length, what);
    t.match(violations, found, what);
  }
});

t.test('programs the owner wants to see', async (t) => {
  const programs = [
    { ...place, program: 'memo', name: 'memo' },
    { transaction: 0, instruction: 2, program: 'system', name: 'transfer' },
  ] as never;
  const call = { transaction: 1, instruction: 0, program: vault };
  const calls = [{ call }] as never;
  const approvals = { ...plain.approvals, programs: new Set(['memo', pubkeyToBase58(vault)]) };
  t.match(judgeProgramApprovals(factsOf({ programs, calls }, { approvals })), [
    { code: 'approval-program', path: PATH, detail: 'memo.memo needs the owner’s approval' },
    { path: 'transactions[1].instructions[0]', detail: `${pubkeyToBase58(vault)} needs the owner’s approval` },
  ]);
});

t.test('rent goes to whom it may', async (t) => {
  const rent = (recipient: Pubkey | null, at = place) =>
    ({ ...at, kind: 'rent', lamports: 1n, account, recipient }) as Facts['rents'][number];
  const proposal = { ...place, kind: 'proposal', effects: [], programs: [] } as unknown as Effect;
  const elsewhere = [
    { transaction: 1, instruction: 1 },
    { transaction: 0, instruction: 2 },
  ];
  const vaults = new Map([[vault, {}]]) as unknown as Policy['vaults'];
  const rows: [what: string, rent: Facts['rents'][number], effects: Effect[], detail: RegExp | null][] = [
    ['our own', rent(AGENT), [], null],
    ['our vault’s', rent(vault), [], null],
    ['a listed shop’s', rent(SHOP), [], null],
    ['a stranger’s', rent(STRANGER), [], new RegExp(`^an account for ${pubkeyToBase58(STRANGER)}, who`)],
    ['a stranger’s, beside a proposal', rent(STRANGER), [proposal], /^an account for /],
    ['nobody’s', rent(null), [], /^an account for somebody unknown, who/],
    ['a proposal’s own', rent(null), [proposal], null],
    ...elsewhere.map((at): [string, Facts['rents'][number], Effect[], RegExp] => [
      'beside another’s proposal',
      rent(null, at),
      [proposal],
      /^an account for somebody unknown, who/,
    ]),
  ];
  for (const [what, each, effects, detail] of rows) {
    const violations = judgeRecipients(factsOf({ rents: [each], effects }, { vaults }));
    t.match(violations, detail === null ? [] : [{ code: 'recipient-not-allowed', detail }], what);
    t.equal(violations.length, detail === null ? 0 : 1, what);
  }
});

t.test('hours, days and pauses', async (t) => {
  // Friday, 20 November 2026.
  const at = (day: number, hour: number, minute = 0) => Date.UTC(2026, 10, day, hour, minute) as Millis;
  const never = { hours: null, days: null, notBefore: null, notAfter: null, cooldownMs: 0 };
  type Schedule = Partial<Policy['schedule']>;
  const rows: [what: string, schedule: Schedule, now: Millis, found: object[]][] = [
    ['no rule', {}, at(20, 12), []],
    ['not before', { notBefore: at(20, 12, 1) }, at(20, 12), [{ code: 'not-before', retryAfter: 60 }]],
    ['from then on', { notBefore: at(20, 12) }, at(20, 12), []],
    ['not after', { notAfter: at(20, 12) }, at(20, 12), [{ code: 'not-after' }]],
    ['at the first hour', { hours: [8, 20] }, at(20, 8), []],
    ['before it', { hours: [8, 20] }, at(20, 7, 59), [{ code: 'hours-closed', retryAfter: 60 }]],
    ['at the last', { hours: [8, 20] }, at(20, 20), [{ code: 'hours-closed', retryAfter: 12 * 3_600 }]],
    ['over midnight, at its first hour', { hours: [22, 6] }, at(20, 22), []],
    ['over midnight, after it', { hours: [22, 6] }, at(20, 5, 59), []],
    ['over midnight, closed', { hours: [22, 6] }, at(20, 6), [{ code: 'hours-closed', retryAfter: 16 * 3_600 }]],
    ['a day that is open', { days: new Set([5]) }, at(20, 0), []],
    ['the next day', { days: new Set([6]) }, at(20, 12), [{ code: 'day-closed', retryAfter: 12 * 3_600 }]],
    ['six days on', { days: new Set([4]) }, at(20, 12), [{ code: 'day-closed', retryAfter: 132 * 3_600 }]],
  ];
  for (const [what, schedule, now, found] of rows) {
    const violations = judgeSchedule(factsOf({ now }, { schedule: { ...never, ...schedule } as Policy['schedule'] }));
    t.equal(violations.length, found.length, what);
    t.match(violations, found, what);
  }
  const cooldown = { schedule: { ...never, cooldownMs: 5_000 } as unknown as Policy['schedule'] };
  const pause = (lastSignedAt: number | null, transactions = 1) =>
    judgeCooldown(
      factsOf({ now: 10_000 as Millis, lastSignedAt: lastSignedAt as Millis | null, transactions }, cooldown),
    );
  t.same(pause(null), [], 'nothing signed yet');
  t.same(pause(5_000), [], 'just long enough ago');
  t.match(pause(5_001), [{ code: 'cooldown', retryAfter: 1 }]);
  t.match(pause(null, 2), [{ code: 'cooldown', detail: /one transaction/ }]);
});
