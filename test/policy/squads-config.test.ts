/** What a change of a multisig's configuration says: every action read whole, or all refused. */
import t from 'tap';
import type { ConfigAction } from '../../policy/programs/squads-config.ts';
import { decodeConfigActions } from '../../policy/programs/squads-config.ts';
import { bytesOf, littleEndian, testKey } from './messages.ts';

const u32 = (value: number) => littleEndian(BigInt(value), 4);
const [one, two] = [testKey(1), testKey(2)];
const key = (of: string) => Uint8Array.fromHex(of);
const NO_MEMO = 0;
const limit = (period: number) =>
  bytesOf(4, key(one), 3, key(two), 500n, period, u32(1), key(one), u32(2), key(one), key(two));

const rows: readonly [action: ConfigAction, bytes: Uint8Array][] = [
  [{ kind: 'addMember', member: { key: one, permissions: 7 } }, bytesOf(0, key(one), 7)],
  [{ kind: 'removeMember', member: one }, bytesOf(1, key(one))],
  [{ kind: 'changeThreshold', threshold: 0x0302 }, bytesOf(2, 2, 3)],
  [{ kind: 'setTimeLock', seconds: 86_400 }, bytesOf(3, u32(86_400))],
  [
    {
      kind: 'addSpendingLimit',
      createKey: one,
      vaultIndex: 3,
      mint: two,
      amount: 500n,
      period: 3,
      members: [one],
      destinations: [one, two],
    },
    limit(3),
  ],
  [{ kind: 'removeSpendingLimit', limit: two }, bytesOf(5, key(two))],
  [{ kind: 'setRentCollector', collector: one }, bytesOf(6, 1, key(one))],
  [{ kind: 'setRentCollector', collector: null }, bytesOf(6, 0)],
];

t.test('each action, and no part of one', async (t) => {
  for (const [action, bytes] of rows) {
    const whole = bytesOf(u32(1), bytes, NO_MEMO);
    t.strictSame(decodeConfigActions(whole), { ok: true, value: { actions: [action], memo: null } }, action.kind);
    for (let length = 0; length < whole.length; length += 1)
      t.strictSame(
        decodeConfigActions(whole.subarray(0, length)),
        { ok: false, refusal: 'the actions cannot be read to their end' },
        `${action.kind}, ${length} bytes`,
      );
    t.strictSame(decodeConfigActions(bytesOf(whole, 0)), { ok: false, refusal: 'bytes follow the memo' }, action.kind);
  }
});

t.test('several, with a memo', async (t) => {
  const memo = bytesOf(65, 66);
  const bytes = bytesOf(u32(rows.length), ...rows.map(([, action]) => action), 1, u32(2), memo);
  const actions = rows.map(([action]) => action);
  t.strictSame(decodeConfigActions(bytes), { ok: true, value: { actions, memo } });
  t.strictSame(decodeConfigActions(bytesOf(u32(0), NO_MEMO)), { ok: true, value: { actions: [], memo: null } });
});

t.test('what no action may hold', async (t) => {
  const bad: readonly [name: string, bytes: Uint8Array][] = [
    ['an action nobody knows', bytesOf(7)],
    ['a permission nobody knows', bytesOf(0, key(one), 8)],
    ['a period nobody knows', limit(4)],
  ];
  for (const [name, bytes] of bad) t.notOk(decodeConfigActions(bytesOf(u32(1), bytes, NO_MEMO)).ok, name);
});
